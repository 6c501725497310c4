"""Take a conversation over from an earlier version of the flow to this one, at its next event. Pure.

    go_over(flow, earlier, conversation, now, bound=…, host=…) -> Over | Stays

It goes over if its state still exists, or `migrate:` maps it, and fits: the new state asks for the same type
of variable, or for nothing, and no open order loses the states that wait for its payment. It goes over to
the first state if it rests in the first state of the earlier version. Otherwise it stays with that version,
and the same is asked at its next event.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

from flows.document.errors import StepFailed
from flows.engine.conversation import CarriedTimer, Conversation
from flows.engine.effects import StartTimer
from flows.engine.model import Flow, Migration
from flows.engine.outline import Leaf, Outline, asked_type, awaits
from flows.engine.running_step import RunningStep
from flows.engine.traced import place_of, said_place
from flows.engine.variables import Variable, parse

UNKNOWN: Final = Leaf()
VERSION: Final = "version"
"""The `event` of the trace's entry about it."""


@dataclass(frozen=True, slots=True)
class Over:
    """The conversation goes over."""

    conversation: Conversation
    timers: tuple[StartTimer, ...]
    """Timers that only this version has: they run from now."""
    trace: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stays:
    """The conversation stays with the earlier version."""

    because: str
    trace: Mapping[str, Any]


def go_over(
    flow: Flow, earlier: Outline, conversation: Conversation, now: int, *, bound: bool, host: Any = None
) -> Over | Stays:
    """Decide whether `conversation`, which rests in a state of `earlier`, goes over to `flow` at `now`.

    `now` is in milliseconds since 1970, UTC. `bound`: whether it has an open order. `host` is the host's own
    value, for the guards of `migrate:`.
    """
    here = conversation.state
    entry = {"event": VERSION, "state": here, "from": earlier.version, "to": flow.version}
    reasons: list[str] = []
    for leaf, migration in ways(flow, earlier, here):
        if migration and (because := _passed(flow, migration, _placed(conversation, flow, leaf), now, host)):
            reasons.append(because)
        elif because := misfit(flow, earlier, here, leaf, bound=bound):
            reasons.append(because)
            break
        else:
            return _taken(flow, earlier, conversation, leaf, migration, now, host, entry)
    because = "; ".join(reasons) or f"'{here}' is gone, and no entry of 'migrate' takes it"
    return Stays(because, {**entry, "stays": because})


def ways(flow: Flow, earlier: Outline, here: str) -> Iterator[tuple[str, Migration | None]]:
    """Yield the leaves to which the state `here` may lead, each with the entry of `migrate:` that says so."""
    state = flow.states.get(here)
    if state is not None and state.leaf == here:
        yield here, None
        return
    for migration in flow.migrations:
        if migration.takes(here):
            yield leads_to(flow, migration, here), migration
    if here == earlier.start:
        yield flow.start, None


def leads_to(flow: Flow, migration: Migration, here: str) -> str:
    """Return the leaf where an entry of `migrate:` leads those who stand in `here`.

    From group to group it leads to the state of the same name within, if there is one.
    """
    target = migration.rule.target or flow.start
    for source in migration.sources:
        inner = flow.states.get(f"{target}{here.removeprefix(source)}")
        if here.startswith(f"{source}.") and inner is not None and inner.leaf == inner.path:
            return inner.path
    return flow.states[target].leaf


def _passed(flow: Flow, migration: Migration, placed: Conversation, now: int, host: Any) -> str | None:
    """Return why an entry of `migrate:` does not take the conversation; None if it does."""
    guard = migration.rule.guard
    try:
        if guard is None or guard.value(RunningStep(flow, placed, now, 0, host).context()):
            return None
    except StepFailed as failed:
        return f"{said_place(place_of(migration.rule))}: {failed}"
    return f"{said_place(place_of(migration.rule))}: not {guard.source}"


def misfit(flow: Flow, earlier: Outline, here: str, leaf: str, *, bound: bool) -> str | None:
    """Return why a conversation in the state `here` does not fit into `leaf`; None if it does."""
    old, asks = earlier.leaves.get(here, UNKNOWN), asked_type(flow, leaf)
    anew = here == earlier.start and leaf == flow.start
    if asks is not None and asks != old.asks and not anew:
        asked = f"asked for {old.asks}" if old.asks else "asked nothing"
        return f"'{leaf}' asks for {asks}, and '{here}' {asked}"
    if bound and old.awaits and leaf != here and not awaits(flow, leaf):
        return f"an order is open, and '{leaf}' does not wait for its payment"
    if bound and (lost := states_lost(flow, earlier)):
        return f"an order is open, and its states are gone: {', '.join(lost)}"
    return None


