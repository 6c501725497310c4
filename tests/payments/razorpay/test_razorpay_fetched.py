"""Payments that were asked for become the facts that webhooks tell."""

from typing import Any

from payments.razorpay.webhook import payment_facts


def payment(status: str, id: str = "pay_1", **changed: Any) -> dict[str, Any]:
    return {
        "id": id,
        "status": status,
        "amount": 500,
        "currency": "INR",
        "created_at": 7,
        "method": "upi",
    } | changed


def test_states_are_those_of_webhooks() -> None:
    statuses = ("created", "authorized", "captured", "refunded", "failed")
    facts, problems = payment_facts(
        [payment(status, f"pay_{n}") for n, status in enumerate(statuses)], "k-1-1"
    )
    assert [fact.state for fact in facts] == ["authorized", "captured", "captured", "failed"]
    assert {(fact.order_key, fact.entity, fact.amount) for fact in facts} == {("k-1-1", "payment", 500)}
    assert problems == ()


def test_what_cannot_be_read_is_named_and_hides_nothing() -> None:
    facts, problems = payment_facts(
        [payment("captured", amount="500"), None, 5, payment("captured")], "k-1-1"
    )
    assert [fact.entity_id for fact in facts] == ["pay_1"]
    assert problems == ("payment: amount is str, not a whole number",)
