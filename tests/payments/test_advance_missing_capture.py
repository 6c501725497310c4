"""A link reported as paid, or an authorised payment, before its capture is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.balance import balance
from payments.ledger.calls import CancelLink, CreateLink, FetchPayments
from payments.ledger.facts import Fact
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind
from tests.builders import chat, link_of, link_withdrawn, payment_of, payments_fetched, webhook
from tests.payments.memory_shop import MemoryShop


def asks(key: str) -> FetchPayments:
    return FetchPayments(f"{key}.1", f"plink_{key}.1")


def test_a_link_said_to_be_paid_is_asked_about_and_its_payment_is_told_once(store: MemoryShop) -> None:
    key = store.order_with_link()
    assert store.take(webhook(link_of(key, "paid"))).calls == (asks(key),)
    assert store.orders[key].status == "held"
    store.take(chat("try again"))
    assert store.said[-1] == "how_it_stands"
    assert not any(isinstance(call, CreateLink) for call in store.last.calls)
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured")))
    store.take(
        webhook(payment_of(key, "captured")), payments_fetched(f"{key}.1", payment_of(key, "captured"))
    )
    assert store.said.count("payment_successful") == 1
    assert store.orders[key].status == "paid"


def test_a_link_that_could_not_be_cancelled_because_it_is_paid(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(chat("cancel"))
    assert CancelLink(f"{key}.1", f"plink_{key}.1") in store.last.calls
    assert store.take(link_withdrawn(f"{key}.1", "paid")).calls == (asks(key),)
    store.take(payments_fetched(f"{key}.1", payment_of(key, "captured")))
    assert store.said[-1] == "payment_successful"


def test_a_payment_that_the_webhook_told_first_is_not_asked_for(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured")))
    assert store.take(link_withdrawn(f"{key}.1", "paid")).calls == ()


def test_while_the_bank_has_said_yes_no_second_link_is_made(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "authorized")))
    assert store.orders[key].status == "authorised"
    for words in ("try again", "cancel", "pay now"):
        assert store.take(chat(words)).calls == ()
        assert store.said[-1] == "how_it_stands"
    store.take(webhook(payment_of(key, "captured")))
    assert store.said[-1] == "payment_successful"


def test_two_amounts_for_one_payment_wait_for_a_person(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured", amount=100)))
    store.take(webhook(payment_of(key, "captured", amount=18_000)))
    assert store.outcomes == [Outcome.PARKED]
    assert "two amounts for pay_1: 100 and 18000" in str(store.last.results[0].error)


def test_what_could_not_be_read_waits_for_a_person_unless_the_order_is_paid_anyway(store: MemoryShop) -> None:
    key = store.order_with_link()
    unreadable = EventKind.FACTS, {"order_key": key, "facts": [], "problems": ["payment: amount is str"]}
    store.take(unreadable)
    assert store.outcomes == [Outcome.PARKED]
    store.take(webhook(payment_of(key, "captured")), unreadable)
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]


def test_a_fetched_payment_that_cannot_be_read_waits_for_a_person(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(link_of(key, "paid")))
    store.take(payments_fetched(f"{key}.1", problems=("payment: amount is str",)))
    assert store.outcomes == [Outcome.PARKED]


_CURRENCY = {"pay_1": "INR", "pay_2": "INR", "pay_3": "INR", "pay_4": "USD"}
"""The currency of each payment. A fact with another currency would be parked."""
_FACTS = st.lists(
    st.builds(
        lambda state, amount, id: payment_of("c-1-1", state, amount, id, _CURRENCY[id]),
        st.sampled_from(["captured", "authorized", "failed"]),
        st.sampled_from([100, 9_000, 18_000]),
        st.sampled_from(sorted(_CURRENCY)),
    ),
    max_size=8,
)


@given(_FACTS)
def test_a_settled_order_never_falls_back(told: list[Fact]) -> None:
    settled = [balance(18_000, "INR", told[:count]).paid_in_full for count in range(len(told) + 1)]
    assert settled == sorted(settled)


@pytest.mark.parametrize("status", ["paid", "expired", "cancelled"])
def test_word_of_a_link_only_moves_it_forward(store: MemoryShop, status: str) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured"), link_of(key, "paid")))
    store.take(webhook(link_of(key, status)), link_withdrawn(f"{key}.1", status))
    assert store.status(key) == "paid"
