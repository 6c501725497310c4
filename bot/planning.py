"""What serving a flow would mean to each customer: whether they would go over to it, and where to."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.own_actions import vocabulary
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid, Issue, close
from flows.engine import migration_faults
from flows.engine.conversation import Conversation
from flows.engine.going_over import Over, Stays, misfit, ways
from flows.engine.model import Flow
from flows.engine.outline import Outline
from flows.engine.traced import said_place
from flows.language.load import load_checked
from payments.processing.conversation_data import order_key_in
from payments.processing.step_input import StepInput
from payments.processing.versions import decide_version
from payments.shop import cart as carts
from payments.shop import changes
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.orders import Lifecycle
from storage.database.records import Records
from storage.inbox import versions
from storage.inbox.versions import Serving
from storage.reports import standing

STAYING: Final = "Who stays with their version until they rest in its first state"
NOBODY_MOVES: Final = "Whom nothing moves"
CARTS_OF: Final = 7 * 86_400_000
"""Milliseconds within which a customer must have written for their cart to be looked at."""


@dataclass(slots=True)
class Group:
    """Some customers."""

    people: int = 0
    due: int = 0
    """Paise that are open in their open orders."""

    def add(self, given: StepInput) -> None:
        """Add one customer."""
        self.people += 1
        self.due += due_of(given)

    def __str__(self) -> str:
        """Return how many they are, and what is open: `2 customers, ₹30 open`."""
        due = f", {money(self.due)} open" if self.due else ""
        return f"{self.people} customer{'' if self.people == 1 else 's'}{due}"


def due_of(given: StepInput) -> int:
    """Return the paise that are open in the customer's open orders."""
    return sum(one.due for one in given.orders.values() if one.lifecycle is Lifecycle.OPEN)


@dataclass(frozen=True, slots=True)
class Move:
    """Where some go over: from a state to a state, by an entry of `migrate:` or because it is theirs."""

    state: str
    to: str
    by: str
    """Where that entry is written; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Why some stay with an earlier version."""

    version: str
    state: str
    because: str


@dataclass(frozen=True, slots=True)
class ChangedCart:
    """A cart whose goods change price."""

    owner: Conversation
    before: int
    """Paise."""
    after: int | None
    """None if something in it is no longer sold."""


@dataclass(slots=True)
class Plan:
    """What a reload would mean to the customers."""

    standing: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    """By state, of every version."""
    moves: defaultdict[Move, Group] = field(default_factory=lambda: defaultdict(Group))
    pins: defaultdict[Pin, Group] = field(default_factory=lambda: defaultdict(Group))
    stranded: defaultdict[Pin, Group] = field(default_factory=lambda: defaultdict(Group))
    """Those who would stay, and could never go over."""
    faults: list[Issue] = field(default_factory=list)
    """What is wrong with `migrate:`."""
    unknown: list[str] = field(default_factory=list)
    """States that `migrate:` names, and that no version had which was served."""
    carts: list[ChangedCart] = field(default_factory=list)
    unsearched: str = ""
    """Why no search of what may happen is worth its time; empty if one is."""

    @property
    def strands(self) -> bool:
        """Whether somebody would be stranded."""
        return bool(self.stranded or self.faults)


async def planned(records: Records, flow: Flow, now: int) -> Plan:
    """Return what it would mean to the customers in the database if `flow` were served at `now`."""
    plan, planner = Plan(), _Planner(records, flow, now)
    served = await versions.since(records.reads, 0)
    plan.unknown = [*_unknown(flow, [one.outline for one in served])]
    servings = [one for one in served if one.version != flow.version]
    for one in servings:
        counts = await versions.counted(records.reads, one.number)
        planner.outlines[one.number] = one
        planner.left[one.number] = dict(counts)
        gone = [state for state in counts if state in migration_faults.gone_from(flow, one.outline)]
        plan.faults += migration_faults.faults(flow, one.outline, gone)
        for state, people in counts.items():
            plan.standing[state].people += people
    await _count_on_it(records, plan, [one.number for one in served if one.version == flow.version])
    plan.faults = sorted(set(plan.faults))
    async for given in planner.to_decide():
        plan.standing[given.conversation.state].due += due_of(given)
        await planner.decide(plan, given)
    for number, counts in planner.left.items():
        for state, people in counts.items():
            if people > 0:
                plan.moves[_as_they_stand(flow, planner.outlines[number].outline, state)].people += people
    return plan


async def _count_on_it(records: Records, plan: Plan, numbers: Sequence[int]) -> None:
    """Add to `plan.standing` those who are on the version already, under any of its `numbers`."""
    for number in numbers:
        for state, people in (await versions.counted(records.reads, number)).items():
            plan.standing[state].people += people
    seen = set()
    async for given in standing.with_open_orders(records.reads):
        if given.version in numbers and given.conversation.id not in seen:
            seen.add(given.conversation.id)
            plan.standing[given.conversation.state].due += due_of(given)


def _unknown(flow: Flow, outlines: Sequence[Outline]) -> Iterator[str]:
    """Yield each state that `migrate:` names and that is in none of `outlines`, with its line and a mend."""
    known = sorted({leaf for one in outlines for leaf in one.leaves})
    for entry in flow.migrations:
        for source in entry.sources:
            if not any(leaf == source or leaf.startswith(f"{source}.") for leaf in known):
                mend = close(source, known)
                yield f"line {entry.rule.line}: '{source}'{f'; {mend}' if mend else ''}"


