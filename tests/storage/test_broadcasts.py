"""Broadcasts on both databases: each customer once, batch by batch, and a stop that comes first wins."""

import asyncio
import itertools
from collections.abc import Sequence
from functools import partial
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.processing.advance import advance
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.queues import Lane
from storage.database.transaction import Transaction
from storage.inbox import broadcasts
from storage.inbox.arrival import Arrival
from storage.inbox.broadcasts import BATCH, GAP, ROOM, Audience
from storage.operations import epochs
from storage.outbox.deliveries import Done
from tests.databases import made
from tests.payments.shops_with_staff import MEENA, flow_of
from tests.storage.handwritten_rows import open_store, run_sql

NOW: Final = 1_790_000_000_000
DAY: Final = 86_400_000
_numbers = itertools.count(1)


class Killed(Exception):
    """The process dies before its transaction is committed."""


def phone(customer: int) -> str:
    return f"91980{customer:07}"


async def write(store: Store, customer: int, text: str, now: int = NOW) -> None:
    body = {"event": {"kind": "text", "text": text}}
    key = f"m{next(_numbers)}"
    await store.arrive([Arrival(key, EventKind.CHAT, body, aliases=(("phone", phone(customer)),))], now)


async def act(store: Store, customer: int, verb: str, value: str = "") -> None:
    body = staff_action_to_json(StaffAction("", "Meena", verb, value))
    key = f"s{next(_numbers)}"
    await store.arrive([Arrival(key, EventKind.STAFF, body, aliases=(("phone", phone(customer)),))], NOW)


async def step(store: Store, now: int = NOW) -> None:
    while await store.advance_due(partial(advance, flow_of(MEENA), now=now), now):
        pass


async def rows(store: Store, sql: str) -> list[dict[str, object]]:
    return await store._units.read(lambda tx: tx.fetch(sql))


async def got(store: Store, name: str = "sale") -> list[int]:
    """The customers to whom the offer was said, each as often as it was."""
    found = await rows(
        store,
        "SELECT a.value FROM outbox o JOIN alias a ON a.conversation_id = o.conversation_id"
        f" WHERE o.name = '{name}' ORDER BY a.value",
    )
    return [int(str(row["value"])[5:]) for row in found]


async def asked_for_offers(store: Store, customers: Sequence[int], now: int = NOW) -> None:
    for customer in customers:
        await write(store, customer, "offers", now)
    await step(store, now)


async def test_everybody_who_asked_gets_it_once(store: Store) -> None:
    await asked_for_offers(store, range(3))
    await write(store, 7, "hi")
    await step(store)
    begun = await store.broadcasts.begin("b", "sale", "ravi", NOW)
    assert (begun.new, begun.given, begun.finished) == (True, 0, False)
    assert await store.broadcasts.go_on(NOW) == 3
    await step(store)
    assert await got(store) == [0, 1, 2]
    again = await store.broadcasts.begin("b", "sale", "asha", NOW + 1)
    assert (again.new, again.by, again.given, again.finished) == (False, "ravi", 3, True)
    assert await store.broadcasts.go_on(NOW + GAP) is None
    await step(store)
    assert await got(store) == [0, 1, 2]
    await store.broadcasts.begin("c", "sale", "ravi", NOW)
    assert await store.broadcasts.go_on(NOW) == 3, "another id is another broadcast"
    assert await store.broadcasts.find("d") is None


async def test_batches_wait_for_each_other_and_for_the_outbox(store: Store) -> None:
    await asked_for_offers(store, range(BATCH + 1))
    await store.broadcasts.begin("b", "sale", "ravi", NOW)
    assert await store.broadcasts.go_on(NOW) == BATCH
    assert await store.broadcasts.go_on(NOW) == 0, "the next is due a second later"
    assert await store.broadcasts.go_on(NOW + GAP) == 0, "the last batch is not stepped"
    await step(store)
    [one] = await rows(store, "SELECT id FROM outbox WHERE name = 'sale' ORDER BY id LIMIT 1")
    columns = "conversation_id, lane, urgency, name, payload, state, due_at, attempts, caused_by, created_at"
    for _ in range(ROOM):
        await run_sql(
            store,
            f"INSERT INTO outbox ({columns}) SELECT {columns} FROM outbox WHERE id = {one['id']}",
        )
    assert await store.broadcasts.go_on(NOW + GAP) == 0, "too many offers wait to be sent"
    await run_sql(store, f"DELETE FROM outbox WHERE id > {one['id']}")
    assert await store.broadcasts.go_on(NOW - 2 * GAP) == 1, "a clock that was set back delays nothing"
    broadcast = await store.broadcasts.find("b")
    assert broadcast is not None
    assert (broadcast.given, broadcast.finished) == (BATCH + 1, True)


