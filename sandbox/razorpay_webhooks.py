"""The webhooks of the sandbox Razorpay: build them from the ledger, sign, record and deliver them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import razorpay_events
from sandbox.delivery import Courier, SignedEvent
from sandbox.ids import Ids
from sandbox.razorpay_entities import Json, Link, Payment
from sandbox.razorpay_ledger import Captured, Ledger
from sandbox.razorpay_reversals import Dispute, Refund


class Webhooks:
    """One account's events. The other methods build and return events; only `emit` delivers them."""

    def __init__(self, account_id: str, secret: str, ledger: Ledger, courier: Courier, ids: Ids) -> None:
        """`secret` is the webhook secret."""
        self._account = account_id
        self._secret = secret
        self._ledger = ledger
        self._courier = courier
        self._ids = ids
        self._events: dict[str, list[SignedEvent]] = {}

    def emit(self, events: Sequence[SignedEvent]) -> None:
        """Deliver `events` in the background."""
        self._courier.emit("razorpay", events)

    def signed(self, envelope: Mapping[str, Any]) -> SignedEvent:
        """Return `envelope` signed under a new event id; it is neither delivered nor recorded."""
        return razorpay_events.signed(dict(envelope), self._ids.base62(), self._secret)

    def of(self, link_id: str) -> list[SignedEvent]:
        """Return every event about the link and its payments so far, oldest first."""
        return list(self._events.get(link_id, ()))

    def authorized(self, payment: Payment) -> list[SignedEvent]:
        """Return the event of an authorised payment."""
        return self._payment("payment.authorized", payment)

    def captured(self, captured: Captured) -> list[SignedEvent]:
        """Return the events of a captured payment, and of the order and link that it paid."""
        payment = captured.payment
        order, link = self._ledger.orders[payment.order_id], self._ledger.links[payment.link_id]
        events = self._payment("payment.captured", payment)
        if captured.order_paid:
            paid = razorpay_events.order_paid(self._account, order, payment, self._ledger.now())
            events += self._recorded(link.id, paid)
        if captured.link_paid and not link.is_card:
            events += self._recorded(link.id, razorpay_events.link_paid(self._account, link, order, payment))
        return events

    def failed(self, payment: Payment) -> list[SignedEvent]:
        """Return the event of a failed attempt."""
        return self._payment("payment.failed", payment)

    def ended(self, link: Link) -> list[SignedEvent]:
        """Return the event of an expired or cancelled link."""
        return self._recorded(link.id, razorpay_events.link_ended(self._account, link))

    def refund(self, name: str, refund: Refund) -> list[SignedEvent]:
        """Return `refund.created`, `refund.processed` or `refund.failed`, with the payment as it is now."""
        payment, now = self._ledger.payment(refund.payment_id), self._ledger.now()
        envelope = razorpay_events.refund_event(self._account, name, refund, payment, now)
        return self._recorded(payment.link_id, envelope)

    def dispute(self, dispute: Dispute) -> list[SignedEvent]:
        """Return the event of the dispute's state."""
        payment, now = self._ledger.payment(dispute.payment_id), self._ledger.now()
        envelope = razorpay_events.dispute_event(self._account, dispute, payment, now)
        return self._recorded(payment.link_id, envelope)

    def _payment(self, name: str, payment: Payment) -> list[SignedEvent]:
        envelope = razorpay_events.payment_event(self._account, name, payment, self._ledger.now())
        return self._recorded(payment.link_id, envelope)

    def _recorded(self, link_id: str, envelope: Json) -> list[SignedEvent]:
        event = self.signed(envelope)
        self._events.setdefault(link_id, []).append(event)
        return [event]
