"""A fee that the payer bears is not the shop's money: it does not count, and is not refunded."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from payments.ledger.audit import discrepancies, sums
from payments.ledger.facts import Fact, detail_from_json, detail_to_json
from payments.ledger.fees import with_fee_on_top
from payments.razorpay.fetched import payment_facts
from payments.razorpay.webhook import read
from payments.shop.orders import Lifecycle
from tests.builders import PACKET, InboxBody, fact, link_of, payment_of, refunded, webhook
from tests.payments.memory_shop import MemoryShop, flow_with_repairs

FEE = 425
BORNE = {"fee": FEE, "payer_bears_fee": True}


def borne(key: str, state: str = "captured", amount: int = 18_000 + FEE, **said: Any) -> Fact:
    """A payment whose payer paid the fee on top; `said` replaces the fee's details."""
    told = payment_of(key, state, amount)
    return replace(told, detail=detail_from_json(detail_to_json(told.detail) | (said or BORNE)))


def books_are_right(store: MemoryShop, key: str) -> bool:
    state = store.orders[key]
    paid_at = 1 if state.balance.paid_in_full else None
    return discrepancies(state, paid_at) == ()


def success(key: str) -> list[InboxBody]:
    """Four webhooks of one payment. None before the capture, and not all after it, say who bears the fee."""
    order = fact("order", "paid", "order_1", PACKET, order_key=key)
    return [
        webhook(payment_of(key, "authorized", 18_000 + FEE)),
        webhook(borne(key, fee=FEE)),
        webhook(borne(key), order),
        webhook(borne(key), order, link_of(key, "paid")),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_fee_that_the_payer_bore_is_no_surplus(store: MemoryShop, order: Iterable[int]) -> None:
    key = store.order_with_link()
    told = success(key)
    for place in order:
        store.take(told[place])
        assert not store.last.refunds
    state = store.orders[key]
    assert (state.lifecycle, state.fulfilled, state.held, state.held_for) == (
        Lifecycle.FULFILLED, 18_000, 0, None,
    )  # fmt: skip
    assert store.said.count("payment_successful") == 1
    assert "payment_surplus" not in store.said
    assert books_are_right(store, key)


@pytest.mark.parametrize("first", [{"payer_bears_fee": True}, BORNE])
def test_a_fee_that_is_told_later_is_no_surplus_either(store: MemoryShop, first: dict[str, Any]) -> None:
    key = store.order_with_link()
    store.take(webhook(borne(key, **first)))
    store.take(webhook(borne(key)))
    assert (store.orders[key].fulfilled, store.orders[key].refunds) == (18_000, ())
    assert books_are_right(store, key)


def test_who_paid_just_what_was_asked_for_has_paid(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(borne(key, amount=18_000)))
    assert store.said.count("payment_successful") == 1
    assert store.orders[key].held == 0


def test_a_fee_does_not_make_up_for_what_is_missing(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(borne(key, amount=17_800 + FEE)))
    assert store.said[-1] == "part_received"
    assert store.orders[key].lifecycle is Lifecycle.OPEN
    assert store.orders[key].balance.paid == 17_800
    assert books_are_right(store, key)


def test_a_fee_that_the_shop_bears_changes_nothing(store: MemoryShop) -> None:
    key = store.order_with_link()
    fact = payment_of(key, "captured")
    store.take(webhook(replace(fact, detail=replace(fact.detail, fee=FEE))))
    assert store.orders[key].balance.paid == 18_000


def test_a_surplus_beyond_the_fee_still_goes_back(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(borne(key, amount=20_000 + FEE)))
    assert [asked.amount for asked in store.last.refunds] == [2_000]
    assert books_are_right(store, key)


def test_what_goes_back_late_is_what_came_for_the_shop(shop_text: str) -> None:
    store = MemoryShop(flow_with_repairs(shop_text, "late: refund"))
    key = store.order_with_link()
    store.take(webhook(link_of(key, "expired")), webhook(borne(key)))
    assert [asked.amount for asked in store.last.refunds] == [18_000]
    assert books_are_right(store, key)


def test_a_dashboard_that_gives_back_the_fee_too_leaves_the_books_right(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(borne(key)))
    store.take(webhook(refunded("processed", PACKET + FEE, order_key=key)))
    assert books_are_right(store, key)
    assert sums(store.orders[key])["INR"].refunded == 18_000


@pytest.mark.parametrize(
    ("amount", "said", "fee"),
    [
        (18_425, {"fee": 425, "payer_bears_fee": True}, 425),
        (18_425, {"fee": 425}, 425),  # a link takes its own sum only
        (18_000, {"fee": 425}, 0),  # the shop's own fee, inside the price
        (18_425, {"fee": 424}, 0),
        (18_425, {"fee": 0, "payer_bears_fee": True}, 425),
        (18_425, {"fee": 18425, "payer_bears_fee": True}, 0),  # nothing would be left: nonsense
        (18_425, {"fee": -5, "payer_bears_fee": True}, 425),
        (18_425, {"payer_bears_fee": True}, 425),  # the fee itself is not told yet
        (18_000, {"fee": 425, "payer_bears_fee": True}, 0),  # just what was asked for is never short
        (17_000, {"payer_bears_fee": True}, 0),
    ],
)
def test_who_bore_the_fee(store: MemoryShop, amount: int, said: dict[str, Any], fee: int) -> None:
    key = store.order_with_link()
    [found] = with_fee_on_top([borne(key, amount=amount, **said)], store.orders[key].attempts)
    assert found.detail.on_top == fee


def test_webhooks_and_answers_tell_the_fee(entity: dict[str, object]) -> None:
    entity = {**entity, "amount": 18_425, "fee": 425, "tax": 65, "fee_bearer": "customer"}
    (asked,), _ = payment_facts([entity], "k-1-1", "plink_1")
    told = read({"event": "payment.captured", "payload": {"payment": {"entity": entity}}})
    for seen in (asked, *told.facts):
        assert (seen.amount, seen.detail.fee, seen.detail.payer_bears_fee) == (18_425, 425, True)


@pytest.mark.parametrize("fee", [None, 0])
def test_a_payment_without_a_fee_says_nothing_of_one(entity: dict[str, object], fee: int | None) -> None:
    (fact,), problems = payment_facts([{**entity, "fee": fee}], "k-1-1", "plink_1")
    assert fact.detail.fee is None
    assert problems == ()


@pytest.fixture
def entity() -> dict[str, object]:
    """A captured payment, as Razorpay writes it."""
    return {
        "id": "pay_1", "entity": "payment", "amount": 18_000, "currency": "INR", "status": "captured",
        "captured": True, "method": "upi", "created_at": 1_793_000_000, "notes": {"munshi_order": "k-1-1"},
    }  # fmt: skip