async def test_a_crash_in_the_middle_repeats_nothing(store: Store) -> None:
    await asked_for_offers(store, range(3))
    await store.broadcasts.begin("b", "sale", "ravi", NOW)

    async def killed(tx: Transaction) -> None:
        assert await broadcasts.go_on(tx, NOW) == 3
        raise Killed

    with pytest.raises(Killed):
        await store._units.run(killed)
    assert await store.broadcasts.go_on(NOW) == 3
    await step(store)
    await run_sql(store, "UPDATE broadcast SET reached = 0, due_at = 0")
    assert await store.broadcasts.go_on(NOW) == 0, "also if it forgot how far it was"
    await step(store)
    assert await got(store) == [0, 1, 2]


async def test_two_processes_share_the_work(store: Store, rival: Store) -> None:
    await asked_for_offers(store, range(BATCH + 5))
    await store.broadcasts.begin("b", "sale", "ravi", NOW)
    for turn in range(4):
        now = NOW + turn * GAP
        await asyncio.gather(store.broadcasts.go_on(now), rival.broadcasts.go_on(now))
        await step(store, now)
    assert await got(store) == list(range(BATCH + 5))


async def test_who_turns_out_to_be_one_person_gets_it_once(store: Store) -> None:
    await asked_for_offers(store, range(2))
    await store.broadcasts.begin("b", "sale", "ravi", NOW)
    await store.broadcasts.go_on(NOW)
    both = (("phone", phone(0)), ("phone", phone(1)))
    await store.arrive([Arrival("one", EventKind.OTHER, {}, aliases=both, pending=False)], NOW)
    await step(store)
    assert len(await rows(store, "SELECT id FROM outbox WHERE name = 'sale'")) == 1
    assert (await store.broadcasts.audience(NOW - DAY)).open == 1


async def test_an_offer_that_waits_is_dropped_by_a_stop_and_by_a_person(store: Store) -> None:
    await asked_for_offers(store, range(4))
    await store.broadcasts.begin("b", "sale", "ravi", NOW)
    await store.broadcasts.go_on(NOW)
    await step(store)
    await write(store, 0, "stop")
    await act(store, 1, "reply", "Hello")
    await write(store, 2, "hi")
    await step(store)
    dropped = await rows(store, "SELECT state, error FROM outbox WHERE name = 'sale' AND state <> 'pending'")
    assert dropped == [{"state": "failed", "error": "the customer is to get no offers now"}] * 2


async def test_offers_leave_after_everything_else(store: Store) -> None:
    later = NOW + 600_000
    await asked_for_offers(store, [0, 1])
    await write(store, 1, "wait")
    await step(store)
    await run_sql(store, "DELETE FROM outbox")
    await store.broadcasts.begin("b", "sale", "ravi", NOW)
    await store.broadcasts.go_on(NOW)
    await step(store)
    assert await store.due_lanes(NOW) == {Lane.CHAT}, "offers alone are due"
    await write(store, 2, "hi", later)
    await step(store, later)
    names = []
    while claimed := await store.claim_due(later, 1, 60_000):
        names += [one.name for one in claimed]
        await store.record([Done(one.claim, f"wamid.{one.id}") for one in claimed], later)
    assert names == ["hello", "thirsty", "sale", "sale"]


async def test_who_would_get_an_offer(store: Store) -> None:
    await asked_for_offers(store, [0], NOW - DAY)
    await asked_for_offers(store, [1, 2, 3])
    await act(store, 2, "reply", "Hello")
    await write(store, 4, "hi")
    await act(store, 5, "hears", "offers")
    await step(store)
    assert await store.broadcasts.audience(NOW - DAY) == Audience(open=2, silent=2, in_hand=1, others=1)


async def test_a_restore_ends_what_was_under_way(store: Store, database_url: str) -> None:
    await asked_for_offers(store, [0])
    await store.broadcasts.begin("b", "sale", "ravi", NOW)
    await store._units.run(lambda tx: epochs.begin(tx, NOW, database_url.startswith("sqlite")))
    assert await store.broadcasts.go_on(NOW) is None
    assert (await store.broadcasts.begin("b", "sale", "ravi", NOW)).finished


