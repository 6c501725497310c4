"""Munshi's side of the search: each answer of the real step is computed once and remembered.

Standings, sets of timers and effects are interned: the search holds small numbers. What Munshi answers
depends on the standing and the event alone; its running timers are kept apart, so that two places that differ
in timers share their answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.model import Flow
from flows.messages.kinds import Payment
from payments.ledger.calls import Call
from payments.ledger.state import OrderState
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, values
from payments.processing.memory import MemoryStore
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.prover.alike import alike
from payments.prover.clock import NOW
from payments.prover.reads import Read, Reads
from payments.prover.standing import ASKED, EVENT, FRESH, ID, Standing, canonical, clocks
from payments.prover.standings import Standings, Table
from payments.prover.timers import QUIET, Running, Timer, Timers
from payments.shop.catalogue import Shop
from payments.shop.handover import HandoverCheck, check_to_json
from payments.shop.orders import AttemptStatus
from payments.truths.broken import Broken, Name
from payments.truths.judge import confirmations, judge
from payments.truths.watched import watched

PLANNED: Final = AttemptStatus.PLANNED
PHONE: Final = "919800000001"
NAME: Final = "Asha"
_SHARED: Final = frozenset({EventKind.CHAT, EventKind.TIMER, EventKind.HANDOVER})
"""Kinds of events that mostly leave the orders as they are: their answers are shared."""


class Event(NamedTuple):
    """One event for Munshi."""

    key: str
    """Tells it from every other event."""
    kind: EventKind
    body: dict[str, Any]


class Shown(NamedTuple):
    """A card that the customer was shown, and can pay."""

    reference: str
    amount: int
    expires: int
    """Milliseconds from now."""


class Effect(NamedTuple):
    """What one step did beside the standing."""

    calls: tuple[Call, ...] = ()
    running: int = 0
    """Number of what it did with timers."""
    without_template: tuple[str, ...] = ()
    spoke: bool = False
    """Whether the customer heard something."""
    shows: frozenset[str] = frozenset()
    """Addresses of payment links in what was said. A card stays in the chat."""
    cards: tuple[Shown, ...] = ()
    """Cards that the customer was shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Munshi answers to one event in one standing, as numbers, and what is wrong with it."""

    standing: int
    effect: int
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shared:
    """An answer of all standings that agree on what its step read, and whose orders it left alone."""

    conversation: Conversation
    effect: int
    broken: tuple[Broken, ...]


@dataclass(slots=True)
class _Known:
    """The shared answers to one event in one chat whose steps read the same."""

    reads: tuple[Read, ...]
    answers: dict[tuple[int, ...], _Shared] = field(default_factory=dict)
    """By the numbers of the values that were read."""


_Place: TypeAlias = tuple[int, int, str]
"""What tells the steps of one event apart, beside the content of orders: chat, rest and event."""


class Munshi:
    """Answers events on the real engine, and remembers the answers."""

    def __init__(self, flow: Flow) -> None:
        self._watched = watched(flow)
        self.flow = self._watched.flow
        self.shop: Shop = flow.sections["shop"]
        self.quiet = NOW - self.shop.handover.quiet
        """When a hand-over began that nobody wrote in since."""
        self.standings, self.timers = Standings(), Timers()
        self.effects: Table[Effect] = Table()
        self.steps = 0
        """Calls of the real step."""
        self._answers: dict[tuple[int, str], Answer] = {}
        self._shared: dict[_Place, list[_Known]] = {}
        self._reads = Reads()
        self._read: dict[tuple[int, str], int] = {}
        self._values: Table[str] = Table()
        self._alike, self._sure = alike(flow), confirmations(flow)
        self._later: dict[tuple[int, frozenset[str]], int] = {}

    def number(self, standing: Standing) -> int:
        """Return the number of a canonical standing."""
        return self.standings.number(standing)

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
            found = self._known(standing, event) if event.kind in _SHARED else None
            known = found or self._answer(standing, event)
            self._answers[standing, event.key] = known
        return known

    def _answer(self, number: int, event: Event) -> Answer:
        before, shared = self.standings.values[number], event.kind in _SHARED
        self._watched.take()
        orders = self._reads.noting(before.orders) if shared else before.orders
        given, after, changes = self.step(replace(before, orders=orders), event.kind, event.body)
        verdict = judge(self._sure, given, changes, after.orders, before.confirmed)
        broken = [*verdict.broken, *self._watched.take()]
        if not broken and self._watched.moments:
            broken += self._watched.now(self.given(after, given.events[0]), NOW)
        same = _is_same(after, before, orders, verdict.confirmed)
        plain = before.orders if same else {key: self._reads.plain(one) for key, one in after.orders.items()}
        after = replace(after, confirmed=verdict.confirmed, orders=plain)
        effect = self.effects.number(self._effect(before, after, changes, verdict.without_template, same))
        ends = self.canonical(after)
        if shared and same:
            return self._share(number, event, _Shared(ends.conversation, effect, tuple(broken)))
        answer = Answer(self.number(ends), effect, tuple(broken))
        return replace(answer, broken=self._twice(answer, event)) if not broken else answer

    # Answers that standings share

    def _share(self, standing: int, event: Event, shared: _Shared) -> Answer:
        """Remember an answer for all standings that agree with this one on what was just read."""
        reads = tuple(self._reads.found)
        known = self._shared.setdefault(self._place(standing, event), [])
        alike = next((one for one in known if one.reads == reads), None)
        if alike is None:
            alike = _Known(reads)
            known.append(alike)
        alike.answers[self._values_of(standing, reads)] = shared
        return self._shared_with(standing, shared)

    def _known(self, standing: int, event: Event) -> Answer | None:
        """Return the answer that another standing shares with this one, or None."""
        for known in self._shared.get(self._place(standing, event), ()):
            shared = known.answers.get(self._values_of(standing, known.reads))
            if shared is not None:
                return self._shared_with(standing, shared)
        return None

    def _place(self, standing: int, event: Event) -> _Place:
        return (self.standings.chats[standing], self.standings.rests[standing], event.key)

    def _shared_with(self, standing: int, shared: _Shared) -> Answer:
        after = self.standings.with_chat(standing, shared.conversation)
        return Answer(after, shared.effect, shared.broken)

    def _values_of(self, standing: int, reads: tuple[Read, ...]) -> tuple[int, ...]:
        """Return the numbers of the values that these reads give in a standing."""
        keys = sorted(self.standings.values[standing].orders)
        numbers = dict(zip(keys, self.standings.orders[standing], strict=True))
        return tuple(self._value(numbers[key], name) for key, name in reads)

    def _value(self, order: int, name: str) -> int:
        known = self._read.get((order, name))
        if known is None:
            value = repr(getattr(self.standings.known_orders.values[order], name))
            known = self._read[order, name] = self._values.number(value)
        return known

    def _twice(self, answer: Answer, event: Event) -> tuple[Broken, ...]:
        """Return what is wrong if a webhook that comes again changes or says anything."""
        if event.kind is not EventKind.FACTS:
            return ()
        _, after, changes = self.step(self.standings.values[answer.standing], event.kind, event.body)
        self._watched.take()
        same = self.number(self.canonical(after)) == answer.standing
        if same and not changes.messages and not changes.calls:
            return ()
        said = ", ".join(say.name for say in values(changes.messages)) or "nothing"
        return (Broken(Name.NOT_TWICE, f"the second time it says {said}, and something changes"),)

    def _effect(
        self,
        before: Standing,
        after: Standing,
        changes: ChangeSet,
        untemplated: tuple[str, ...],
        same_orders: bool,
    ) -> Effect:
        urls = [a.short_url for state in after.orders.values() for a in state.attempts if a.short_url]
        shown = [replace(say.message, fallback=None) for say in values(changes.messages)] if urls else []
        said = repr(shown)
        return Effect(
            tuple(values(changes.calls)),
            self.timers.running.number(self._running(before, after, changes, same_orders)),
            untemplated,
            bool(changes.messages),
            frozenset(url for url in urls if url in said),
            tuple(_cards(changes)),
        )

    # Time

    def _running(self, before: Standing, after: Standing, changes: ChangeSet, same_orders: bool) -> Running:
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
        if same_orders:
            ran, runs = _of_chat(ran), _of_chat(runs)
        anew = {f"{name} {one}" for one in _asked_anew(before, after) for name in ("nearly", "over")}
        kept |= (ran.keys() & runs.keys()) - anew
        started += [Timer(due, "", name) for name, due in runs.items() if name not in kept]
        return Running(tuple(started), frozenset(kept), same_orders)

    def later(self, standing: int, timers: int, passed: int) -> tuple[int, int]:
        """Return standing and timers `passed` milliseconds later. Clocks that run out change the standing."""
        left, over = self.timers.later(timers, passed)
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


def _cards(changes: ChangeSet) -> Iterator[Shown]:
    for say in values(changes.messages):
        if isinstance(say.message, Payment) and say.message.bill:
            bill = say.message.bill
            yield Shown(bill.reference, bill.total, bill.expires_at - NOW)


def _is_same(
    after: Standing, before: Standing, orders: Mapping[str, OrderState], confirmed: frozenset[str]
) -> bool:
    """Return whether a step left everything but the conversation as it was. `orders`: those it was given."""
    rest = (after.left, after.taken, after.next_number, confirmed)
    if rest != (before.left, before.taken, before.next_number, before.confirmed):
        return False
    return len(after.orders) == len(orders) and all(after.orders[key] is one for key, one in orders.items())


def _of_chat(running: Mapping[str, int]) -> dict[str, int]:
    return {name: due for name, due in running.items() if name == ASKED}


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
