"""Parses what Meta says of payments in the chat, and of the configuration by which they are made.

Pure; raises nothing. Neither is the truth about money: a payment is looked up at Razorpay with our own keys.

Source: Meta, Payments API India, "Payment gateway" and webhook payment_configuration_update, 2026.
"""

from dataclasses import dataclass
from typing import Final

from bot.whatsapp.loose import Json, clipped, identifier, integer, mapping

CONFIGURATION: Final = "payment_configuration_update"
"""The webhook field of news of a configuration."""
PAYMENT: Final = "payment"
"""The type of a status that is about a payment."""
_CAPTURED: Final = "captured"
_SUCCESS: Final = "success"
_ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class PaymentHint:
    """A card of ours is said to be paid."""

    phone_number_id: str | None
    reference: str
    """The card's reference id."""
    order_id: str
    """Razorpay's id of the order (`order_…`) on which it was paid."""
    amount: int
    """Paise."""
    currency: str
    at: int
    """When the payment began, in seconds since 1970, UTC; 0 if unreadable."""
    fragment: Json
    """What is stored as evidence: the payment without its payer."""

    @property
    def key(self) -> str:
        """Unique: Meta says the same of one order more than once."""
        return f"payment:{self.reference}:{self.order_id}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A payment configuration, and whether customers can pay by it."""

    name: str
    active: bool


def hint(status: Json, phone_number_id: str | None) -> PaymentHint | None:
    """Return what a status of the type `payment` says, if it says that a card was paid; else None.

    Samples differ in capital letters, and some say `success` of the transaction alone.
    """
    payment = mapping(status.get("payment"))
    transaction, amount = mapping(payment.get("transaction")), mapping(payment.get("amount"))
    said = {_lower(status.get("status")), _lower(transaction.get("status"))}
    reference, order_id = identifier(payment.get("reference_id")), identifier(transaction.get("id"))
    value, offset = integer(amount.get("value")), integer(amount.get("offset"))
    currency = payment.get("currency")
    readable = value is not None and value >= 0 and offset == 100 and isinstance(currency, str)
    if not said & {_CAPTURED, _SUCCESS} or reference is None or order_id is None or not readable:
        return None
    assert value is not None
    assert isinstance(currency, str)
    at = integer(transaction.get("created_timestamp")) or 0
    return PaymentHint(phone_number_id, reference, order_id, value, currency, max(0, at), {PAYMENT: payment})


def configuration(value: Json) -> Configuration | None:
    """Return what a change of the field `payment_configuration_update` says; None if it is unreadable."""
    name, status = clipped(value.get("configuration_name")), _lower(value.get("status"))
    return Configuration(name, status == _ACTIVE) if name and status else None


def _lower(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