_LEVELS: Final = ("nothing", "orders", "offers")
_OPERATIONS: Final = st.one_of(
    st.tuples(st.just("hears"), st.integers(0, 2), st.sampled_from(_LEVELS)),
    st.tuples(st.just("stop"), st.integers(0, 2), st.just("")),
    st.tuples(st.just("person"), st.integers(0, 2), st.sampled_from(("reply", "done"))),
    st.tuples(st.just("go on"), st.just(0), st.sampled_from(("", "killed"))),
    st.tuples(st.just("step"), st.just(0), st.just("")),
)


class Oracle:
    """Who must get the offer, by the plain rule: one event each, which counts when it is stepped."""

    def __init__(self) -> None:
        self.levels, self.held = dict.fromkeys(range(3), "orders"), set[int]()
        self.stored, self.given, self.got = dict(self.levels), set[int](), list[int]()
        self.waiting: list[tuple[str, int, str]] = []

    def arrives(self, name: str, customer: int, value: str) -> None:
        self.waiting.append((name, customer, value))

    def goes_on(self) -> None:
        for customer in range(3):
            if self.stored[customer] == "offers" and customer not in self.given:
                self.given.add(customer)
                self.arrives("offer", customer, "")

    def steps(self) -> None:
        for name, customer, value in self.waiting:
            if name == "offer" and self.levels[customer] == "offers" and customer not in self.held:
                self.got.append(customer)
            elif name in ("hears", "stop"):
                self.levels[customer] = value or "nothing"
            elif name == "person":
                (self.held.add if value == "reply" else self.held.discard)(customer)
        self.waiting, self.stored = [], dict(self.levels)


async def play(store: Store, operations: Sequence[tuple[str, int, str]], base: int) -> None:
    """Do `operations` with three new customers; then the oracle and the outbox agree."""
    oracle, id = Oracle(), f"b{base}"
    for customer in range(3):
        await write(store, base + customer, "hi")
    await step(store)
    await store.broadcasts.begin(id, "sale", "ravi", NOW)
    for name, customer, value in [*operations, ("go on", 0, ""), ("step", 0, "")]:
        if name == "step":
            await step(store)
            oracle.steps()
        elif name == "go on":
            await _go_on(store, id, base, killed=value == "killed")
            if value != "killed":
                oracle.goes_on()
        else:
            verbs = {"hears": ("hears", value), "stop": ("hears", "nothing"), "person": (value, "Hello")}
            await act(store, base + customer, *verbs[name])
            oracle.arrives(name, customer, value)
    assert [one - base for one in await got(store) if one >= base] == sorted(oracle.got)
    assert len(set(oracle.got)) == len(oracle.got)


async def _go_on(store: Store, id: str, base: int, *, killed: bool) -> None:
    """Give a batch, whether or not one is due; a process that is killed has given none."""
    # Other examples' customers are in the same database, and what is finished begins anew.
    await run_sql(store, f"UPDATE broadcast SET due_at = NULL WHERE id <> '{id}'")
    await run_sql(store, f"UPDATE broadcast SET due_at = 0, reached = 0 WHERE id = '{id}'")

    async def work(tx: Transaction) -> None:
        await broadcasts.go_on(tx, NOW)
        if killed:
            raise Killed

    try:
        await store._units.run(work)
    except Killed:
        assert killed


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite://{tmp_path_factory.mktemp('broadcasts')}/munshi.db"


def test_nobody_gets_one_unasked_or_twice_whatever_the_order(database: str) -> None:
    """A property, on SQLite alone: what is asked is the same on both."""
    asyncio.run(made(database))

    async def holds(operations: Sequence[tuple[str, int, str]]) -> None:
        async with open_store(database) as store:
            # Customers of earlier examples want no offers, so that a batch has room for these.
            await run_sql(store, "UPDATE conversation SET hears = 'orders', snapshot = '{}'")
            await play(store, operations, 10 * next(_numbers) + 10_000)

    @settings(max_examples=40)
    @given(st.lists(_OPERATIONS, max_size=14))
    def always(operations: list[tuple[str, int, str]]) -> None:
        asyncio.run(holds(operations))

    always()
