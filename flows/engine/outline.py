"""The outline of a version: what a later version must know of it to take its customers over.

It is small and is stored as JSON beside the version's text, so that nothing is compiled to decide who goes
over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.engine.model import Flow


@dataclass(frozen=True, slots=True)
class Leaf:
    """A state in which a conversation rests."""

    asks: str | None = None
    """Type of the variable that it asks for; None if it asks nothing."""
    awaits: bool = False
    """Whether it, or a state around it, answers what somebody with an open order waits for."""
    returns: bool = True
    """Whether rules lead from it to the flow's first state."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of one version."""

    version: str
    start: str
    """The leaf in which a new conversation starts."""
    leaves: Mapping[str, Leaf]
    """By dotted path."""
    timers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the timers of each state that has any, as written, by dotted path."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Name of each variable -> its type."""
    offered: frozenset[str] = frozenset()
    """Triggers that its buttons and rows offer."""


def outline(flow: Flow) -> Outline:
    """Return the outline of `flow`."""
    returning = _returning(flow)
    leaves = {path: _leaf(flow, path, path in returning) for path in leaves_of(flow)}
    return Outline(
        version=flow.version,
        start=flow.start,
        leaves=leaves,
        timers={p: tuple(t.name for t in state.timers) for p, state in flow.states.items() if state.timers},
        variables={name: variable.type for name, variable in flow.variables.items()},
        offered=flow.offered,
    )


def leaves_of(flow: Flow) -> list[str]:
    """Return the paths of the states in which a conversation of `flow` may rest."""
    return [path for path, state in flow.states.items() if state.leaf == path]


def awaits(flow: Flow, leaf: str) -> bool:
    """Return whether `leaf`, or a state around it, answers what somebody with an open order waits for."""
    chain = flow.states[leaf].chain
    return any(rule.owner in chain and rule.trigger in flow.vocabulary.awaited for rule in flow.rules)


def asked_type(flow: Flow, leaf: str) -> str | None:
    """Return the type of the variable that `leaf` asks for; None if it asks nothing."""
    asked = flow.states[leaf].ask
    return flow.variables[asked].type if asked else None


def _leaf(flow: Flow, path: str, returns: bool) -> Leaf:
    return Leaf(asked_type(flow, path), awaits(flow, path), returns)


def _returning(flow: Flow) -> set[str]:
    """Return the leaves from which rules lead to the first state."""
    back: dict[str, set[str]] = {}
    for leaf in leaves_of(flow):
        owners = {"", *flow.states[leaf].chain}
        for rule in flow.rules:
            if rule.target and rule.owner in owners:
                back.setdefault(flow.states[rule.target].leaf, set()).add(leaf)
    found, queue = {flow.start}, [flow.start]
    while queue:
        more = back.get(queue.pop(), set()) - found
        found |= more
        queue += more
    return found


def to_json(one: Outline) -> dict[str, Any]:
    """Return a JSON-ready dict. Inverse of `from_json`."""
    return {
        "version": one.version,
        "start": one.start,
        "leaves": {path: [leaf.asks, leaf.awaits, leaf.returns] for path, leaf in one.leaves.items()},
        "timers": {path: list(names) for path, names in one.timers.items()},
        "variables": dict(one.variables),
        "offered": sorted(one.offered),
    }


def from_json(value: Mapping[str, Any]) -> Outline:
    """Return the outline that `to_json` wrote."""
    return Outline(
        version=value["version"],
        start=value["start"],
        leaves={path: Leaf(*leaf) for path, leaf in value["leaves"].items()},
        timers={path: tuple(names) for path, names in value["timers"].items()},
        variables=value["variables"],
        offered=frozenset(value["offered"]),
    )


def understood(flow: Flow, earlier: Iterable[Outline]) -> frozenset[str]:
    """Return the triggers that only messages of `earlier` versions offer and that a tap may fire in `flow`.

    Never one that only the outside, or the engine, may fire.
    """
    offered = {trigger for one in earlier for trigger in one.offered}
    return frozenset(offered & {rule.trigger for rule in flow.rules}) - flow.offered - flow.reserved