def states_lost(flow: Flow, earlier: Outline) -> list[str]:
    """Return the states of `earlier` that wait for an order's payment and lead to no such state of `flow`."""
    return [
        path
        for path, leaf in earlier.leaves.items()
        if leaf.awaits and not any(to == path or awaits(flow, to) for to, _ in ways(flow, earlier, path))
    ]


def _taken(
    flow: Flow,
    earlier: Outline,
    conversation: Conversation,
    leaf: str,
    migration: Migration | None,
    now: int,
    host: Any,
    entry: dict[str, Any],
) -> Over:
    moved = _placed(conversation, flow, leaf)
    if earlier.leaves.get(conversation.state, UNKNOWN).asks != asked_type(flow, leaf):
        moved = replace(moved, choices=())  # a number that answered the question must choose nothing
    carried, started = _timers(flow, earlier, conversation, moved, now)
    variables = _fitting(conversation.variables, earlier.variables, flow.variables)
    moved = replace(moved, carried=carried, variables=variables)
    if leaf != conversation.state:
        entry["entered"] = [leaf]
    if migration is not None:
        entry |= place_of(migration.rule)
        running = RunningStep(flow, moved, now, 0, host)
        running.act(migration.rule, entry)
        moved = running.conversation()
    return Over(moved, tuple(started), entry)


def _placed(conversation: Conversation, flow: Flow, leaf: str) -> Conversation:
    """Return `conversation` in `leaf`. Its visits go on, so that buttons stay fresh and timers run."""
    chain, language = flow.states[leaf].chain, conversation.language
    kept = conversation.visits[: len(chain)]
    if leaf != conversation.state:
        kept = conversation.visits[: _shared(conversation.state, leaf)]
    visits = (*kept, *(conversation.visit,) * (len(chain) - len(kept)))
    language = language if language in flow.languages else flow.languages[0]
    return replace(conversation, state=leaf, visits=visits, language=language)


def _shared(path: str, other: str) -> int:
    """Return the number of outer states that two paths have in common."""
    shared = 0
    for one, another in zip(path.split("."), other.split("."), strict=False):
        if one != another:
            break
        shared += 1
    return shared


def _timers(
    flow: Flow, earlier: Outline, before: Conversation, after: Conversation, now: int
) -> tuple[tuple[CarriedTimer, ...], list[StartTimer]]:
    """Return the timers that go on under another name, and those that only this version has, started."""
    carried: list[CarriedTimer] = []
    started: list[StartTimer] = []
    for old, new, visit in _pairs(before, after):
        had = earlier.timers.get(old, ()) if old else ()
        timers = {timer.name: timer for timer in flow.states[new].timers}
        left = [name for name in had if name not in timers]
        fresh = [name for name in timers if name not in had]
        names = {name: name for name in had if name in timers} | dict(zip(left, fresh, strict=False))
        for name, now_called in names.items():
            for origin in _origins(before, old or "", name, visit):
                if (origin[0], origin[1]) != (new, now_called):
                    carried.append(CarriedTimer(*origin, visit, new, now_called))
        for name in fresh[len(left) :]:
            started.append(StartTimer(new, name, visit, now + timers[name].after))
    return tuple(carried), started


def _pairs(before: Conversation, after: Conversation) -> Iterator[tuple[str | None, str, int]]:
    """Yield (the state's old path or None, its new path, its visit) of each state around the conversation."""
    old, new = _chain(before.state), _chain(after.state)
    shared = len(new) if before.state == after.state else _shared(before.state, after.state)
    for path, visit in zip(new[:shared], after.visits, strict=False):
        yield path, path, visit
    # The innermost state goes on as the innermost.
    for one, path in zip_longest(old[shared:][::-1], new[shared:][::-1]):
        if path is not None:
            yield one, path, before.visit


def _chain(path: str) -> Sequence[str]:
    names = path.split(".")
    return [".".join(names[: n + 1]) for n in range(len(names))]


def _origins(before: Conversation, state: str, timer: str, visit: int) -> list[tuple[str, str]]:
    """Return the names under which a timer of the earlier version was started: another, or its own."""
    renamed = [
        (one.state, one.timer)
        for one in before.carried
        if (one.state_now, one.timer_now, one.visit) == (state, timer, visit)
    ]
    return renamed or [(state, timer)]


def _fitting(
    values: Mapping[str, Any], types: Mapping[str, str], variables: Mapping[str, Variable]
) -> Mapping[str, Any]:
    """Return `values` without those that are none for their variable any more, because its type changed."""
    changed = [n for n in values if n in variables and n in types and variables[n].type != types[n]]
    if not changed:
        return values
    anew = {name: parse(variables[name], str(values[name])) for name in changed}
    return {n: anew.get(n, value) for n, value in values.items() if anew.get(n, value) is not None}
