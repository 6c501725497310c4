"""Refunds of the sandbox Razorpay: by API calls, settled later, or made by Razorpay itself.

Source: Razorpay docs, "Create a Normal Refund", "Normal Refund (Idempotent Request)", "Auto-Refunds".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sandbox.delivery import SignedEvent
from sandbox.ids import Ids
from sandbox.razorpay_entities import Json, Payment
from sandbox.razorpay_ledger import Ledger
from sandbox.razorpay_reversals import Refund
from sandbox.razorpay_rules import MIN_AMOUNT, Refused, check_fields, check_notes, conflict_body
from sandbox.razorpay_webhooks import Webhooks

USUAL_DELAY_MS: Final = 2 * 3600 * 1000
"""How long the bank takes for a refund by default."""
TRIAL_DELAY_MS: Final = 15_000
"""How long it takes where somebody tries the shop out: they want to see its end."""
_FIELDS: Final = frozenset({"amount", "speed", "notes", "receipt"})
_SPEEDS: Final = ("normal", "optimum")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_KEY_LENGTH: Final = 10
"""The shortest idempotency key, in characters."""


class RefundRefused(Refused):
    """Razorpay refuses this refund: a 400 with more fields than one about a payment link."""

    def __init__(self, description: str, field: str | None = None) -> None:
        super().__init__(description)
        self._field = {} if field is None else {"field": field}

    def body(self) -> Json:
        """Return the body of the answer."""
        details = {"source": "business", "step": "payment_initiation", "reason": "input_validation_failed"}
        error = {"code": "BAD_REQUEST_ERROR", "description": str(self), **details, "metadata": {}}
        return {"error": error | self._field}


class KeyConflict(Refused):
    """The idempotency key was used for another request: a 409."""

    status = 409

    def body(self) -> Json:
        """Return the body of the answer."""
        return conflict_body(str(self))


@dataclass(frozen=True, slots=True)
class _Request:
    """The request for which an idempotency key was first used."""

    payment_id: str
    wanted: Mapping[str, Any]
    refund_id: str


class Refunds:
    """All refunds of the sandbox Razorpay."""

    def __init__(self, ledger: Ledger, webhooks: Webhooks, ids: Ids, now: Callable[[], int]) -> None:
        """`now` gives milliseconds UTC."""
        self.refunds: dict[str, Refund] = {}
        self.delay_ms = USUAL_DELAY_MS
        """How long the bank takes for a new refund, in milliseconds; 0: it is done at once."""
        self._ledger = ledger
        self._webhooks = webhooks
        self._ids = ids
        self._now = now
        self._requests: dict[str, _Request] = {}
        """Requests by idempotency key."""
        self._due: dict[str, int] = {}
        """When each pending refund is settled, in milliseconds since 1970, UTC."""

    def ask(self, payment_id: str, wanted: Mapping[str, Any], key: str | None) -> Refund:
        """Make the refund of an API call; return the same refund for the same key. Raises Refused."""
        if key is None:
            return self.make(payment_id, wanted)
        _check_key(key)
        earlier = self._requests.get(key)
        if earlier is None:
            refund = self.make(payment_id, wanted)
            self._requests[key] = _Request(payment_id, wanted, refund.id)
            return refund
        if (earlier.payment_id, earlier.wanted) != (payment_id, wanted):
            raise KeyConflict("Different request with the same idempotency key has already been processed.")
        return self.refunds[earlier.refund_id]

    def make(self, payment_id: str, wanted: Mapping[str, Any]) -> Refund:
        """Refund a captured payment, with its webhooks. Raises Refused, or LookupError if it is unknown."""
        payment = self._ledger.payment(payment_id)
        amount = _checked_amount(payment, wanted)
        self._ledger.refund(payment_id, amount)
        refund = self._new(payment, amount, wanted)
        if self.delay_ms:
            self._due[refund.id] = self._now() + self.delay_ms
            self._webhooks.emit(self._webhooks.refund("refund.created", refund))
            return refund
        events = self._webhooks.refund("refund.created", refund)
        self._webhooks.emit(events + self._settled(refund, "processed"))
        return self.refunds[refund.id]

    def give_back(self, payment: Payment) -> list[SignedEvent]:
        """Make Razorpay's own refund of an authorised payment that will never be captured: done at once."""
        self._ledger.refund(payment.id, payment.amount)
        refund = replace(self._new(payment, payment.amount, {}), status="processed")
        self.refunds[refund.id] = refund
        return [*self._webhooks.refund("refund.created", refund), *self._settled(refund, "processed")]

    def settle(self, refund_id: str, status: str) -> None:
        """Settle a pending refund as `processed` or `failed` at the bank.

        Raises LookupError for an unknown refund, ValueError for another status or a settled refund.
        """
        refund = self.refunds.get(refund_id)
        if refund is None:
            raise LookupError(f"no refund {refund_id!r}")
        if status not in ("processed", "failed"):
            raise ValueError(f"a refund is settled as processed or failed, not {status!r}")
        if refund.status != "pending":
            raise ValueError(f"{refund_id} is {refund.status} already")
        self._webhooks.emit(self._settled(refund, status))

    def settle_due(self) -> None:
        """Settle the refunds that are due as processed."""
        now = self._now()
        for refund_id in [refund_id for refund_id, due in self._due.items() if due <= now]:
            self.settle(refund_id, "processed")

    def of(self, payment_id: str) -> list[Refund]:
        """Return the payment's refunds, newest first."""
        return [refund for refund in reversed(self.refunds.values()) if refund.payment_id == payment_id]

    def _new(self, payment: Payment, amount: int, wanted: Mapping[str, Any]) -> Refund:
        refund = Refund(
            id=f"rfnd_{self._ids.base62()}",
            payment_id=payment.id,
            amount=amount,
            currency=payment.currency,
            notes=dict(wanted.get("notes") or {}),
            receipt=wanted.get("receipt"),
            speed=wanted.get("speed", "normal"),
            created_at=self._ledger.now(),
        )
        self.refunds[refund.id] = refund
        return refund

    def _settled(self, refund: Refund, status: str) -> list[SignedEvent]:
        self._due.pop(refund.id, None)
        reference = self._ids.digits(23) if status == "processed" else None
        settled = replace(refund, status=status, reference=reference)
        self.refunds[refund.id] = settled
        if status == "failed":
            self._ledger.refund(refund.payment_id, -refund.amount)
        return self._webhooks.refund(f"refund.{status}", settled)


