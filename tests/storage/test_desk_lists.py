"""Lists of orders: page by page, each order once, on the server's connection and in a snapshot."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.channel import WHATSAPP
from payments.ledger.state import PaymentStatus
from payments.shop.fulfilment import Stage
from storage import Store
from storage.database.records import reading
from storage.inbox.order_rows import Unreadable
from storage.reports import order_queries
from storage.reports.desk import EVER, Listed, OrderFilter, OrderPage, UnreadableOrder
from storage.reports.place import Place
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert, open_store, run_sql

_STAGES = (None, "placed", "out", "delivered", "cancelled")
_PAYMENTS = ("unpaid", "cash", "paid")
_HOUR = 3_600_000


def rows() -> Iterator[dict[str, Any]]:
    """Orders of three customers. Many are placed in the same millisecond."""
    for n, (stage, payment, times) in enumerate(product(_STAGES, _PAYMENTS, range(3))):
        yield {
            "key": f"k-{n % 3 + 1}-{n:02}", "number": str(10_001 + n), "conversation_id": n % 3 + 1,
            "stage": stage, "payment": payment, "todo": "goods" if stage in ("placed", "out") else None,
            "lifecycle": "promised" if stage in ("placed", "out", "delivered") else "open",
            "placed_at": NOW + (n // 4) * _HOUR, "placed_by": n + times,
        }  # fmt: skip


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite://{tmp_path_factory.mktemp('lists')}/munshi.db"


async def fill(url: str) -> None:
    await made(url)
    async with open_store(url) as store:
        for id in (1, 2, 3):
            snapshot = {"customer": {"name": f"Asha {id}"}}
            await insert(store, "conversation", id=id, snapshot=snapshot)
            await insert(store, "alias", conversation_id=id, value=f"91980000000{id}")
        for row in rows():
            await insert(store, "orders", **row)


def expected(wanted: OrderFilter) -> list[str]:
    """The keys of all orders that `wanted` describes, in order, whatever its page."""
    phones = None if wanted.phones is None else {int(phone[-1]) for phone in wanted.phones}
    found = [
        row
        for row in rows()
        if (not wanted.todo or row["todo"])
        and (wanted.stage is None or row["stage"] == wanted.stage)
        and (wanted.payment is None or row["payment"] == wanted.payment)
        and (phones is None or row["conversation_id"] in phones)
        and wanted.since <= row["placed_at"] < wanted.until
    ]
    found.sort(key=lambda row: (row["placed_at"], row["key"]), reverse=not wanted.todo)
    return [row["key"] for row in found]


async def pages(ask: Callable[[OrderFilter], Any], wanted: OrderFilter) -> list[Listed]:
    """All orders, page by page."""
    found: list[Listed] = []
    while True:
        page: OrderPage = await ask(wanted)
        assert len(page.orders) <= wanted.limit
        found += page.orders
        if page.next is None:
            return found
        assert len(page.orders) == wanted.limit
        assert wanted.after != page.next, "the same page again"
        # As it comes back over the API.
        wanted = OrderFilter(**{**_fields(wanted), "after": Place.read(str(page.next))})


def _fields(wanted: OrderFilter) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in OrderFilter.__slots__}


_TIMES = st.integers(0, 13).map(lambda n: NOW + n * _HOUR - 1)
FILTERS = st.builds(
    OrderFilter,
    todo=st.booleans(),
    stage=st.none() | st.sampled_from([Stage(stage) for stage in _STAGES if stage]),
    payment=st.none() | st.sampled_from([PaymentStatus(payment) for payment in _PAYMENTS]),
    phones=st.none() | st.lists(st.sampled_from(["919800000001", "919800000002", "919800000009"])).map(tuple),
    since=st.just(0) | _TIMES,
    until=st.just(EVER) | _TIMES,
    limit=st.integers(1, 50),
)


async def test_every_list_on_each_database(database_url: str) -> None:
    await fill(database_url)
    filters = [
        OrderFilter(limit=limit, todo=todo, **more)
        for limit, todo in ((3, False), (3, True), (100, False))
        for more in (
            {}, {"stage": Stage.OUT}, {"payment": PaymentStatus.PAID}, {"phones": ("919800000002",)},
            {"phones": ()}, {"since": NOW + _HOUR, "until": NOW + 5 * _HOUR},
            {"stage": Stage.OUT, "payment": PaymentStatus.CASH, "phones": ("919800000001", "919800000003")},
        )
    ]  # fmt: skip
    async with open_store(database_url) as store, reading(database_url) as records:
        for wanted in filters:
            found = await pages(store.orders, wanted)
            assert keys(found) == expected(wanted), wanted
            again = await pages(lambda w: order_queries.listed(records.reads, w, WHATSAPP.naming), wanted)
            assert found == again, wanted
        [one] = await store.detailed_orders("10005")
        assert [one] == await order_queries.detailed(records.reads, "10005", WHATSAPP.naming)
        assert [one] == await order_queries.detailed(records.reads, one.state.key, WHATSAPP.naming)
        assert (one.name, one.phone, one.state.key) == ("Asha 2", "919800000002", "k-2-04")
        assert await store.detailed_orders("nobody") == []
        assert await order_queries.detailed(records.reads, "n" * 100, WHATSAPP.naming) == []


def test_any_list(database: str) -> None:
    """A property, on SQLite alone: what is asked is the same on both."""
    asyncio.run(fill(database))

    async def compare(wanted: OrderFilter) -> None:
        async with open_store(database) as store:
            assert keys(await pages(store.orders, wanted)) == expected(wanted)

    @settings(max_examples=30)
    @given(FILTERS)
    def holds(wanted: OrderFilter) -> None:
        asyncio.run(compare(wanted))

    holds()


def keys(found: Sequence[Listed]) -> list[str]:
    return [order.place.key for order in found]


async def test_an_order_with_all_that_is_known_of_it(store: Store, database_url: str) -> None:
    """A snapshot tells the same of its money, its changes, and of what the staff did."""
    await insert(store, "conversation", id=1, snapshot={"customer": {"name": "Asha"}})
    for n, value in enumerate(("919800000001", "919800000007")):
        await insert(store, "alias", conversation_id=1, value=value, told_at=n)
    await insert(
        store, "orders", key="k-1-1", number="10001", stage="delivered", stage_by="Meena", stage_at=NOW,
        lifecycle="fulfilled", fulfilled=50_000, payment="paid", paid_at=7,
    )  # fmt: skip
    await insert(
        store, "fact", order_key="k-1-1", entity_id="hand-k-1-1-1", detail={"method": "cash", "by": "Meena"}
    )
    await insert(
        store, "attempt", reference_id="k-1-1.1", order_key="k-1-1", link_id="plink_1", short_url="u"
    )
    await insert(
        store,
        "refund",
        key="hand-k-1-1-1-1",
        order_key="k-1-1",
        payment_id="hand-k-1-1-1",
        amount=100,
        status="asked",
    )
    await run_sql(
        store,
        "INSERT INTO amendment (key, conversation_id, order_key, kind, amount, sku, pieces, changed_by, why,"
        " shelf, created_at, caused_by)"
        " VALUES ('k-1-1-a1', 1, 'k-1-1', 'allowance', 100, '', 0, 'Meena', 'late', 0, 5, 3)",
    )
    moves = (
        ("a", "stage", "out", {"event": "staff", "stage": "out"}, "applied"),
        ("b", "stage", "ready", {"event": "staff", "refused": "too late"}, "ignored"),
        ("c", "note", "x", None, "pending"),
    )
    for n, (key, verb, value, entry, state) in enumerate(moves, 1):
        body = {"order_key": "k-1-1", "by": "Ramesh", "verb": verb, "value": value}
        trace, at = [entry] if entry else None, NOW + n if entry else None
        await insert(
            store, "inbox", id=n, conversation_id=1, order_key="k-1-1", key=key, kind="staff", body=body,
            trace=trace, state=state, handled_at=at,
        )  # fmt: skip
    [one] = await store.detailed_orders("k-1-1")
    async with reading(database_url) as records:
        assert [one] == await order_queries.detailed(records.reads, "10001", WHATSAPP.naming)
    assert (one.phone, one.paid_at) == ("919800000007", 7)
    assert [str(task) for task in one.state.tasks] == ["refund"]
    assert (one.state.owed, one.state.balance.paid) == (49_900, 50_000)
    assert [(move.by, move.value, move.stage, move.refused) for move in one.moves] == [
        ("Ramesh", "out", "out", ""), ("Ramesh", "ready", "", "too late"),
    ]  # fmt: skip
    assert [attempt.link_id for attempt in one.state.attempts] == ["plink_1"]


async def test_an_order_that_cannot_be_read_hides_no_other(store: Store, database_url: str) -> None:
    for n in range(3):
        await insert(store, "orders", key=f"k-1-{n}", number=str(n), placed_at=NOW + n)
    await run_sql(store, "UPDATE orders SET lines = '7' WHERE number = '1'")
    page = await store.orders(OrderFilter(limit=2))
    assert keys(page.orders) == ["k-1-2", "k-1-1"]
    unreadable = page.orders[1]
    assert isinstance(unreadable, UnreadableOrder)
    assert "order k-1-1 cannot be read" in unreadable.why
    assert keys((await store.orders(OrderFilter(after=page.next))).orders) == ["k-1-0"]
    with pytest.raises(Unreadable, match="order k-1-1 cannot be read"):
        await store.detailed_orders("1")
