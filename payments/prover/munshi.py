"""Munshi's side of the search: each answer of the real step is computed once and remembered.

Standings, sets of timers and effects are interned: the search holds small numbers. What Munshi answers
depends on the standing and the event alone; its running timers are kept apart, so that two places that differ
in timers share their answers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, NamedTuple, TypeVar

from flows.engine import events
from flows.engine.model import Flow
from payments.ledger.calls import Call
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, values
from payments.processing.memory import MemoryStore
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.prover.alike import alike
from payments.prover.clock import NOW, less
from payments.prover.standing import ASKED, EVENT, FRESH, ID, Standing, canonical, clocks
from payments.shop.catalogue import Shop
from payments.shop.handover import HandoverCheck, check_to_json
from payments.shop.orders import AttemptStatus
from payments.truths.broken import Broken, Name
from payments.truths.judge import confirmations, judge
from payments.truths.watched import watched

T = TypeVar("T")

PLANNED: Final = AttemptStatus.PLANNED
PHONE: Final = "919800000001"
NAME: Final = "Asha"


class Event(NamedTuple):
    """One event for Munshi."""

    key: str
    """Tells it from every other event."""
    kind: EventKind
    body: dict[str, Any]


class Timer(NamedTuple):
    """A running timer of a state that the customer is in, the check of a hand-over, or a clock."""

    due: int
    """Milliseconds from now."""
    state: str
    """Empty of all but the timers of states."""
    name: str

    @property
    def is_clock(self) -> bool:
        """Whether nothing fires when it runs out; only what rules see becomes different."""
        return not self.state and self.name != QUIET


QUIET: Final = "quiet"
"""Name of the check whether a hand-over is over."""


class Effect(NamedTuple):
    """What one step did beside the standing."""

    calls: tuple[Call, ...] = ()
    started: tuple[Timer, ...] = ()
    kept: frozenset[str] = frozenset()
    """States whose visit goes on, and with them their timers; and the clocks that run on."""
    without_template: tuple[str, ...] = ()
    spoke: bool = False
    """Whether the customer heard something."""
    shows: frozenset[str] = frozenset()
    """Addresses of payment links in what was said."""


class Table(Generic[T]):
    """Gives equal values one small number."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[object, int] = {}

    def number(self, value: T, key: object = None) -> int:
        """Return the number of `value`. `key` stands for values that have no hash."""
        key = value if key is None else key
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.values)
            self.values.append(value)
        return known

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Munshi answers to one event in one standing, as numbers, and what is wrong with it."""

    standing: int
    effect: int
    broken: tuple[Broken, ...] = ()


class Munshi:
    """Answers events on the real engine, and remembers the answers."""

    def __init__(self, flow: Flow) -> None:
        self._watched = watched(flow)
        self.flow = self._watched.flow
        self.shop: Shop = flow.sections["shop"]
        self.quiet = NOW - self.shop.handover.quiet
        """When a hand-over began that nobody wrote in since."""
        self.standings: Table[Standing] = Table()
        self.timers: Table[tuple[Timer, ...]] = Table()
        self.effects: Table[Effect] = Table()
        self.steps = 0
        """Calls of the real step."""
        self._answers: dict[tuple[int, str], Answer] = {}
        self._alike, self._sure = alike(flow), confirmations(flow)
        self._later: dict[tuple[int, frozenset[str]], int] = {}
        self._later_timers: dict[tuple[int, int], tuple[int, frozenset[str]]] = {}
        self._after: dict[tuple[int, int], int] = {}
        self.nothing = self.timers.number(())

    def number(self, standing: Standing) -> int:
        """Return the number of a canonical standing."""
        return self.standings.number(standing, standing.key)

    def canonical(self, standing: Standing) -> Standing:
        """Return the standing in canonical form."""
        return canonical(standing, self.shop, self._alike)

    def given(self, standing: Standing, event: InboxEvent) -> StepInput:
        """Return what the step of `event` is given."""
        return _store(standing).given(ID, [event])

    def step(
        self, standing: Standing, kind: EventKind, body: dict[str, Any]
    ) -> tuple[StepInput, Standing, ChangeSet]:
        """Run the real step.

        Return its input, the standing after it, which is not yet in canonical form, and what it changed.
        """
        store = _store(standing)
        given = store.given(ID, [InboxEvent(EVENT, kind, body, NOW)])
        changes = advance(self.flow, given, NOW)
        self.steps += 1
        store.save(changes)
        after = replace(
            standing,
            conversation=store.conversations[ID],
            orders=store.orders,
            left=store.left,
            taken=store.taken,
            next_number=store.next_number,
        )
        return given, after, changes

    def answer(self, standing: int, event: Event) -> Answer:
        """Return what Munshi answers to an event."""
        known = self._answers.get((standing, event.key))
        if known is None:
            known = self._answers[standing, event.key] = self._answer(standing, event.kind, event.body)
        return known

    def _answer(self, number: int, kind: EventKind, body: dict[str, Any]) -> Answer:
        before = self.standings.values[number]
        self._watched.take()
        given, after, changes = self.step(before, kind, body)
        verdict = judge(self._sure, given, changes, after.orders, before.confirmed)
        after = replace(after, confirmed=verdict.confirmed)
        effect = self.effects.number(self._effect(before, after, changes, verdict.without_template))
        ends = self.canonical(after)
        broken = [*verdict.broken, *self._watched.take()]
        if not broken and self._watched.moments:
            broken += self._watched.now(self.given(ends, given.events[0]), NOW)
        answer = Answer(self.number(ends), effect, tuple(broken))
        return replace(answer, broken=self._twice(answer, kind, body)) if not broken else answer

    def _twice(self, answer: Answer, kind: EventKind, body: dict[str, Any]) -> tuple[Broken, ...]:
        """Return what is wrong if a webhook that comes again changes or says anything."""
        if kind is not EventKind.FACTS:
            return ()
        _, after, changes = self.step(self.standings.values[answer.standing], kind, body)
        self._watched.take()
        same = self.canonical(after).key == self.standings.values[answer.standing].key
        if same and not changes.messages and not changes.calls:
            return ()
        said = ", ".join(say.name for say in values(changes.messages)) or "nothing"
        return (Broken(Name.NOT_TWICE, f"the second time it says {said}, and something changes"),)

    def _effect(
        self, before: Standing, after: Standing, changes: ChangeSet, untemplated: tuple[str, ...]
    ) -> Effect:
        kept, started = self._running(before, after, changes)
        urls = [a.short_url for state in after.orders.values() for a in state.attempts if a.short_url]
        shown = [replace(say.message, fallback=None) for say in values(changes.messages)] if urls else []
        said = repr(shown)
        return Effect(
            tuple(values(changes.calls)),
            started,
            kept,
            untemplated,
            bool(changes.messages),
            frozenset(url for url in urls if url in said),
        )

    # Time

    def _running(
        self, before: Standing, after: Standing, changes: ChangeSet
    ) -> tuple[frozenset[str], tuple[Timer, ...]]:
        """Return what runs on after a step, and what it started."""
        visits = dict(zip(_chain(after.conversation.state), after.conversation.visits, strict=True))
        was = dict(zip(_chain(before.conversation.state), before.conversation.visits, strict=True))
        kept = {state for state, visit in visits.items() if was.get(state) == visit}
        started = [
            Timer(one.due - NOW, one.state, one.timer)
            for one in changes.timers
            if visits.get(one.state) == one.visit
        ]
        if after.conversation.data.get("handover"):
            kept |= set() if changes.checks else {QUIET}
            started += [Timer(self.shop.handover.quiet, "", QUIET) for _ in changes.checks]
        ran, runs = clocks(before, self.shop), clocks(after, self.shop)
        anew = {f"{name} {one}" for one in _asked_anew(before, after) for name in ("nearly", "over")}
        kept |= (ran.keys() & runs.keys()) - anew
        started += [Timer(due, "", name) for name, due in runs.items() if name not in kept]
        return frozenset(kept), tuple(started)

    def timers_after(self, timers: int, effect: int) -> int:
        """Return the timers that run after a step with this effect."""
        known = self._after.get((timers, effect))
        if known is None:
            done = self.effects.values[effect]
            running = [one for one in self.timers.values[timers] if (one.state or one.name) in done.kept]
            known = self._after[timers, effect] = self._timers([*running, *done.started])
        return known

    def without(self, timers: int, timer: Timer) -> int:
        """Return the timers without this one, which is being handled."""
        return self._timers(one for one in self.timers.values[timers] if one != timer)

    def _timers(self, timers: Iterable[Timer]) -> int:
        return self.timers.number(tuple(sorted(set(timers))))

    def due(self, timers: int) -> list[Timer]:
        """Return the timers that have run out."""
        return [one for one in self.timers.values[timers] if one.due <= 0]

    def next(self, timers: int) -> int | None:
        """Return the milliseconds until the next timer or clock runs out; None if none runs."""
        return next((one.due for one in self.timers.values[timers] if one.name != ASKED), None)

    def later(self, standing: int, timers: int, passed: int) -> tuple[int, int]:
        """Return standing and timers `passed` milliseconds later. Clocks that run out change the standing."""
        known = self._later_timers.get((timers, passed))
        if known is None:
            moved = [one._replace(due=less(one.due, passed)) for one in self.timers.values[timers]]
            over = frozenset(one.name for one in moved if one.is_clock and (not one.due or one.name == ASKED))
            left = self._timers(one for one in moved if not (one.is_clock and one.name in over))
            known = self._later_timers[timers, passed] = (left, over)
        left, over = known
        if not over:
            return standing, left
        after = self._later.get((standing, over))
        if after is None:
            now = canonical(self.standings.values[standing], self.shop, self._alike, over)
            after = self._later[standing, over] = self.number(now)
        return after, left

    def sold_out(self, standing: int) -> int:
        """Return the standing after others have bought all that is counted."""
        now = self.standings.values[standing]
        return self.number(replace(now, left=dict.fromkeys(now.left, 0)))


def timer_event(timer: Timer, quiet: int) -> Event:
    """Return the event of a timer that has run out. `quiet`: when a hand-over began that is quiet now."""
    if not timer.state:
        check = check_to_json(HandoverCheck(quiet, NOW))
        return Event(QUIET, EventKind.HANDOVER, dict(check))
    due = events.TimerDue(timer.state, timer.name, FRESH, NOW)
    return Event(f"after {timer.name} in {timer.state}", EventKind.TIMER, events.to_json(due))


def _store(standing: Standing) -> MemoryStore:
    return MemoryStore(
        standing.left,
        standing.taken,
        standing.next_number,
        conversations={ID: standing.conversation},
        orders=dict(standing.orders),
        phones={ID: PHONE},
        heard={ID: NOW},
    )


def _asked_anew(before: Standing, after: Standing) -> Iterator[str]:
    """Yield the reference ids of links that are only now asked for: their time begins anew."""
    for key, state in after.orders.items():
        known = before.orders.get(key)
        planned = {a.reference_id: a for a in known.attempts if a.status is PLANNED} if known else {}
        yield from (
            a.reference_id for a in state.attempts if a.reference_id in planned and a.status is not PLANNED
        )


def _chain(state: str) -> list[str]:
    names = state.split(".") if state else []
    return [".".join(names[: index + 1]) for index in range(len(names))]
