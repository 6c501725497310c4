"""The sandbox Razorpay: payment links over HTTP, a page to pay them on, and the webhooks that follow."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from bot.sandbox import razorpay_events
from bot.sandbox.checkout import Checkout
from bot.sandbox.delivery import Courier, SignedEvent
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.ids import Ids
from bot.sandbox.razorpay_api import Api, no_route
from bot.sandbox.razorpay_entities import Failure, Json, Link, Order, Payment
from bot.sandbox.razorpay_ledger import Ledger

_FAILURES: Final = {
    "payment_failed": ("bank", "payment_authorization", "The bank declined the payment."),
    "payment_cancelled": ("customer", "payment_authentication", "The payment was cancelled by the payer."),
    "payment_timed_out": ("customer", "payment_authentication", "The payment was not finished in time."),
    "insufficient_funds": ("bank", "payment_authorization", "The account does not hold enough money."),
}


class Razorpay:
    """Razorpay over HTTP, and what payers and operators do there."""

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
        """Where payers find the page of a link; the address of the server once it is served."""
        self.faults = Faults("create_link", "fetch_link", "list_links", "cancel_link")
        self.courier = courier or Courier(now)
        self._ids = ids or Ids()
        self._ledger = Ledger(now, self._ids)
        self._webhook_secret = webhook_secret
        self._events: dict[str, list[SignedEvent]] = {}
        self.app = web.Application(client_max_size=1 << 20)
        Api(self._ledger, self.faults, key_id, key_secret, lambda: self.page_url, self._emit_ended).serve(
            self.app
        )
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

    def fail_next(self, operation: str, *faults: Fault) -> None:
        """Let the next calls of `operation` go wrong, one fault each.

        Operations: `create_link`, `fetch_link`, `list_links`, `cancel_link`.
        """
        self.faults.next(operation, *faults)

    async def pay(self, link: str, *, method: str = "upi") -> str:
        """Pay the link with this id or short URL; returns the payment's id. Raises NotPayableError."""
        payment, events = self._succeed(link, method)
        self.courier.emit("razorpay", events)
        return payment.id

    async def fail(
        self, link: str, *, reason: str = "payment_failed", description: str = "", method: str = "upi"
    ) -> str:
        """Try to pay the link and fail; returns the payment's id. Raises NotPayableError."""
        payment, events = self._fail(link, reason, description, method)
        self.courier.emit("razorpay", events)
        return payment.id

    async def settle_late(self, payment_id: str) -> None:
        """Let the bank say yes after all to a failed payment, even if its link is over by now."""
        link = self.links[self.payments[payment_id].link_id]
        was_open = link.status == "created"
        payment = self._ledger.succeed_late(payment_id)
        self.courier.emit("razorpay", self._success(link, payment, with_link=was_open))

    async def expire_due(self) -> None:
        """Expire the links whose time is over, with their webhooks."""
        for link in self._ledger.expire_due():
            self._emit_ended(link)

    async def cancel(self, link: str) -> None:
        """Cancel a link as the operator may on the dashboard. Raises `razorpay_rules.Refused`."""
        found = self._ledger.find(link)
        self._ledger.cancel(found)
        self._emit_ended(found)

    def success_events(self, link: str, *, method: str = "upi") -> list[SignedEvent]:
        """Pay the link, but leave it to the caller to deliver the events: any order, any number of times."""
        return self._succeed(link, method)[1]

    def failure_events(
        self, link: str, *, reason: str = "payment_failed", description: str = "", method: str = "upi"
    ) -> list[SignedEvent]:
        """Try to pay the link and fail, but leave it to the caller to deliver the event."""
        return self._fail(link, reason, description, method)[1]

    def events_of(self, link: str) -> list[SignedEvent]:
        """Every event about the link so far, delivered or not, oldest first."""
        return list(self._events.get(self._ledger.find(link).id, ()))

    def signed(self, envelope: Mapping[str, Any]) -> SignedEvent:
        """Any envelope, signed with the webhook secret under a new event id; not delivered."""
        return razorpay_events.signed(dict(envelope), self._ids.base62(), self._webhook_secret)

    def _succeed(self, link: str, method: str) -> tuple[Payment, list[SignedEvent]]:
        found = self._ledger.find(link)
        payment = self._ledger.succeed(found, method)
        return payment, self._success(found, payment, with_link=True)

    def _success(self, link: Link, payment: Payment, *, with_link: bool) -> list[SignedEvent]:
        now, order, account = self._ledger.now(), self.orders[payment.order_id], self.account_id
        authorized = replace(payment, status="authorized")
        envelopes = [
            razorpay_events.payment_event(account, "payment.authorized", authorized, now),
            razorpay_events.payment_event(account, "payment.captured", payment, now),
            razorpay_events.order_paid(account, order, payment, now),
        ]
        if with_link:
            envelopes.append(razorpay_events.link_paid(account, link, order, payment))
        return self._recorded(link, envelopes)

    def _fail(
        self, link: str, reason: str, description: str, method: str
    ) -> tuple[Payment, list[SignedEvent]]:
        source, step, usual = _FAILURES.get(reason, _FAILURES["payment_failed"])
        found = self._ledger.find(link)
        failure = Failure(description or usual, source, step, reason)
        payment = self._ledger.fail(found, method, failure)
        now = self._ledger.now()
        envelope = razorpay_events.payment_event(self.account_id, "payment.failed", payment, now)
        return payment, self._recorded(found, [envelope])

    def _emit_ended(self, link: Link) -> None:
        envelopes = [razorpay_events.link_ended(self.account_id, link)]
        self.courier.emit("razorpay", self._recorded(link, envelopes))

    def _recorded(self, link: Link, envelopes: list[Json]) -> list[SignedEvent]:
        events = [self.signed(envelope) for envelope in envelopes]
        self._events.setdefault(link.id, []).extend(events)
        return events
