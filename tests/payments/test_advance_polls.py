"""Polls: Razorpay is asked about each link until nothing more can come; answers count like webhooks."""

import pytest

from payments.ledger.calls import FetchPayments, RefundPayment
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.ledger.polling import Poll
from payments.shop.orders import Lifecycle
from tests.builders import (
    PACKET,
    InboxBody,
    captured,
    chat,
    link_created,
    link_kept,
    link_of,
    link_refused,
    payment_of,
    payments_fetched,
    poll,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop

DAY = 86_400_000


def test_a_made_link_begins_a_chain_of_polls(store: MemoryShop) -> None:
    key = store.order()
    assert not store.last.polls
    store.take(link_created(f"{key}.1"))
    assert store.last.polls == (Poll(f"{key}.1", NOW, 0),)
    store.take(link_created(f"{key}.1"))
    assert not store.last.polls


def test_each_poll_asks_and_begins_the_next(store: MemoryShop) -> None:
    key = store.order_with_link()
    first = store.last.polls[0]
    store.take(poll(first), now=first.due)
    assert store.last.calls == (FetchPayments(f"{key}.1", f"plink_{key}.1", refunding=[]),)
    assert store.last.polls == (Poll(f"{key}.1", NOW, 1),)
    assert store.said[-1] == "complete_payment"


def test_the_last_poll_comes_after_the_late_window_however_late_it_is(store: MemoryShop) -> None:
    key = store.order_with_link()
    for now in (NOW + 5 * DAY + 1_200_000, NOW + 300 * DAY):
        store.take(poll(Poll(f"{key}.1", NOW, 13)), now=now)
        assert [type(call) for call in store.last.calls] == [FetchPayments]
        assert not store.last.polls


def test_what_a_poll_finds_is_told_once_and_the_operator_hears_of_the_lost_webhook(store: MemoryShop) -> None:
    key = store.order_with_link()
    paid = payment_of(key, "captured")
    store.take(payments_fetched(f"{key}.1", paid), now=NOW)
    assert store.said.count("payment_successful") == 1
    [notice] = store.last.notices
    assert (notice.kind, notice.subject) == ("webhook", "razorpay")
    assert "enable it" in notice.said
    store.take(payments_fetched(f"{key}.1", paid), webhook(paid), now=NOW)
    assert store.said.count("payment_successful") == 1
    assert store.last.notices == ()


def test_a_poll_that_is_only_faster_than_the_webhook_accuses_nobody(store: MemoryShop) -> None:
    key = store.order_with_link()
    fresh = captured(PACKET, order_key=key, at=NOW // 1000 - 60)
    store.take(payments_fetched(f"{key}.1", fresh), now=NOW)
    assert (store.said[-1], store.last.notices) == ("payment_successful", ())


def test_a_paid_link_is_asked_about_once_more(store: MemoryShop) -> None:
    key = store.order_with_link()
    first = store.last.polls[0]
    store.take(webhook(payment_of(key, "captured"), link_of(key, "paid")))
    store.take(poll(first), now=first.due)
    assert [type(call) for call in store.last.calls] == [FetchPayments]
    assert not store.last.polls


def test_a_refund_under_way_is_asked_about_by_its_payment(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured", 20_000)))
    assert RefundPayment in {type(call) for call in store.last.calls}
    assert store.last.polls == (Poll(f"{key}.1", NOW, 0),)
    store.take(poll(store.last.polls[0]), now=NOW + DAY)
    assert store.last.calls == (FetchPayments(f"{key}.1", f"plink_{key}.1", refunding=["pay_1"]),)


def test_who_asks_in_vain_is_told_so_and_who_does_not_ask_is_not(store: MemoryShop) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(payments_fetched(f"{key}.1"))
    assert len(store.said) == before
    store.take(payments_fetched(f"{key}.1", asked=True))
    assert store.said[before:] == ["payment_not_found"]
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured"), asked=True))
    assert store.said[before + 1 :] == ["payment_successful"]


def doubted(key: str) -> InboxBody:
    """A webhook about a payment into an account that is not ours."""
    return webhook(payment_of(key, "captured"), account="acc_other", mode="test")


def test_what_an_event_gave_reason_to_doubt_our_own_keys_can_confirm(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.account = "acc_ours"
    store.take(doubted(key))
    state = store.orders[key]
    assert (state.lifecycle, state.held, state.held_for) == (
        "open", 18_000, Hold(HoldReason.MISMATCH, mismatch=Mismatch.ACCOUNT),
    )  # fmt: skip
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured")))
    state = store.orders[key]
    assert (state.lifecycle, state.held, state.held_for) == ("fulfilled", 0, None)
    assert store.said[-1] == "payment_successful"


def test_our_account_is_among_the_changes_when_it_is_learned_and_never_again(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured"), account="acc_ours"))
    assert (store.last.account, store.account) == ("acc_ours", "acc_ours")
    store.take(chat("hi"))
    assert (store.last.account, store.account) == (None, "acc_ours")


def test_what_our_own_keys_saw_first_is_not_doubted_later(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.account = "acc_ours"
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured")), doubted(key))
    assert (store.orders[key].lifecycle, store.orders[key].held_for) == ("fulfilled", None)


@pytest.mark.parametrize("stays", [False, True])
def test_who_says_that_they_have_paid_means_the_link_that_they_can_pay(
    store: MemoryShop, stays: bool
) -> None:
    old = store.order_with_link()
    store.order()
    store.take(link_kept(f"{old}.1") if stays else chat("menu"))
    store.take(chat("paid"))
    assert store.last.calls == (FetchPayments(f"{old}.1", None, asked=True),)
    store.take(payments_fetched(f"{old}.1", asked=True))
    assert store.said[-1] == "payment_not_found"
    store.take(payments_fetched(f"{old}.1", payment_of(old, "captured")))
    assert store.orders[old].lifecycle is Lifecycle.FULFILLED


def test_who_says_that_they_have_paid_without_a_link_hears_at_once_that_they_have_not(
    store: MemoryShop,
) -> None:
    key = store.order()
    store.take(link_refused(f"{key}.1"))
    store.take(chat("paid"))
    assert (store.last.calls, store.said[-1]) == ((), "payment_not_found")
    assert "checking_payment" not in store.said
