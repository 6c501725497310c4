"""The sandbox Razorpay's own books: links, their orders, and the payments tried on them.

Source: Razorpay docs, "Payment Links" (states), "Orders", "Late authorisation".
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.sandbox.ids import Ids
from bot.sandbox.razorpay_entities import Failure, Link, Order, Payment
from bot.sandbox.razorpay_rules import Refused, check_link

METHODS: Final = ("upi", "card", "netbanking", "wallet")
_PAYER: Final = "+919876543210"
"""Who pays when the link names nobody: the payer's number need not be the customer's."""
_NOT_CANCELLABLE: Final = {
    "paid": "cannot cancel or expire an already paid / partially paid link",
    "cancelled": "cannot cancel or expire a cancelled link",
    "expired": "cannot cancel or expire an expired link",
}


class NotPayableError(Exception):
    """The link or order takes no payment any more."""


class Ledger:
    """Everything Razorpay knows. Times are in seconds since 1970, UTC."""

    def __init__(self, now: Callable[[], int], ids: Ids) -> None:
        """`now` gives milliseconds UTC."""
        self.links: dict[str, Link] = {}
        self.orders: dict[str, Order] = {}
        self.payments: dict[str, Payment] = {}
        self._references: set[str] = set()
        self._by_code: dict[str, Link] = {}
        self._open: dict[str, Link] = {}
        self._now = now
        self._ids = ids

    def now(self) -> int:
        """Seconds since 1970, UTC."""
        return self._now() // 1000

    def create(self, wanted: Mapping[str, Any], page_url: str) -> Link:
        """A new link. Raises Refused with Razorpay's own words."""
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

    def find(self, link: str) -> Link:
        """The link with this id, short URL or code. Raises LookupError."""
        found = self.links.get(link) or self._by_code.get(link.rsplit("/", 1)[-1])
        if found is None:
            raise LookupError(f"no payment link {link!r}")
        return found

    def payable(self, link: Link) -> bool:
        """True while the link takes payments."""
        return link.status == "created" and not self._overdue(link)

    def order_of(self, link: Link) -> Order:
        """The link's order, made now if this is the first time anybody needs it."""
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

    def succeed(self, link: Link, method: str) -> Payment:
        """A captured payment of the whole amount. Raises NotPayableError."""
        return self._capture(self._attempt(link, method))

    def fail(self, link: Link, method: str, failure: Failure) -> Payment:
        """A failed attempt; the link stays payable. Raises NotPayableError."""
        payment = replace(self._attempt(link, method), status="failed", failure=failure)
        self.payments[payment.id] = payment
        return payment

    def succeed_late(self, payment_id: str) -> Payment:
        """The bank says yes after all to a failed payment, whatever became of its link.

        Raises NotPayableError if it had not failed or its order is paid already, LookupError if unknown.
        """
        payment = self.payments[payment_id]
        order = self.orders[payment.order_id]
        if payment.status != "failed" or order.status == "paid":
            raise NotPayableError(f"{payment_id} is {payment.status}, its order {order.status}")
        return self._capture(payment)

    def cancel(self, link: Link) -> None:
        """Cancel a link. Raises Refused unless it is still created."""
        if link.status != "created":
            raise Refused(_NOT_CANCELLABLE[link.status])
        link.cancelled_at = self.now()
        self._end(link, "cancelled")

    def expire_due(self) -> list[Link]:
        """Expire the links whose time is over; returns them."""
        due = [link for link in self._open.values() if self._overdue(link)]
        for link in due:
            link.expired_at = self.now()
            self._end(link, "expired")
        return due

    def _overdue(self, link: Link) -> bool:
        return bool(link.expire_by) and self.now() >= link.expire_by

    def _attempt(self, link: Link, method: str) -> Payment:
        if method not in METHODS:
            raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
        if not self.payable(link):
            raise NotPayableError(f"{link.id} is {'over' if link.status == 'created' else link.status}")
        order = self.order_of(link)
        order.attempts += 1
        order.status = "attempted"
        return Payment(
            id=f"pay_{self._ids.base62()}",
            order_id=order.id,
            link_id=link.id,
            amount=link.amount,
            currency=link.currency,
            method=method,
            status="created",
            contact=link.customer.get("contact") or _PAYER,
            notes=link.notes,
            created_at=self.now(),
            reference=self._ids.digits(12),
        )

    def _capture(self, attempt: Payment) -> Payment:
        payment = replace(attempt, status="captured", failure=None)
        self.payments[payment.id] = payment
        order, link = self.orders[payment.order_id], self.links[payment.link_id]
        order.status, order.amount_paid = "paid", payment.amount
        if link.status == "created":
            link.amount_paid = payment.amount
            self._end(link, "paid")
        return payment

    def _end(self, link: Link, status: str) -> None:
        link.status, link.updated_at = status, self.now()
        del self._open[link.id]
