"""A payment counts only on a link of our own keys; while that is not known, Razorpay is asked."""

from dataclasses import replace

import pytest

from payments.ledger.calls import FetchPayments
from payments.ledger.facts import Detail, Fact
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.shop.orders import Lifecycle
from tests.builders import (
    PACKET,
    captured,
    chat,
    link_created,
    link_of,
    payment_of,
    payments_fetched,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop


def nameless(key: str, amount: int = PACKET) -> Fact:
    """A captured payment that names no link."""
    return captured(amount, order_key=key, method="upi")


def test_a_payment_that_names_no_link_is_asked_about_and_told_when_our_own_keys_see_it(
    store: MemoryShop,
) -> None:
    key = store.order_with_link()
    said = list(store.said)
    assert store.take(webhook(nameless(key))).calls == (FetchPayments(f"{key}.1", f"plink_{key}.1"),)
    state = store.orders[key]
    assert (state.status, state.lifecycle, state.held) == ("held", Lifecycle.OPEN, 18_000)
    assert state.held_for == Hold(HoldReason.MISMATCH, mismatch=Mismatch.UNVERIFIED)
    assert (store.said, store.order_state.status) == (said, "held")
    assert store.take(webhook(nameless(key))).calls == ()
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured")))
    assert store.said == [*said, "payment_successful"]
    assert (store.orders[key].lifecycle, store.orders[key].held_for) == (Lifecycle.FULFILLED, None)
    assert [payment.link for payment in store.orders[key].balance.payments] == [f"plink_{key}.1"]
    store.take(webhook(nameless(key)), payments_fetched(f"{key}.1", payment_of(key, "captured")))
    assert store.said == [*said, "payment_successful"]


def test_a_payment_that_our_own_keys_do_not_see_never_counts(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(nameless(key)), payments_fetched(f"{key}.1"))
    assert store.orders[key].lifecycle is Lifecycle.OPEN
    store.take(chat("retry"))
    assert (store.said[-1], store.last.calls) == ("how_it_stands", ())
    assert "payment_held" not in store.said


@pytest.mark.parametrize("seen_first", [True, False], ids=["asked first", "made first"])
def test_paid_before_we_know_the_link(store: MemoryShop, seen_first: bool) -> None:
    key = store.order()
    assert store.take(webhook(payment_of(key, "captured"))).calls == (FetchPayments(f"{key}.1", None),)
    assert "payment_held" not in store.said
    road = (
        payments_fetched(f"{key}.1", payment_of(key, "captured")) if seen_first else link_created(f"{key}.1")
    )
    store.take(road)
    assert store.said.count("payment_successful") == 1
    store.take(
        link_created(f"{key}.1"),
        payments_fetched(f"{key}.1", payment_of(key, "captured")),
        webhook(link_of(key, "paid")),
    )
    assert store.said.count("payment_successful") == 1
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED


def test_the_making_of_another_link_says_nothing_of_it(store: MemoryShop) -> None:
    key = store.order()
    foreign = replace(payment_of(key, "captured"), detail=Detail(link="plink_OfOtherKeys"))
    store.take(webhook(foreign))
    assert store.take(link_created(f"{key}.1")).facts == ()
    assert (store.orders[key].lifecycle, store.orders[key].held) == (Lifecycle.OPEN, 18_000)
    assert "payment_successful" not in store.said


def test_what_is_seen_at_last_is_told_as_what_it_is(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(nameless(key, 8_000)))
    assert "part_received" not in store.said
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured", 8_000)))
    assert store.said[-1] == "part_received"
    assert (store.orders[key].held, store.orders[key].held_for) == (8_000, Hold(HoldReason.WAITING))


def test_a_second_payment_that_names_no_link_is_asked_about_too(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured"), link_of(key, "paid")))
    again = replace(nameless(key), entity_id="pay_2")
    assert store.take(webhook(again), now=NOW + 1).calls == (FetchPayments(f"{key}.1", f"plink_{key}.1"),)
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured", id="pay_2")))
    assert store.said[-1] == "payment_surplus"
