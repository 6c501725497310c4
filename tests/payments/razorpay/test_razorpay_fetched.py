"""The answers to polls become the same facts as webhooks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.facts import Detail, to_json
from payments.razorpay.fetched import link_facts, payment_facts, refund_facts

LINK = "plink_A1"
PAYMENT = {"id": "pay_1"}


def payment(status: object, id: str = "pay_1", **changed: Any) -> dict[str, Any]:
    return {
        "id": id,
        "status": status,
        "amount": 500,
        "currency": "INR",
        "created_at": 7,
        "method": "upi",
    } | changed


def refund(status: object, **changed: Any) -> dict[str, Any]:
    named = {"payment_id": "pay_1", "notes": {"munshi_refund": "pay_1-1"}, "receipt": "theirs"}
    return payment(status, "rfnd_1", **named) | changed


def test_states_are_those_of_webhooks() -> None:
    statuses = ("created", "authorized", "captured", "refunded", "failed")
    facts, problems = payment_facts(
        [payment(status, f"pay_{n}") for n, status in enumerate(statuses)], "k-1-1", LINK
    )
    assert [fact.state for fact in facts] == ["authorized", "captured", "captured", "failed"]
    assert {(fact.order_key, fact.entity, fact.amount) for fact in facts} == {("k-1-1", "payment", 500)}
    assert [fact.detail for fact in facts] == [Detail(method="upi", link=LINK)] * 4
    assert problems == ()


def test_what_was_given_back_before_it_was_captured_was_never_captured() -> None:
    payments = [payment("refunded", captured=False), payment("refunded", "pay_2", captured=True)]
    facts, problems = payment_facts(payments, "k-1-1", LINK)
    assert [(fact.entity_id, fact.state) for fact in facts] == [("pay_2", "captured")]
    assert problems == ()


def test_what_cannot_be_read_is_named_and_hides_nothing() -> None:
    facts, problems = payment_facts(
        [payment("captured", amount="500"), None, 5, payment([]), payment("captured")], "k-1-1", LINK
    )
    assert [fact.entity_id for fact in facts] == ["pay_1"]
    assert problems == ("payment: amount is str, not a whole number",)


@pytest.mark.parametrize(
    ("status", "state"), [("pending", "created"), ("processed", "processed"), ("failed", "failed")]
)
def test_a_refund_stands_as_its_webhooks_would_say(status: str, state: str) -> None:
    (fact,), problems = refund_facts([refund(status)], PAYMENT, "k-1-1")
    assert (fact.identity, fact.order_key, fact.amount) == (("refund", "rfnd_1", state), "k-1-1", 500)
    assert fact.detail == Detail(payment_id="pay_1", key="pay_1-1")
    assert problems == ()


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"notes": []}, "theirs"),
        ({"notes": {"munshi_refund": 5}}, "theirs"),
        ({"notes": None, "receipt": ""}, ""),
        ({"notes": None, "receipt": None}, ""),
    ],
)
def test_a_refund_s_key_is_in_its_notes_or_its_receipt(said: dict[str, Any], key: str) -> None:
    (fact,), _ = refund_facts([refund("processed", **said)], PAYMENT, "k-1-1")
    assert fact.detail == Detail(payment_id="pay_1", key=key)


def test_a_refund_of_what_was_never_captured_says_so() -> None:
    (fact,), _ = refund_facts([refund("processed")], {**PAYMENT, "captured": False}, "k-1-1")
    assert not fact.detail.captured
    (fact,), _ = refund_facts([refund("processed")], {**PAYMENT, "captured": True}, "k-1-1")
    assert fact.detail.captured


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"status": "odd"}, "refund: status is unknown"),
        ({"status": ["failed"]}, "refund: status is unknown"),
        ({"payment_id": "pay_2"}, "refund: payment_id is not the payment that was asked about"),
        ({"amount": -1}, "refund: amount is out of range"),
    ],
)
def test_a_refund_that_cannot_be_read_is_named(broken: dict[str, Any], problem: str) -> None:
    facts, problems = refund_facts([refund("processed") | broken, refund("failed")], PAYMENT, "k-1-1")
    assert [fact.state for fact in facts] == ["failed"]
    assert problems == (problem,)


@pytest.mark.parametrize("status", ["created", "partially_paid", "paid", "expired", "cancelled"])
def test_a_link_that_has_ended_says_how_and_with_how_much(status: str) -> None:
    link = payment(status, LINK, amount_paid=200)
    facts, problems = link_facts(link, "k-1-1")
    if status in ("created", "partially_paid"):
        assert facts == ()
    else:
        (fact,) = facts
        assert fact.identity == ("payment_link", LINK, status)
        assert (fact.order_key, fact.amount, fact.at, fact.detail) == ("k-1-1", 200, 7, Detail())
    assert problems == ()


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars | st.sampled_from(["refunded", "processed", "captured", "paid", "pay_1", "INR", "\ud800", 2**63]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "id",
    "status",
    "amount",
    "amount_paid",
    "currency",
    "created_at",
    "payment_id",
    "captured",
    "notes",
)
spoilt = st.dictionaries(st.sampled_from(FIELDS), values).map(lambda changed: refund("processed") | changed)


@given(st.lists(spoilt | values, max_size=4))
def test_no_answer_makes_reading_raise(items: list[Any]) -> None:
    readings = [payment_facts(items, "k-1-1", LINK), refund_facts(items, PAYMENT, "k-1-1")]
    readings += [link_facts(item, "k-1-1") for item in items if isinstance(item, dict)]
    for facts, _ in readings:
        json.dumps([to_json(fact) for fact in facts], ensure_ascii=False).encode()