def _check_key(key: str) -> None:
    if len(key) < _KEY_LENGTH:
        raise RefundRefused("The idempotency key must be at least 10 characters long.")
    if not _KEY.fullmatch(key):
        raise RefundRefused(
            "The idempotency key must only contain alphanumeric characters, underscores, and hyphens"
        )


def _checked_amount(payment: Payment, wanted: Mapping[str, Any]) -> int:
    """Return the amount to refund, by default all that is left. Raises Refused if Razorpay would refuse."""
    _check_form(wanted)
    if payment.status == "refunded":
        raise RefundRefused("The payment has been fully refunded already.")
    if payment.status != "captured":
        raise RefundRefused("The payment status should be captured for action to be taken")
    remaining = payment.amount - payment.amount_refunded
    amount = wanted.get("amount", remaining)
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise RefundRefused("The amount must be an integer.", "amount")
    if amount < MIN_AMOUNT:
        raise RefundRefused("The amount must be at least INR 1.00", "amount")
    if amount > remaining:
        raise RefundRefused("The refund amount provided is greater than amount captured.", "amount")
    return amount


def _check_form(wanted: Mapping[str, Any]) -> None:
    check_fields(wanted, _FIELDS)
    check_notes(wanted)
    receipt = wanted.get("receipt")
    if receipt is not None and not isinstance(receipt, str):
        raise RefundRefused("The receipt must be a string.", "receipt")
    if wanted.get("speed", "normal") not in _SPEEDS:
        raise RefundRefused("The speed must be normal or optimum.", "speed")
