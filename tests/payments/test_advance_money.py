"""Facts about money: success is told once, in whatever order and however often they come."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest

from payments.ledger.calls import CancelLink, CreateLink, RefundPayment
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.processing.changes import Outcome
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import (
    InboxBody,
    chat,
    link_of,
    link_withdrawn,
    payment_of,
    payments_fetched,
    timer,
    webhook,
)
from tests.payments.memory_shop import MemoryShop, success_webhooks


def steps(order: Iterable[InboxBody], in_one: bool) -> list[list[InboxBody]]:
    doubled = [arrival for arrival in order for _ in range(2)]
    return [doubled] if in_one else [[arrival] for arrival in doubled]


@pytest.mark.parametrize("in_one", [True, False], ids=["in one step", "in eight steps"])
@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_the_four_success_events_in_any_order_and_twice_tell_once(
    store: MemoryShop, order: tuple[int, ...], in_one: bool
) -> None:
    key = store.order_with_link()
    four = success_webhooks(key)
    stood: list[Lifecycle] = []
    for arrivals in steps((four[i] for i in order), in_one):
        stood += [state.lifecycle for state in store.take(*arrivals).changed]
        assert Outcome.PARKED not in store.outcomes
    assert store.said.count("payment_successful") == 1
    assert stood.count(Lifecycle.FULFILLED) == 1
    assert store.orders[key].status == "paid"
    assert (store.orders[key].lifecycle, store.orders[key].fulfilled) == (Lifecycle.FULFILLED, 18_000)
    assert len(store.orders[key].facts) == len({fact.identity for fact in store.orders[key].facts}) == 4
    assert store.status(key) is AttemptStatus.PAID
    assert store.conversation.state == "paid"
    assert store.order_state.status == "paid"
    assert store.cart == ()


def test_a_repeated_fact_is_ignored(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "failed")), webhook(payment_of(key, "failed")))
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]
    assert store.said.count("payment_failed") == 1
    assert len(store.last.facts) == 1


@pytest.mark.parametrize("states", [("captured", "failed"), ("failed", "captured")])
def test_a_payment_that_failed_and_was_captured_is_captured(
    store: MemoryShop, states: tuple[str, str]
) -> None:
    key = store.order_with_link()
    for state in states:
        store.take(webhook(payment_of(key, state)))
    assert store.said.count("payment_successful") == 1
    assert store.said.count("payment_failed") == (1 if states[0] == "failed" else 0)
    assert store.said[-1] == "payment_successful"
    assert store.conversation.state == "paid"


@pytest.mark.parametrize(
    ("fact", "status", "lifecycle", "said", "held_for"),
    [
        ({"amount": 17_999}, "refunding", Lifecycle.RETURNED, ["payment_returned"], None),
        ({"amount": 17_900}, "short", Lifecycle.OPEN, ["part_received"], Hold(HoldReason.WAITING)),
        (
            {"currency": "USD"},
            "held",
            Lifecycle.OPEN,
            ["payment_held"],
            Hold(HoldReason.MISMATCH, mismatch=Mismatch.CURRENCY),
        ),
        (
            {"amount": 18_001},
            "paid",
            Lifecycle.FULFILLED,
            ["payment_successful"],
            Hold(HoldReason.REMAINDER),
        ),
        (
            {"amount": 18_100},
            "paid",
            Lifecycle.FULFILLED,
            ["payment_successful", "payment_surplus"],
            None,
        ),
    ],
)
def test_money_that_does_not_fit(
    store: MemoryShop,
    fact: dict[str, Any],
    status: str,
    lifecycle: Lifecycle,
    said: list[str],
    held_for: Hold | None,
) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(webhook(payment_of(key, "captured", **fact)))
    (settled,) = store.last.changed
    assert (settled.status, settled.lifecycle, settled.held_for) == (status, lifecycle, held_for)
    assert store.said[before:] == said
    paid, waits = lifecycle is Lifecycle.FULFILLED, held_for == Hold(HoldReason.WAITING)
    expected = "paid" if paid else "short" if waits else "refunding" if held_for is None else "held"
    assert store.order_state.status == expected


def test_too_little_brings_a_link_for_the_rest_and_the_rest_is_success(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured", 8_000)))
    assert store.last.calls == (CancelLink(f"{key}.1", f"plink_{key}.1"),)
    (rest,) = store.take(link_withdrawn(f"{key}.1")).calls
    assert isinstance(rest, CreateLink)
    assert (rest.reference_id, rest.amount) == (f"{key}.2", 10_000)
    assert rest.description == f"Order #{store.orders[key].order.number}: the rest"
    assert (store.orders[key].held, store.orders[key].fulfilled) == (8_000, 0)
    store.take(webhook(payment_of(key, "captured", 10_000, "pay_2")))
    assert store.said[-2:] == ["part_received", "payment_successful"]
    assert store.last.calls == (CancelLink(f"{key}.2", None),)
    (settled,) = store.last.changed
    assert (settled.status, settled.fulfilled, settled.held) == ("paid", 18_000, 0)


def test_what_comes_on_top_goes_back_by_itself_and_success_is_not_told_again(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured")), webhook(payment_of(key, "captured", 18_000, "pay_2")))
    assert store.said[-2:] == ["payment_successful", "payment_surplus"]
    assert RefundPayment("pay_2-1", "pay_2", key, 18_000) in store.last.calls
    assert store.orders[key].status == "paid"
    assert (store.orders[key].fulfilled, store.orders[key].held) == (18_000, 0)
    store.take(webhook(payment_of(key, "captured", 5, "pay_3")))
    assert store.last.calls == ()
    assert (store.orders[key].held, store.orders[key].held_for) == (
        5,
        Hold(HoldReason.REMAINDER),
    )
    assert store.said.count("payment_successful") == 1


def test_of_a_link_that_ends_with_a_part_paid_only_the_part_is_told(store: MemoryShop) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured", 8_000), link_of(key, "expired")))
    assert store.said[before:] == ["part_received"], "there is a link for the rest, and no new one to ask for"


def test_nobody_is_told_to_wait_for_a_link_when_the_old_one_turns_out_to_be_paid(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(chat("cancel"), chat("retry"))
    slow = next(due for due in store.last.timers if due.timer == "15 s")
    before = len(store.said)
    store.take(link_withdrawn(f"{key}.1", "paid"))
    store.take(timer(slow), now=slow.due)
    assert store.said[before:] == []
    store.take(webhook(payment_of(key, "captured")))
    assert store.said[before:] == ["payment_successful"]
