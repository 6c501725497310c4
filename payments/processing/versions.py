"""Step a customer with the version of the flow that is theirs. Pure.

The version that is served is everybody's, but for those who can't go over to it yet: they stay with the
version that they stand on, over the shop as it is now.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from flows.engine.going_over import Over, Stays, go_over
from flows.engine.model import Flow
from flows.engine.outline import Outline
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.processing.turn import begin
from payments.shop.orders import Lifecycle


class NotReady(Exception):
    """A step needs version `number`, which this process has not loaded yet. Its events stay due."""

    def __init__(self, number: int) -> None:
        super().__init__(f"version {number} of the flow is not loaded")
        self.number = number


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of the flow that a process knows. Each has a number, which grows with each reload."""

    served: Flow
    number: int | None = None
    """Number of the served version; None if versions are not counted, as in a simulated chat."""
    earlier: Mapping[int, Outline] = field(default_factory=dict)
    """Outlines of the versions that were served before."""
    pinned: Mapping[int, Flow] = field(default_factory=dict)
    """Those of them that are loaded, over the shop of the served version."""
    unreadable: Set[int] = frozenset()
    """Those of them that this program can't read any more."""


def advance_on(versions: Versions, given: StepInput, now: int) -> ChangeSet:
    """Return what the events of `given` change at `now`, with the version that is the customer's.

    Raises NotReady, and nothing else.
    """
    theirs = given.version
    if theirs == versions.number:
        return advance(versions.served, given, now)
    if theirs is not None and (versions.number is None or theirs > versions.number):
        raise NotReady(theirs)
    earlier = None if theirs is None else versions.earlier.get(theirs)
    if theirs is None or earlier is None or not given.conversation.state:
        return _served(versions, given, now)
    found = decide_version(versions.served, earlier, given, now)
    if isinstance(found, Over):
        changes = _served(versions, given._replace(conversation=found.conversation), now)
        changes.timers = [*found.timers, *changes.timers]
    elif theirs in versions.unreadable:
        changes = _served(versions, given, now)
        return _told(changes, {**found.trace, "unreadable": True})
    elif (flow := versions.pinned.get(theirs)) is not None:
        changes = advance(flow, given, now)
    else:
        raise NotReady(theirs)
    return _told(changes, found.trace)


def decide_version(served: Flow, earlier: Outline, given: StepInput, now: int) -> Over | Stays:
    """Decide whether the customer of `given`, who stands on `earlier`, goes over to `served`."""
    host = begin(served, given, now).shop
    bound = any(one.lifecycle is Lifecycle.OPEN for one in given.orders.values())
    return go_over(served, earlier, given.conversation, now, bound=bound, host=host)


def _served(versions: Versions, given: StepInput, now: int) -> ChangeSet:
    changes = advance(versions.served, given, now)
    changes.version = versions.number
    return changes


def _told(changes: ChangeSet, entry: Mapping[str, Any]) -> ChangeSet:
    """Put `entry` before the trace of the first event."""
    first, *rest = changes.results
    changes.results = [replace(first, trace=(entry, *first.trace)), *rest]
    return changes
