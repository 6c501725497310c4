"""Razorpay is asked about each link until nothing more can come, and what it says is told like a webhook."""

import pytest

from flows.engine.events import TextReceived
from payments.ledger import polling
from payments.ledger.calls import FetchPayments, RefundPayment
from payments.ledger.facts import Fact
from payments.ledger.polling import Poll
from payments.processing.step_input import Kind
from payments.shop.orders import Lifecycle
from tests.payments.memory_shop import NOW, Body, Store, chat, created, facts, fetched, kept, payment, refused

DAY = 86_400_000


def poll(due: Poll) -> tuple[Kind, Body]:
    return Kind.POLL, polling.to_json(due)


def test_a_made_link_begins_a_chain_of_polls(store: Store) -> None:
    key = store.order()
    assert not store.last.polls
    store.take(created(f"{key}.1"))
    assert store.last.polls == (Poll(f"{key}.1", NOW, 0),)
    store.take(created(f"{key}.1"))
    assert not store.last.polls


def test_each_poll_asks_and_begins_the_next(store: Store) -> None:
    key = store.order_with_link()
    first = store.last.polls[0]
    store.take(poll(first), now=first.due)
    assert store.last.calls == (FetchPayments(f"{key}.1", f"plink_{key}.1", refunding=[]),)
    assert store.last.polls == (Poll(f"{key}.1", NOW, 1),)
    assert store.said[-1] == "complete_payment"


def test_the_last_poll_comes_after_the_late_window_however_late_it_is(store: Store) -> None:
    key = store.order_with_link()
    for now in (NOW + 5 * DAY + 1_200_000, NOW + 300 * DAY):
        store.take(poll(Poll(f"{key}.1", NOW, 13)), now=now)
        assert [type(call) for call in store.last.calls] == [FetchPayments]
        assert not store.last.polls


def test_what_a_poll_finds_is_told_once_and_the_operator_hears_of_the_lost_webhook(store: Store) -> None:
    key = store.order_with_link()
    paid = payment(key, "captured")
    store.take(fetched(f"{key}.1", paid), now=NOW)
    assert store.said.count("payment_successful") == 1
    [notice] = store.last.notices
    assert (notice.kind, notice.subject) == ("webhook", "razorpay")
    assert "enable it" in notice.said
    store.take(fetched(f"{key}.1", paid), facts(paid), now=NOW)
    assert store.said.count("payment_successful") == 1
    assert store.last.notices == ()


def test_a_poll_that_is_only_faster_than_the_webhook_accuses_nobody(store: Store) -> None:
    key = store.order_with_link()
    fresh = Fact(key, "payment", "pay_1", "captured", 18_000, "INR", NOW // 1000 - 60, {})
    store.take(fetched(f"{key}.1", fresh), now=NOW)
    assert (store.said[-1], store.last.notices) == ("payment_successful", ())


def test_a_paid_link_is_asked_about_once_more(store: Store) -> None:
    key = store.order_with_link()
    first = store.last.polls[0]
    paid = Fact(key, "payment_link", f"plink_{key}.1", "paid", 18_000, "INR", 0)
    store.take(facts(payment(key, "captured"), paid))
    store.take(poll(first), now=first.due)
    assert [type(call) for call in store.last.calls] == [FetchPayments]
    assert not store.last.polls


def test_a_refund_under_way_is_asked_about_by_its_payment(store: Store) -> None:
    key = store.order_with_link()
    detail = {"link": f"plink_{key}.1"}
    store.take(facts(Fact(key, "payment", "pay_1", "captured", 20_000, "INR", 0, detail)))
    assert RefundPayment in {type(call) for call in store.last.calls}
    assert store.last.polls == (Poll(f"{key}.1", NOW, 0),)
    store.take(poll(store.last.polls[0]), now=NOW + DAY)
    assert store.last.calls == (FetchPayments(f"{key}.1", f"plink_{key}.1", refunding=["pay_1"]),)


def test_who_asks_in_vain_is_told_so_and_who_does_not_ask_is_not(store: Store) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(fetched(f"{key}.1"))
    assert len(store.said) == before
    store.take(fetched(f"{key}.1", asked=True))
    assert store.said[before:] == ["payment_not_found"]
    store.take(fetched(f"{key}.1", payment(key, "captured"), asked=True))
    assert store.said[before + 1 :] == ["payment_successful"]


def doubted(key: str) -> tuple[Kind, Body]:
    kind, body = facts(payment(key, "captured"))
    return kind, {**body, "account": "acc_other", "mode": "test"}


def test_what_an_event_gave_reason_to_doubt_our_own_keys_can_confirm(store: Store) -> None:
    key = store.order_with_link()
    store.account = "acc_ours"
    store.take(doubted(key))
    state = store.orders[key]
    assert (state.lifecycle, state.held, state.held_for) == (
        "open", 18_000, "mismatch: paid into another Razorpay account",
    )  # fmt: skip
    store.take(fetched(f"{key}.1", payment(key, "captured")))
    state = store.orders[key]
    assert (state.lifecycle, state.held, state.held_for) == ("fulfilled", 0, None)
    assert store.said[-1] == "payment_successful"


def test_our_account_is_among_the_changes_when_it_is_learned_and_never_again(store: Store) -> None:
    key = store.order_with_link()
    kind, body = facts(payment(key, "captured"))
    store.take((kind, {**body, "account": "acc_ours"}))
    assert (store.last.account, store.account) == ("acc_ours", "acc_ours")
    store.take(chat(TextReceived("hi")))
    assert (store.last.account, store.account) == (None, "acc_ours")


def test_what_our_own_keys_saw_first_is_not_doubted_later(store: Store) -> None:
    key = store.order_with_link()
    store.account = "acc_ours"
    store.take(fetched(f"{key}.1", payment(key, "captured")), doubted(key))
    assert (store.orders[key].lifecycle, store.orders[key].held_for) == ("fulfilled", None)


@pytest.mark.parametrize("stays", [False, True])
def test_who_says_that_they_have_paid_means_the_link_that_they_can_pay(store: Store, stays: bool) -> None:
    old = store.order_with_link()
    store.order()
    store.take(kept(f"{old}.1") if stays else chat(TextReceived("menu")))
    store.take(chat(TextReceived("paid")))
    assert store.last.calls == (FetchPayments(f"{old}.1", None, asked=True),)
    store.take(fetched(f"{old}.1", asked=True))
    assert store.said[-1] == "payment_not_found"
    store.take(fetched(f"{old}.1", payment(old, "captured")))
    assert store.orders[old].lifecycle is Lifecycle.FULFILLED


def test_who_says_that_they_have_paid_without_a_link_hears_at_once_that_they_have_not(store: Store) -> None:
    key = store.order()
    store.take(refused(f"{key}.1"))
    store.take(chat(TextReceived("paid")))
    assert (store.last.calls, store.said[-1]) == ((), "payment_not_found")
    assert "checking_payment" not in store.said
