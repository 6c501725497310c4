"""The ledger report of a whole database: correct books balance, and each kind of wrong row is found."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from payments.ledger.audit import Check, Sums
from payments.ledger.audited import FIRST, Figures
from payments.ledger.holds import Hold, HoldReason
from storage import Store
from storage.database.records import reading
from storage.reports.backlog import Held
from storage.reports.ledger import Books, books
from tests.storage.handwritten_rows import insert, run_sql


async def proved(url: str, page: int = 2) -> Books:
    async with reading(url) as records:
        return await books(records, page)


async def paid(store: Store, n: int, amount: int = 50_000, **order: Any) -> str:
    """An order of ₹500 with a payment."""
    key = f"k-1-{n}"
    columns = {
        "lifecycle": "fulfilled",
        "stage": "placed",
        "fulfilled": 50_000,
        "payment": "paid",
        "paid_at": 5,
        **order,
    }
    await insert(store, "orders", key=key, number=str(n), **columns)
    await insert(store, "fact", order_key=key, entity_id=f"pay_{n}", amount=amount)
    return key


@pytest.fixture
async def shop(store: Store) -> Store:
    """Seven correct orders; pages of two orders cut through them."""
    for n in (1, 2, 3):
        await paid(store, n)
    await insert(store, "orders", key="k-1-4", number="4")
    await insert(store, "orders", key="k-1-5", number="5", lifecycle="lapsed")
    surplus = await paid(store, 6, 60_000)
    await insert(
        store, "refund", key="pay_6-1", order_key=surplus, payment_id="pay_6", amount=10_000, status="asked"
    )
    short = {"fulfilled": 0, "held": 20_000, "held_for": "short", "paid_at": None}
    await paid(store, 7, 20_000, lifecycle="open", stage=None, **short)
    await insert(store, "stock", sku="masala", reserved=4)
    await insert(store, "stock", sku="cup", reserved=5, in_served=None)  # since a rollback it is not counted
    return store


async def test_right_books_balance(shop: Store, database_url: str) -> None:
    for page in (1, 2, 3, 500):
        found = await proved(database_url, page)
        assert found.discrepancies == []
        assert (found.figures.orders, found.figures.payments) == (7, 5)
        assert found.figures.sums == {"INR": Sums(230_000, 200_000, 10_000, 10_000, 20_000, goods=200_000)}
        assert found.held == [Held("k-1-7", "7", Hold(HoldReason.SHORT), 20_000)]


async def test_an_empty_shop_balances(store: Store, database_url: str) -> None:
    assert await proved(database_url) == Books(Figures(), FIRST)


Break = Callable[[Store], Coroutine[Any, Any, None]]


def statement(sql: str) -> Break:
    async def run(store: Store) -> None:
        await run_sql(store, sql)

    return run


async def same_payment_elsewhere(store: Store) -> None:
    await insert(store, "fact", order_key="k-1-4", entity_id="pay_1")


def inbox_event(kind: str, state: str, conversation: int, body: dict[str, Any]) -> Break:
    async def run(store: Store) -> None:
        [row] = await store._units.read(lambda tx: tx.fetch("SELECT key FROM installation"))
        text = {"order_key": f"{row['key']}-1-8", **body}
        for said in ("captured", "paid"):  # two events tell of one payment
            await insert(
                store, "inbox", conversation_id=conversation, key=said, kind=kind, state=state, body=text,
                error="no such order" if state == "parked" else None,
                handled_at=5 if state == "parked" else None,
            )  # fmt: skip

    return run


PAYMENT = {"entity": "payment", "entity_id": "pay_9", "state": "captured", "amount": 700, "order_key": ""}
WRONG: dict[str, tuple[Break, str, Check]] = {
    "paisa gone": (
        statement("UPDATE orders SET fulfilled = 49999 WHERE key = 'k-1-2'"), "k-1-2", Check.BALANCE
    ),
    "fact gone": (statement("DELETE FROM fact WHERE order_key = 'k-1-3'"), "k-1-3", Check.BALANCE),
    "refund gone": (statement("DELETE FROM refund"), "k-1-6", Check.BALANCE),
    "held amount": (statement("UPDATE orders SET held = 1 WHERE key = 'k-1-7'"), "k-1-7", Check.BALANCE),
    "paid, and booked as if cash were to come": (
        statement("UPDATE orders SET lifecycle = 'promised', fulfilled = 0, held = 50000, held_for = 'short'"
                  " WHERE key = 'k-1-2'"), "k-1-2", Check.GOODS
    ),
    "paid, and still promised": (
        statement("UPDATE orders SET lifecycle = 'promised' WHERE key = 'k-1-2'"), "k-1-2", Check.GOODS
    ),
    "one payment, two orders": (same_payment_elsewhere, "pay_1", Check.PAID_TWICE),
    "stock": (statement("UPDATE stock SET reserved = 3 WHERE sku = 'masala'"), "masala", Check.STOCK),
    "parked webhook": (inbox_event("facts", "parked", 1, {"facts": [PAYMENT]}), "-1-8", Check.UNCLAIMED),
    "kept webhook": (inbox_event("facts", "kept", 0, {"facts": [PAYMENT]}), "-1-8", Check.UNCLAIMED),
    "parked answer": (
        inbox_event("result", "parked", 1, {"fields": {"facts": [PAYMENT]}}), "-1-8", Check.UNCLAIMED
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_found(shop: Store, database_url: str, name: str) -> None:
    spoil, subject, check = WRONG[name]
    await spoil(shop)
    wrong = (await proved(database_url)).discrepancies
    [found] = {one.subject for one in wrong if one.check is check}
    assert found.endswith(subject)


@pytest.mark.parametrize(
    "body",
    [
        {"facts": [{**PAYMENT, "entity_id": "pay_1"}]},
        {"facts": [{**PAYMENT, "state": "authorized"}]},
        {"facts": [PAYMENT], "order_key": "another1-1-8"},
        {"facts": []},
        {},
    ],
    ids=["is in the books", "not captured", "of another installation", "no facts", "nothing"],
)
async def test_what_is_not_missing_is_not_missed(
    shop: Store, database_url: str, body: dict[str, Any]
) -> None:
    await inbox_event("facts", "parked", 1, body)(shop)
    assert (await proved(database_url)).discrepancies == []


async def test_a_slot_or_coupon_that_is_counted_wrongly_is_found(shop: Store, database_url: str) -> None:
    orders = (("8", "open"), ("9", "fulfilled"), ("10", "lapsed"))
    for number, lifecycle in orders:
        await insert(
            shop, "orders", key=f"k-1-{number}", number=number, lifecycle=lifecycle, terms={"coupon": "X"},
            destination={"slot": "2026-11-30.lunch"}, stage="delivered" if lifecycle == "fulfilled" else None,
            lines=[["tea", "Tea", 1, 50_000]],
        )  # fmt: skip
    await run_sql(shop, "INSERT INTO quota (name, taken, ends_at) VALUES ('slot:2026-11-30.lunch', 2, 9)")
    await run_sql(shop, "INSERT INTO quota (name, taken, ends_at) VALUES ('coupon:X', 3, NULL)")
    wrong = [one for one in (await proved(database_url)).discrepancies if one.check is Check.QUOTA]
    assert [(one.subject, one.expected, one.found) for one in wrong] == [("coupon:X", 2, 3)]
