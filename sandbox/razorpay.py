"""The sandbox Razorpay: payment links and refunds over HTTP, the payment page, and webhooks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from sandbox.checkout import Checkout
from sandbox.delivery import Courier, SignedEvent
from sandbox.faults import Fault, Faults
from sandbox.ids import Ids
from sandbox.razorpay_api import OPERATIONS, Api, no_route
from sandbox.razorpay_entities import Failure, Link, Order, Payment
from sandbox.razorpay_ledger import Ledger
from sandbox.razorpay_refunds import Refunds
from sandbox.razorpay_reversals import DISPUTE_STATES, Dispute, Refund, new_dispute
from sandbox.razorpay_webhooks import Webhooks

_FAILURES: Final = {
    "payment_failed": ("bank", "payment_authorization", "The bank declined the payment."),
    "payment_cancelled": ("customer", "payment_authentication", "The payment was cancelled by the payer."),
    "payment_timed_out": ("customer", "payment_authentication", "The payment was not finished in time."),
    "insufficient_funds": ("bank", "payment_authorization", "The account does not hold enough money."),
}


class Razorpay:
    """Razorpay over HTTP, with methods for what payers, banks and operators do.

    A link is named by its id or short URL. Methods raise LookupError for an unknown id, and
    `razorpay_ledger.NotPayableError` if the link, order or payment can take no money in its state.
    """

    def __init__(
        self,
        *,
        key_id: str,
        key_secret: str,
        webhook_secret: str,
        now: Callable[[], int],
        account_id: str = "acc_SandboxAccount1",
        courier: Courier | None = None,
        ids: Ids | None = None,
    ) -> None:
        """`now` gives milliseconds UTC."""
        self.account_id = account_id
        self.page_url = "https://rzp.io"
        """The base address of the links' pages; the server's own address once it is served."""
        self.faults = Faults(*OPERATIONS)
        self.courier = courier or Courier(now)
        self._ids = ids or Ids()
        self._ledger = Ledger(now, self._ids)
        self._webhooks = Webhooks(account_id, webhook_secret, self._ledger, self.courier, self._ids)
        self._refunds = Refunds(self._ledger, self._webhooks, self._ids, now)
        self._disputes: dict[str, Dispute] = {}
        self.app = web.Application(client_max_size=1 << 20)
        api = Api(
            self._ledger,
            self._refunds,
            self.faults,
            key_id,
            key_secret,
            lambda: self.page_url,
            lambda link: self._webhooks.emit(self._webhooks.ended(link)),
        )
        api.serve(self.app)
        Checkout(self._ledger, key_secret, self.pay, self.fail).serve(self.app)
        self.app.router.add_route("*", "/{tail:.*}", no_route)

    @property
    def links(self) -> dict[str, Link]:
        """All payment links by id."""
        return self._ledger.links

    @property
    def orders(self) -> dict[str, Order]:
        """All orders by id."""
        return self._ledger.orders

    @property
    def payments(self) -> dict[str, Payment]:
        """All payments by id, failed ones too."""
        return self._ledger.payments

    @property
    def refunds(self) -> dict[str, Refund]:
        """All refunds by id."""
        return self._refunds.refunds

    @property
    def refund_delay_ms(self) -> int:
        """How long the bank takes for new refunds, in ms of the sandbox's clock; 0: done at once."""
        return self._refunds.delay_ms

    @refund_delay_ms.setter
    def refund_delay_ms(self, milliseconds: int) -> None:
        self._refunds.delay_ms = milliseconds

    @property
    def webhook_disabled(self) -> bool:
        """Whether a day of uninterrupted failures has switched the webhook off: events are lost."""
        return self.courier.disabled("razorpay")

    def enable_webhook(self) -> None:
        """Switch the webhook on again, as an operator does on the dashboard."""
        self.courier.enable("razorpay")

    def bear_fee(self, who: str) -> None:
        """Let the `platform` (the shop) or the `customer` bear Razorpay's fee. Raises ValueError."""
        if who not in ("platform", "customer"):
            raise ValueError(f"the fee is borne by platform or customer, not {who!r}")
        self._ledger.payer_bears_fee = who == "customer"

    def fail_next(self, operation: str, *faults: Fault) -> None:
        """Queue `faults` for the next calls of `operation` (of `razorpay_api.OPERATIONS`), one per call."""
        self.faults.next(operation, *faults)

    async def pay(
        self, link: str, *, method: str = "upi", amount: int | None = None, currency: str | None = None
    ) -> str:
        """Pay the link and return the payment's id.

        The default is the link's amount. Less money, or another currency, is captured too, but the link stays
        payable and its order unpaid. Raises ValueError for an unknown method or an impossible sum.
        """
        payment, events = self._succeed(link, method, amount, currency)
        self._webhooks.emit(events)
        return payment.id

    def card(self, receipt: str, amount: int, notes: dict[str, str], expire_by: int) -> str:
        """Return the id by which an order card at WhatsApp is paid here, as a link is by its own."""
        card = self._ledger.card(receipt, amount, notes, expire_by)
        self._ledger.order_of(card)
        return card.id

    async def fail(
        self, link: str, *, reason: str = "payment_failed", description: str = "", method: str = "upi"
    ) -> str:
        """Try to pay the link and fail; return the payment's id."""
        payment, events = self._fail(link, reason, description, method)
        self._webhooks.emit(events)
        return payment.id

    async def authorize(
        self, link: str, *, method: str = "upi", amount: int | None = None, currency: str | None = None
    ) -> str:
        """Authorise a payment on the link, without capturing it, and return its id.

        The link may have ended by now. If its order is paid already, the payment is refunded at once.
        """
        payment = self._ledger.authorize(self._ledger.find(link), method, amount, currency)
        events = self._webhooks.authorized(payment)
        self._webhooks.emit(events + self._refund_authorized(payment.order_id))
        return payment.id

    async def capture(self, payment_id: str) -> None:
        """Capture an authorised payment. If that pays its order, refund the other authorised payments."""
        self._webhooks.emit(self._capture(payment_id))

    async def settle_late(self, payment_id: str) -> None:
        """Let the bank authorise a failed payment late, even if its link has ended by now, and capture it.

        If another payment has paid the order, this one is refunded at once.
        """
        self._webhooks.emit(self._settle(self._ledger.authorize_late(payment_id)))

    async def refund(self, payment_id: str, amount: int | None = None) -> str:
        """Refund a captured payment on the dashboard, by default all that is left; return the refund's id.

        `amount` is in paise. Raises `razorpay_rules.Refused`.
        """
        return self._refunds.make(payment_id, {} if amount is None else {"amount": amount}).id

    async def settle_refund(self, refund_id: str, status: str) -> None:
        """Settle a pending refund as `processed` or `failed` at the bank. Raises ValueError."""
        self._refunds.settle(refund_id, status)

    async def settle_due(self) -> None:
        """Settle the refunds that are due as processed, with their webhooks."""
        self._refunds.settle_due()

    async def dispute(self, payment_id: str, state: str) -> str:
        """Set the state of the payment's dispute, created on first use, and return the dispute's id.

        Raises ValueError for a state not in `razorpay_reversals.DISPUTE_STATES`, or an uncaptured payment.
        """
        payment, dispute = self._ledger.payment(payment_id), self._disputes.get(payment_id)
        if state not in DISPUTE_STATES:
            raise ValueError(f"no dispute state {state!r}; there are {', '.join(DISPUTE_STATES)}")
        if dispute is None:
            dispute = new_dispute(payment, f"disp_{self._ids.base62()}", self._ledger.now())
        self._disputes[payment_id] = dispute = replace(dispute, state=state)
        self._webhooks.emit(self._webhooks.dispute(dispute))
        return dispute.id

    async def expire_due(self) -> None:
        """Expire the links that are due, with their webhooks."""
        for link in self._ledger.expire_due():
            self._webhooks.emit(self._webhooks.ended(link))

    async def expire(self, link: str) -> None:
        """Expire a link now. Raises `razorpay_rules.Refused` unless its status is `created`."""
        entity = self._ledger.find(link)
        self._ledger.expire(entity)
        self._webhooks.emit(self._webhooks.ended(entity))

    async def cancel(self, link: str) -> None:
        """Cancel a link, as an operator does on the dashboard. Raises `razorpay_rules.Refused`."""
        entity = self._ledger.find(link)
        self._ledger.cancel(entity)
        self._webhooks.emit(self._webhooks.ended(entity))

    def success_events(self, link: str, *, method: str = "upi") -> list[SignedEvent]:
        """Pay the link and return its undelivered events, to deliver in any order, any number of times."""
        return self._succeed(link, method)[1]

    def failure_events(
        self, link: str, *, reason: str = "payment_failed", description: str = "", method: str = "upi"
    ) -> list[SignedEvent]:
        """Try to pay the link and fail; return the event undelivered."""
        return self._fail(link, reason, description, method)[1]

    def events_of(self, link: str) -> list[SignedEvent]:
        """Return every event about the link so far, delivered or not, oldest first."""
        return self._webhooks.of(self._ledger.find(link).id)

    def signed(self, envelope: Mapping[str, Any]) -> SignedEvent:
        """Return `envelope` signed with the webhook secret under a new event id, undelivered."""
        return self._webhooks.signed(envelope)

    def _succeed(
        self, link: str, method: str, amount: int | None = None, currency: str | None = None
    ) -> tuple[Payment, list[SignedEvent]]:
        entity = self._ledger.find(link)
        self._ledger.require_payable(entity)
        payment = self._ledger.authorize(entity, method, amount, currency)
        return payment, self._settle(payment)

    def _fail(
        self, link: str, reason: str, description: str, method: str
    ) -> tuple[Payment, list[SignedEvent]]:
        source, step, default = _FAILURES.get(reason, _FAILURES["payment_failed"])
        entity = self._ledger.find(link)
        self._ledger.require_payable(entity)
        payment = self._ledger.fail(entity, method, Failure(description or default, source, step, reason))
        return payment, self._webhooks.failed(payment)

    def _settle(self, payment: Payment) -> list[SignedEvent]:
        """Capture an authorised payment, or refund it if its order is paid already; return the events."""
        events = self._webhooks.authorized(payment)
        if self.orders[payment.order_id].status == "paid":
            return events + self._refund_authorized(payment.order_id)
        return events + self._capture(payment.id)

    def _capture(self, payment_id: str) -> list[SignedEvent]:
        captured = self._ledger.capture(payment_id)
        return self._webhooks.captured(captured) + self._refund_authorized(captured.payment.order_id)

    def _refund_authorized(self, order_id: str) -> list[SignedEvent]:
        """Refund the authorised payments of an order that is paid; return the events."""
        order = self.orders[order_id]
        if order.status != "paid":
            return []
        waiting = [self.payments[payment_id] for payment_id in order.authorized]
        return [event for payment in waiting for event in self._refunds.give_back(payment)]
