"""The state of the sandbox Razorpay: links, their orders, and the payments tried on them.

Source: Razorpay docs, "Payment Links" (states), "Orders", "Late authorisation", "Auto-Refunds".
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sandbox.ids import Ids
from sandbox.razorpay_entities import Failure, Link, Order, Payment
from sandbox.razorpay_rules import Refused, check_attempt, check_link

_PAYER: Final = "+919876543210"
"""The payer's phone number if the link has no contact. It need not be the customer's."""
_NOT_CANCELLABLE: Final = {
    "paid": "cannot cancel or expire an already paid / partially paid link",
    "partially_paid": "cannot cancel or expire an already paid / partially paid link",
    "cancelled": "cannot cancel or expire a cancelled link",
    "expired": "cannot cancel or expire an expired link",
}


class NotPayableError(Exception):
    """The link, order or payment can take no money in its state."""


class Captured(NamedTuple):
    """A captured payment, and what it paid."""

    payment: Payment
    order_paid: bool
    """False for too little money, or another currency: the order is then still unpaid."""
    link_paid: bool
    """False also if the link had ended already."""


class Ledger:
    """All links, orders and payments. Times are in seconds since 1970, UTC."""

    def __init__(self, now: Callable[[], int], ids: Ids) -> None:
        """`now` gives milliseconds UTC."""
        self.links: dict[str, Link] = {}
        self.orders: dict[str, Order] = {}
        self.payments: dict[str, Payment] = {}
        self.payer_bears_fee = False
        """Whether Razorpay's fee is added to a link's amount."""
        self._references: set[str] = set()
        self._by_code: dict[str, Link] = {}
        self._open: dict[str, Link] = {}
        self._now = now
        self._ids = ids

    def now(self) -> int:
        """Return the time in seconds since 1970, UTC."""
        return self._now() // 1000

    def create(self, wanted: Mapping[str, Any], page_url: str) -> Link:
        """Create a link from the API's fields. Raises Refused with Razorpay's message."""
        now = self.now()
        check_link(wanted, now)
        reference = wanted.get("reference_id") or ""
        if reference in self._references:
            raise Refused(
                f"payment link with given reference_id: {reference} already exists."
                " Please create a payment link with a different reference_id"
            )
        if reference:
            self._references.add(reference)
        code = self._ids.base62(8)
        link = Link(
            id=f"plink_{self._ids.base62()}",
            code=code,
            amount=wanted["amount"],
            currency="INR",
            reference_id=reference,
            description=wanted.get("description") or "",
            customer=wanted.get("customer") or {},
            notify=wanted.get("notify") or {},
            notes=dict(wanted.get("notes") or {}),
            reminder_enable=bool(wanted.get("reminder_enable")),
            expire_by=wanted.get("expire_by") or 0,
            callback_url=wanted.get("callback_url") or "",
            callback_method=wanted.get("callback_method") or "",
            created_at=now,
            updated_at=now,
            short_url=f"{page_url}/l/{code}",
        )
        self.links[link.id] = self._by_code[code] = self._open[link.id] = link
        return link

    def card(self, receipt: str, amount: int, notes: Mapping[str, str], expire_by: int) -> Link:
        """Return the order card with this receipt, for which WhatsApp has orders made.

        Its payments do not have its notes: only its orders do.
        """
        now = self.now()
        known = self.links.get(f"card {receipt}")
        if known is not None:
            return known
        card = Link(
            id=f"card {receipt}",
            code="",
            amount=amount,
            currency="INR",
            reference_id=receipt,
            description="",
            customer={},
            notify={},
            notes=dict(notes),
            reminder_enable=False,
            expire_by=expire_by,
            callback_url="",
            callback_method="",
            created_at=now,
            updated_at=now,
            short_url="",
            is_card=True,
        )
        self.links[card.id] = card
        return card

    def find(self, link: str) -> Link:
        """Return the link with this id, short URL or code. Raises LookupError."""
        entity = self.links.get(link) or self._by_code.get(link.rsplit("/", 1)[-1])
        if entity is None:
            raise LookupError(f"no payment link {link!r}")
        return entity

    def payable(self, link: Link) -> bool:
        """Whether the link takes payments."""
        return link.status == "created" and not self._overdue(link)

    def order_of(self, link: Link) -> Order:
        """Return the link's order; create it on first use."""
        if link.order_id is None:
            order = Order(
                id=f"order_{self._ids.base62()}",
                link_id=link.id,
                amount=link.amount,
                currency=link.currency,
                receipt=link.reference_id,
                notes=link.notes,
                created_at=self.now(),
            )
            self.orders[order.id] = order
            link.order_id = order.id
        return self.orders[link.order_id]

    def payment(self, payment_id: str) -> Payment:
        """Return the payment with this id. Raises LookupError."""
        payment = self.payments.get(payment_id)
        if payment is None:
            raise LookupError(f"no payment {payment_id!r}")
        return payment

    def require_payable(self, link: Link) -> None:
        """Raise NotPayableError unless the link takes a new attempt: none while a payment is authorised."""
        if not self.payable(link):
            raise NotPayableError(f"{link.id} is {'over' if link.status == 'created' else link.status}")
        authorized = self.order_of(link).authorized
        if authorized:
            raise NotPayableError(f"{authorized[0]} is authorised on {link.id} already")

    def authorize(
        self, link: Link, method: str, amount: int | None = None, currency: str | None = None
    ) -> Payment:
        """Authorise a new payment, by default of the link's amount, even if the link has ended meanwhile."""
        return self._authorized(self._attempt(link, method, amount, currency))

    def authorize_late(self, payment_id: str) -> Payment:
        """Authorise a failed payment late. Raises NotPayableError unless it has failed, LookupError."""
        payment = self.payment(payment_id)
        if payment.status != "failed":
            raise NotPayableError(f"{payment_id} is {payment.status}")
        return self._authorized(payment)

    def fail(self, link: Link, method: str, failure: Failure) -> Payment:
        """Record a failed attempt. The link does not change."""
        payment = replace(self._attempt(link, method), status="failed", failure=failure)
        self.payments[payment.id] = payment
        return payment

    def capture(self, payment_id: str) -> Captured:
        """Capture an authorised payment. A link that has ended keeps its status.

        Raises NotPayableError if the payment is not authorised, LookupError if it is unknown.
        """
        payment = self.payment(payment_id)
        if payment.status != "authorized":
            raise NotPayableError(f"{payment_id} is {payment.status}")
        payment = replace(payment, status="captured", captured=True)
        order, link = self.orders[payment.order_id], self.links[payment.link_id]
        self.payments[payment.id] = payment
        order.authorized.remove(payment.id)
        if payment.currency != order.currency:
            return Captured(payment, order_paid=False, link_paid=False)
        net = payment.amount - payment.fee_on_top
        order.amount_paid += net
        was_open, enough = link.status == "created", net >= order.amount
        if was_open:
            link.amount_paid = order.amount_paid
        if enough:
            order.status = "paid"
        if was_open and enough:
            self._end(link, "paid")
        return Captured(payment, order_paid=enough, link_paid=was_open and enough)

    def refund(self, payment_id: str, amount: int) -> None:
        """Add `amount` to the refunded amount of the payment. It is negative if a refund has failed."""
        payment = self.payment(payment_id)
        refunded = replace(payment, amount_refunded=payment.amount_refunded + amount)
        status = "refunded" if refunded.refund_status == "full" else "captured"
        self.payments[payment_id] = replace(refunded, status=status)
        authorized = self.orders[payment.order_id].authorized
        if payment_id in authorized:
            authorized.remove(payment_id)

    def cancel(self, link: Link) -> None:
        """Cancel a link. Raises Refused unless its status is `created`."""
        self._require_created(link)
        link.cancelled_at = self.now()
        self._end(link, "cancelled")

    def expire(self, link: Link) -> None:
        """Expire a link now. Raises Refused unless its status is `created`."""
        self._require_created(link)
        link.expired_at = self.now()
        self._end(link, "expired")

    def expire_due(self) -> list[Link]:
        """Expire the links that are due, and return them."""
        due = [link for link in self._open.values() if self._overdue(link)]
        for link in due:
            self.expire(link)
        return due

    def _require_created(self, link: Link) -> None:
        if link.status != "created":
            raise Refused(_NOT_CANCELLABLE[link.status])

    def _overdue(self, link: Link) -> bool:
        return bool(link.expire_by) and self.now() >= link.expire_by

    def _attempt(
        self, link: Link, method: str, amount: int | None = None, currency: str | None = None
    ) -> Payment:
        amount = link.amount if amount is None else amount
        currency = link.currency if currency is None else currency
        check_attempt(method, amount, currency)
        order = self.order_of(link)
        order.attempts += 1
        if order.status == "created":
            order.status = "attempted"
        fee = amount * 236 // 10_000 if self.payer_bears_fee else 0
        return Payment(
            id=f"pay_{self._ids.base62()}",
            order_id=order.id,
            link_id=link.id,
            amount=amount + fee,
            fee_on_top=fee,
            currency=currency,
            method=method,
            status="created",
            contact=link.customer.get("contact") or _PAYER,
            notes={} if link.is_card else link.notes,
            created_at=self.now(),
            reference=self._ids.digits(12),
        )

    def _authorized(self, attempt: Payment) -> Payment:
        payment = replace(attempt, status="authorized", failure=None)
        self.payments[payment.id] = payment
        self.orders[payment.order_id].authorized.append(payment.id)
        return payment

    def _end(self, link: Link, status: str) -> None:
        link.status, link.updated_at = status, self.now()
        self._open.pop(link.id, None)
