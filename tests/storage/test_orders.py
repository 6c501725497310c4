"""Orders, their money and the stock, as steps store them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.ledger.facts import to_json
from payments.ledger.holds import Hold, HoldReason
from payments.ledger.polling import Poll
from payments.ledger.polling import to_json as to_json_poll
from payments.ledger.state import PaymentStatus
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from payments.shop.orders import AttemptStatus, Lifecycle
from payments.shop.stock import StockMove
from storage import Store
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.reports import backlog
from tests.builders import captured, change_set, order, order_state
from tests.storage.order_placement import LINES, place_order

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]


async def test_an_order_is_stored_with_its_attempt_and_call(store: Store, chat: Chat) -> None:
    [stored] = await store.arrive([chat("1")], now=1000)
    await store.advance_due(place_order, now=1000)
    view = await store.order(f"{stored.conversation}-1")
    assert view is not None
    assert view == await store.order_placed_by(stored.number)
    assert (view.order.lines, view.order.total, view.order.conversation) == (
        LINES,
        50_000,
        stored.conversation,
    )
    assert (view.payment, view.paid_at) == (PaymentStatus.UNPAID, None)
    assert [a.status for a in view.attempts] == [AttemptStatus.CREATING]
    [call] = await store.claim_due(now=1000, limit=5, lease=1)
    assert (call.lane, call.name, call.payload["call"]) == ("pay", "CreateLink", "CreateLink")
    assert await store.order("nobody-1-1") is None
    assert await store.order_placed_by(999) is None


async def test_facts_come_with_the_order_they_name_and_pay_it_once(store: Store, chat: Chat) -> None:
    seen = []

    def learn(given: StepInput) -> ChangeSet:
        [state] = given.orders.values()
        seen.append(state)
        paid = replace(state, facts=(fact,), lifecycle=Lifecycle.FULFILLED)
        return change_set(given, facts=(fact, fact), orders=(replace(paid, fulfilled=50_000),))

    [stored] = await store.arrive([chat("1")], now=1000)
    await store.advance_due(place_order, now=1000)
    key = f"{stored.conversation}-1"
    fact = captured(50_000, order_key=key, method="upi")
    for n, now in enumerate([2000, 3000]):
        body = {"event": "payment.captured", "facts": [to_json(fact)]}
        await store.arrive([Arrival(f"rzp{n}", EventKind.FACTS, body, order_key=key)], now=now)
        await store.advance_due(learn, now=now)
    assert [len(s.facts) for s in seen] == [0, 1]
    assert list(seen[1].facts) == [fact]
    assert (seen[1].status, [a.reference_id for a in seen[1].attempts]) == ("paid", [f"{key}.1"])
    view = await store.order(key)
    assert view is not None
    assert (view.payment, view.lifecycle, view.paid_at) == ("paid", Lifecycle.FULFILLED, 2000)
    assert (seen[1].lifecycle, seen[1].fulfilled, seen[1].held) == (Lifecycle.FULFILLED, 50_000, 0)


async def test_a_result_comes_with_the_order_of_its_reference(store: Store, chat: Chat) -> None:
    [stored] = await store.arrive([chat("1")], now=1000)
    await store.advance_due(place_order, now=1000)
    key = f"{stored.conversation}-1"

    def created(given: StepInput) -> ChangeSet:
        [attempt] = given.orders[key].attempts
        made = replace(attempt, status=AttemptStatus.CREATED, link_id="plink_1", short_url="https://rzp.io/1")
        return change_set(given, attempts=(attempt, made))

    fields = {"reference_id": f"{key}.1", "link_id": "plink_1"}
    body = {"name": "payment_link.created", "fields": fields}
    await store.arrive([Arrival("r", EventKind.RESULT, body, order_key=key)], now=1100)
    assert await store.advance_due(created, now=1100) == 1
    view = await store.order(key)
    assert view is not None
    assert [(a.status, a.link_id) for a in view.attempts] == [(AttemptStatus.CREATED, "plink_1")]


async def test_orders_whose_money_does_not_fit_are_listed(
    store: Store, database_url: str, chat: Chat, echo: Echo
) -> None:
    await store.arrive([chat("m1")], now=1)
    unpaid = order("k-1", total=100, number="10001")
    paid = order("k-2", total=100, number="10002")

    def place(given: StepInput) -> ChangeSet:
        short = order_state(order=unpaid, held=50, held_for=Hold(HoldReason.SHORT))
        done = order_state(order=paid, lifecycle=Lifecycle.FULFILLED)
        return change_set(given, placed=[unpaid, paid], orders=[short, done])

    await store.advance_due(place, now=2)
    async with reading(database_url) as records:
        assert await backlog.held(records) == [backlog.Held("k-1", "10001", Hold(HoldReason.SHORT), 50)]


async def test_a_poll_comes_back_with_its_order_when_it_is_due(store: Store, chat: Chat) -> None:
    [stored] = await store.arrive([chat("1")], now=1000)
    poll = Poll(f"{stored.conversation}-1.1", since=1000, nth=0)
    await store.advance_due(lambda given: place_order(given, polls=(poll, poll)), now=1000)
    seen = []

    def look(given: StepInput) -> ChangeSet:
        seen.append((given.events[0].kind, given.events[0].body, [*given.orders]))
        return change_set(given)

    assert await store.advance_due(look, now=poll.due - 1) == 0
    assert await store.advance_due(look, now=poll.due) == 1
    assert seen == [(EventKind.POLL, to_json_poll(poll), [f"{stored.conversation}-1"])]


def take(pieces: int) -> Callable[[StepInput], ChangeSet]:
    def advance(given: StepInput) -> ChangeSet:
        got = min(pieces, given.left["cup"])
        moves = (StockMove("cup", got, 0),) if got else ()
        return change_set(given, moves=moves, messages=(Say(str(got), Text(str(got))),))

    return advance


async def stock(store: Store) -> list[tuple[str, int, int, int]]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT * FROM stock ORDER BY sku"))
    return [(row["sku"], row["declared"], row["reserved"], row["sold"]) for row in rows]


async def test_one_batch_takes_no_more_than_is_left(store: Store, chat: Chat) -> None:
    await store.declare({"cup": 5})
    await store.arrive([chat(str(n), phone=f"91981234560{n}") for n in range(4)], now=1)
    assert await store.advance_due(take(2), now=1) == 4
    assert await stock(store) == [("cup", 5, 5, 0)]
    said = [delivery.name for delivery in await store.claim_due(now=1, limit=9, lease=1)]
    assert sorted(said) == ["0", "1", "2", "2"]


async def test_two_processes_take_no_more_than_is_left(store: Store, rival: Store, chat: Chat) -> None:
    await store.declare({"cup": 7})
    await store.arrive([chat(str(n), phone=f"9198123456{n:02}") for n in range(20)], now=1)
    stepped = 0
    while stepped < 20:
        rounds = [s.advance_due(take(2), now=1, limit=1) for s in (store, rival) for _ in range(10)]
        stepped += sum(await asyncio.gather(*rounds))
    assert await stock(store) == [("cup", 7, 7, 0)]
    said = [int(d.name) for d in await store.claim_due(now=1, limit=50, lease=1)]
    assert sum(said) == 7


async def test_what_is_given_back_or_sold_always_may(store: Store, chat: Chat) -> None:
    await store.declare({"cup": 2})
    for n, move in enumerate((StockMove("cup", 2, 0), StockMove("cup", -1, 1), StockMove("cup", -1, 0))):
        await store.arrive([chat(str(n))], now=n)
        await store.advance_due(lambda given, m=move: change_set(given, moves=(m,)), now=n)  # type: ignore[misc]
    assert await stock(store) == [("cup", 2, 0, 1)]


async def test_a_changed_number_is_a_new_count(store: Store, chat: Chat) -> None:
    await store.declare({"cup": 2, "tea": 4})
    await store.arrive([chat("1")], now=1)
    await store.advance_due(lambda given: change_set(given, moves=(StockMove("cup", 0, 2),)), now=1)
    await store.declare({"cup": 2, "tea": 4})
    assert await stock(store) == [("cup", 2, 0, 2), ("tea", 4, 0, 0)]
    await store.declare({"cup": 9})
    assert await stock(store) == [("cup", 9, 0, 0)]


async def test_what_open_orders_hold_is_held_from_the_first_count_on(store: Store, chat: Chat) -> None:
    await store.arrive([chat("1")], now=1)
    await store.advance_due(place_order, now=1)
    await store.declare({"cup": 3, "tea": 1})
    assert await stock(store) == [("cup", 3, 1, 0), ("tea", 1, 0, 0)]


async def test_a_step_that_takes_what_is_not_there_is_parked_and_stops_nobody(
    store: Store, chat: Chat
) -> None:
    await store.declare({"cup": 1})
    greedy, other = await store.arrive([chat("1"), chat("2", phone="919811111111")], now=1)

    def take_without_looking(given: StepInput) -> ChangeSet:
        wanted = 5 if given.events[0].number == greedy.number else 1
        return change_set(given, moves=(StockMove("cup", wanted, 0),))

    while await store.advance_due(take_without_looking, now=1):
        pass
    states = {}
    for stored in (greedy, other):
        event = await store.event(stored.number)
        assert event is not None
        states[stored.number] = (event.state, "SoldOut" in (event.error or ""))
    assert states == {greedy.number: ("parked", True), other.number: ("applied", False)}
    assert await stock(store) == [("cup", 1, 1, 0)]
