"""Refunds and disputes of the sandbox Razorpay, and their JSON.

Source: Razorpay docs, "Refunds" and "Disputes" entities. Times are seconds since 1970, UTC; amounts are
in the smallest unit of the payment's currency.
"""

from dataclasses import dataclass
from typing import Final

from sandbox.razorpay_entities import Json, Payment

DISPUTE_STATES: Final = ("created", "under_review", "action_required", "won", "lost", "closed")
_TIME_TO_RESPOND: Final = 6 * 24 * 3600
_OPEN: Final = {"created": "open", "action_required": "open"}
"""Status by state, where a dispute's status differs from the state that its event names."""
_EVIDENCE: Final = (
    "shipping_proof",
    "billing_proof",
    "cancellation_proof",
    "customer_communication",
    "proof_of_service",
    "explanation_letter",
    "refund_confirmation",
    "access_activity_log",
    "refund_cancellation_policy",
    "term_and_conditions",
    "others",
)


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund. It is replaced, never changed, so that events can keep snapshots."""

    id: str
    payment_id: str
    amount: int
    currency: str
    notes: dict[str, str]
    receipt: str | None
    speed: str
    """The requested speed: `normal` or `optimum`."""
    created_at: int
    status: str = "pending"
    """`pending`, then `processed` or `failed`."""
    reference: str | None = None
    """The bank's reference number; None until it is processed."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute that a payer opened at the bank."""

    id: str
    payment_id: str
    amount: int
    currency: str
    respond_by: int
    created_at: int
    state: str = "created"
    """One of DISPUTE_STATES."""


def new_dispute(payment: Payment, dispute_id: str, now: int) -> Dispute:
    """Return a new dispute of the whole payment. Raises ValueError if the payment was never captured."""
    if not payment.captured:
        raise ValueError(f"{payment.id} was never captured")
    return Dispute(dispute_id, payment.id, payment.amount, payment.currency, now + _TIME_TO_RESPOND, now)


def refund_json(refund: Refund) -> Json:
    """Return a refund as both the API and webhooks do."""
    return {
        "id": refund.id,
        "entity": "refund",
        "amount": refund.amount,
        "currency": refund.currency,
        "payment_id": refund.payment_id,
        "notes": refund.notes or [],
        "receipt": refund.receipt,
        "acquirer_data": {"arn": refund.reference},
        "created_at": refund.created_at,
        "batch_id": None,
        "status": refund.status,
        "speed_processed": "normal",
        "speed_requested": refund.speed,
    }


def dispute_json(dispute: Dispute) -> Json:
    """Return a dispute as its webhooks carry it."""
    evidence: Json = {"amount": dispute.amount, "summary": None}
    evidence |= dict.fromkeys(_EVIDENCE)
    return {
        "id": dispute.id,
        "entity": "dispute",
        "payment_id": dispute.payment_id,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "amount_deducted": dispute.amount if dispute.state == "lost" else 0,
        "reason_code": "processed_invalid_expired_card",
        "respond_by": dispute.respond_by,
        "status": _OPEN.get(dispute.state, dispute.state),
        "phase": "chargeback",
        "created_at": dispute.created_at,
        "evidence": {**evidence, "submitted_at": None},
    }
