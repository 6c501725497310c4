"""Payment links, orders and payments of the sandbox Razorpay, and their JSON.

Source: Razorpay docs, "Payment Links", "Orders", "Payments" entities. Times are seconds since 1970, UTC;
amounts are paise.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Link:
    """A payment link."""

    id: str
    code: str
    """The last part of the short URL."""
    amount: int
    currency: str
    reference_id: str
    description: str
    customer: Json
    notify: Json
    notes: dict[str, str]
    reminder_enable: bool
    expire_by: int
    callback_url: str
    callback_method: str
    created_at: int
    updated_at: int
    short_url: str
    status: str = "created"
    amount_paid: int = 0
    cancelled_at: int = 0
    expired_at: int = 0
    order_id: str | None = None
    """None until the page is opened or a payment is tried."""
    is_card: bool = False
    """Whether it is no link, but an order card at WhatsApp that is paid by this account."""


@dataclass(slots=True)
class Order:
    """The order that Razorpay creates for a link when it is first opened."""

    id: str
    link_id: str
    amount: int
    currency: str
    receipt: str
    notes: dict[str, str]
    created_at: int
    status: str = "created"
    amount_paid: int = 0
    attempts: int = 0
    authorized: list[str] = field(default_factory=list)
    """Ids of the authorised payments that are not captured or refunded yet."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a payment failed."""

    description: str
    source: str
    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay. It is replaced, never changed, so that events can keep snapshots."""

    id: str
    order_id: str
    link_id: str
    amount: int
    currency: str
    method: str
    status: str
    contact: str
    notes: dict[str, str]
    created_at: int
    reference: str
    """The bank's reference number, 12 digits."""
    failure: Failure | None = None
    captured: bool = False
    """Whether it was captured; also true after a refund."""
    amount_refunded: int = 0
    fee_on_top: int = 0
    """Paise of the amount that are Razorpay's fee; 0 if the shop pays the fee."""

    @property
    def refund_status(self) -> str | None:
        """`full`, `partial` or None."""
        if not self.amount_refunded:
            return None
        return "full" if self.amount_refunded == self.amount else "partial"


def link_json(link: Link) -> Json:
    """Return a link as the API does. `payments` is empty, as observed even for paid links."""
    return {**link_webhook_json(link), "payments": []}


def link_webhook_json(link: Link) -> Json:
    """Return a link as its webhooks carry it."""
    entity: Json = {
        "accept_partial": False,
        "amount": link.amount,
        "amount_paid": link.amount_paid,
        "callback_method": link.callback_method,
        "callback_url": link.callback_url,
        "cancelled_at": link.cancelled_at,
        "created_at": link.created_at,
        "currency": link.currency,
        "customer": link.customer,
        "description": link.description,
        "expire_by": link.expire_by,
        "expired_at": link.expired_at,
        "first_min_partial_amount": 0,
        "id": link.id,
        "notes": link.notes or None,
        "notify": {"email": False, "sms": False, "whatsapp": False, **link.notify},
        "reference_id": link.reference_id,
        "reminder_enable": link.reminder_enable,
        "reminders": {},
        "short_url": link.short_url,
        "status": link.status,
        "updated_at": link.updated_at,
        "upi_link": False,
        "user_id": "",
        "whatsapp_link": False,
    }
    if link.order_id is not None:
        entity["order_id"] = link.order_id
    return entity


def order_json(order: Order) -> Json:
    """Return an order as both the API and webhooks do."""
    return {
        "id": order.id,
        "entity": "order",
        "amount": order.amount,
        "amount_paid": order.amount_paid,
        "amount_due": max(order.amount - order.amount_paid, 0),
        "currency": order.currency,
        "receipt": order.receipt or None,
        "offer_id": None,
        "status": order.status,
        "attempts": order.attempts,
        "notes": order.notes or [],
        "created_at": order.created_at,
        "description": None,
        "checkout": None,
    }


def payment_json(payment: Payment) -> Json:
    """Return a payment as both the API and webhooks do."""
    captured, failure = payment.captured, payment.failure
    tax = payment.amount * 2 // 100 * 18 // 100
    entity: Json = {
        "id": payment.id,
        "entity": "payment",
        "amount": payment.amount,
        "currency": payment.currency,
        "status": payment.status,
        "order_id": payment.order_id,
        "invoice_id": None,
        "international": False,
        "method": payment.method,
        "amount_refunded": payment.amount_refunded,
        "refund_status": payment.refund_status,
        "captured": captured,
        "description": "#" + payment.link_id.removeprefix("plink_") if _on_link(payment) else None,
        "card_id": None,
        "bank": "HDFC" if payment.method == "netbanking" else None,
        "wallet": "phonepe" if payment.method == "wallet" else None,
        "vpa": "asha@examplebank" if payment.method == "upi" else None,
        "email": "void@razorpay.com",
        "contact": payment.contact,
        "notes": payment.notes or [],
        "fee": payment.fee_on_top or payment.amount * 2 // 100 + tax if captured else None,
        "tax": tax if captured else None,
        "error_code": "BAD_REQUEST_ERROR" if failure else None,
        "error_description": failure.description if failure else None,
        "error_source": failure.source if failure else None,
        "error_step": failure.step if failure else None,
        "error_reason": failure.reason if failure else None,
        "acquirer_data": _acquirer_data(payment),
        "created_at": payment.created_at,
    }
    entity |= _method_data(payment)
    if captured:
        entity["base_amount"] = payment.amount
    return entity


def _on_link(payment: Payment) -> bool:
    return payment.link_id.startswith("plink_")


def payment_in_link_json(payment: Payment) -> Json:
    """Return a payment as `payment_link.*` webhooks carry it: with more keys, from another service."""
    entity = {"card": None, **payment_json(payment)}
    return {**entity, "amount_transferred": 0, "fee_bearer": "customer" if payment.fee_on_top else "platform"}


def _acquirer_data(payment: Payment) -> Json:
    reference = None if payment.failure else payment.reference
    match payment.method:
        case "upi" if payment.failure:
            return {"rrn": None}
        case "upi":
            return {"rrn": reference, "upi_transaction_id": f"{payment.reference:0>32}"}
        case "card":
            return {"auth_code": reference and reference[:6], "rrn": reference}
        case "netbanking":
            return {"bank_transaction_id": reference}
        case _:
            return {"transaction_id": reference}


def _method_data(payment: Payment) -> Json:
    if payment.method == "upi":
        return {"upi": {"payer_account_type": "bank_account", "vpa": "asha@examplebank"}}
    if payment.method != "card":
        return {}
    card = {
        "id": payment.id.replace("pay_", "card_"),
        "entity": "card",
        "name": "",
        "last4": "1007",
        "network": "Visa",
        "type": "debit",
        "issuer": "HDFC",
        "international": False,
        "emi": False,
        "sub_type": "consumer",
        "token_iin": None,
    }
    return {"card_id": card["id"], "card": card}