def _as_they_stand(flow: Flow, earlier: Outline, state: str) -> Move:
    leaf, _ = next(ways(flow, earlier, state))
    return Move(state, leaf, "")


class _Planner:
    """Decides about each customer for whom more than their state must be known."""

    def __init__(self, records: Records, flow: Flow, now: int) -> None:
        self._records, self._flow, self._now = records, flow, now
        self.outlines: dict[int, Serving] = {}
        self.left: dict[int, dict[str, int]] = {}
        """Customers about whom is not decided yet: by version and state."""
        self._readable: dict[int, bool] = {}

    async def to_decide(self) -> AsyncIterator[StepInput]:
        """Yield those with an open order, and those whose state is gone or does not fit."""
        seen = set()
        async for given in standing.with_open_orders(self._records.reads):
            if given.version in self.outlines and given.conversation.id not in seen:
                seen.add(given.conversation.id)
                yield given
        for number, counts in list(self.left.items()):
            for state in [state for state in counts if self._is_unsure(number, state)]:
                async for given in standing.standing(self._records.reads, number, state):
                    if given.conversation.id not in seen:
                        yield given

    def _is_unsure(self, number: int, state: str) -> bool:
        earlier = self.outlines[number].outline
        first = next(ways(self._flow, earlier, state), None)
        if first is None or first[1] is not None:
            return True
        return misfit(self._flow, earlier, state, first[0], bound=False) is not None

    async def decide(self, plan: Plan, given: StepInput) -> None:
        """Add the customer of `given` to `plan`."""
        number, state = given.version, given.conversation.state
        assert number is not None
        earlier = self.outlines[number].outline
        self.left[number][state] = self.left[number].get(state, 0) - 1
        found = decide_version(self._flow, earlier, given, self._now)
        if isinstance(found, Over):
            by = said_place(found.trace) if "line" in found.trace else ""
            plan.moves[Move(state, found.conversation.state, by)].add(given)
            return
        pin = Pin(earlier.version, state, found.because)
        lost = await self._is_lost(number, earlier, found, state)
        (plan.stranded if lost else plan.pins)[pin].add(given)

    async def _is_lost(self, number: int, earlier: Outline, found: Stays, state: str) -> bool:
        if number not in self._readable:
            texts = await versions.texts(self._records.reads, number)
            self._readable[number] = await asyncio.to_thread(_can_read, texts)
        return not self._readable[number] or bool(
            list(migration_faults.stranded(self._flow, earlier, [state]))
        )


def _can_read(texts: Mapping[str, str]) -> bool:
    try:
        load_checked(texts, vocabulary(), limits=LIMITS)
    except FlowInvalid:
        return False
    return True


def staying(plan: Plan) -> Iterator[str]:
    """Yield lines about those who would stay with their version for some time."""
    yield from listed(STAYING, pinned(plan.pins))


def stranded(plan: Plan) -> Iterator[str]:
    """Yield lines about those who would be stranded, and what is wrong with `migrate:`."""
    yield from listed(NOBODY_MOVES, pinned(plan.stranded))
    if plan.faults:
        yield ""
        yield from (line for issue in plan.faults for line in str(issue).splitlines())


def pinned(pins: Mapping[Pin, Group]) -> list[str]:
    """Return a line for each of `pins`: where they stand, why they stay, and how many."""
    return named({f"{pin.state}, version {pin.version}: {pin.because}": one for pin, one in pins.items()})


def people(pins: Mapping[Pin, Group]) -> int:
    """Return how many customers stay."""
    return sum(group.people for group in pins.values())


def named(groups: Mapping[str, Group]) -> list[str]:
    """Return a line for each group by its name."""
    return [f"{name}: {group}" for name, group in sorted(groups.items())]


def listed(head: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield an empty line, `head`, and `lines` below it; nothing if there are none."""
    if lines:
        yield ""
        yield head
        yield from (f"  {line}" for line in lines)


async def changed_carts(records: Records, old: Shop, new: Shop, now: int) -> AsyncIterator[ChangedCart]:
    """Yield each cart whose goods change price, of those who wrote lately.

    What a cart holds of an open order is left out: that was placed at its price.
    """
    if not [*changes.prices(old, new)]:
        return
    placed = {
        given.conversation.id: _placed(given) async for given in standing.with_open_orders(records.reads)
    }
    async for one in standing.heard_since(records.reads, now - CARTS_OF):
        cart = carts.without(carts.from_json(one.data.get("cart", ())), placed.get(one.id, {}))
        before, after = changes.goods(old, cart), changes.goods(new, cart)
        if before is not None and before != after:
            yield ChangedCart(one, before, after)


def _placed(given: StepInput) -> Mapping[str, int]:
    """Return what the customer's current order holds, if it is open: sku -> quantity."""
    current = given.orders.get(order_key_in(given.conversation.data) or "")
    if current is None or current.lifecycle is not Lifecycle.OPEN:
        return {}
    return {line.sku: line.quantity for line in current.order.lines}
