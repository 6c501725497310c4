"""A simulated Razorpay with its own books: it answers the gateway's calls and posts webhooks.

It shares no code with the sandbox. The checker trusts its books.
Source: Razorpay docs, "Payment Links", "Orders", "Late authorisation", "Refunds", "Webhooks".
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from payments.ledger.calls import CreateLink, RefundPayment
from payments.razorpay.errors import GatewayError, Reason, classify
from payments.razorpay.gateway import Link as Answer
from payments.shop.orders import LinkStatus, Mode
from tests.simulation.razorpay_books import Link, Payment, Refund
from tests.simulation.weather import Weather

ACCOUNT: Final = "acc_simulated00001"
_BEFORE: Final = (Reason.UNREACHABLE, Reason.THROTTLED, Reason.UNAVAILABLE)
_NO_ROUTE: Final = (b"", b'{"message": "no Route matched with those values"}')
_AFTER: Final = (Reason.TIMEOUT, Reason.LOST, Reason.UNAVAILABLE)


@dataclass
class Razorpay:
    """The books, the gateway's methods, and the actions of payers, banks and operators."""

    now: Callable[[], int]
    dice: random.Random
    weather: Weather
    post: Callable[[dict[str, Any]], None]
    """Sends a webhook, given its body."""
    crash_point: Callable[[str], Any]
    """Awaited before and after the effect of each call: where the bot's process may die."""
    seen: Counter[str]
    """Rare state → how often it was reached."""
    wrongs: list[str]
    mode: Mode = Mode.TEST
    links: dict[str, Link] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    paid_orders: set[str] = field(default_factory=set)
    uncaptured: list[Payment] = field(default_factory=list)
    """Authorised payments that were not captured."""
    kept: set[str] = field(default_factory=set)
    """Ids of payments for which an operator gave the goods by hand after a restore."""
    _serial: int = 0

    # The methods of the gateway

    async def create_link(self, call: CreateLink) -> Answer:
        await self._before("create")
        if any(link.reference == call.reference_id for link in self.links.values()):
            raise GatewayError(Reason.ALREADY_EXISTS, "reference_id already exists")
        self._expire()
        customer, _, _ = call.order_key.rpartition("-")
        if others := self.rivals(customer):
            self.wrongs.append(f"INV10: {call.reference_id} is made while {others[0].reference} is payable")
        if self.weather.unlinkable and self.dice.random() < self.weather.unlinkable:
            self.seen["a link was refused for good"] += 1
            raise GatewayError(Reason.REFUSED, "Amount exceeds maximum amount allowed", status=400)
        link = Link(
            id=f"plink_{self._next()}",
            reference=call.reference_id,
            order_key=call.order_key,
            amount=call.amount,
            expires_at=call.expires_at,
            notes={"munshi_order": call.order_key},
            made_at=self.now(),
        )
        self.links[link.id] = link
        await self._after("create")
        return self._answer(link)

    async def find_link(self, reference_id: str) -> Answer | None:
        await self._before("find")
        self._expire()
        link = next((link for link in self.links.values() if link.reference == reference_id), None)
        if link:
            self.seen["a lost link was looked up and found"] += 1
        return self._answer(link) if link else None

    async def fetch_link(self, link_id: str) -> Answer:
        await self._before("fetch")
        self._expire()
        return self._answer(self.links[link_id])

    async def links_of(self, installation: str) -> AsyncIterator[list[Answer]]:
        """Yield the links whose orders belong to `installation`, newest first."""
        await self._before("list")
        self._expire()
        links = [link for link in self.links.values() if link.order_key.startswith(f"{installation}-")]
        yield [self._answer(link) for link in reversed(links)]

    async def card_orders(self, installation: str) -> AsyncIterator[list[Answer]]:
        """Yield the orders that were made for cards: none, where nobody pays in the chat."""
        await self._before("list")
        yield []

    async def cancel_link(self, link_id: str) -> Answer:
        await self._before("cancel")
        self._expire()
        link = self.links[link_id]
        if self.weather.stubborn and self.dice.random() < self.weather.stubborn:
            self.seen["a cancelling was refused in unknown words"] += 1
            raise GatewayError(Reason.REFUSED, "this link has a mind of its own", status=400)
        if link.status != "created":
            self.seen[f"a link to be cancelled was {link.status}"] += 1
            raise GatewayError(
                {
                    "paid": Reason.ALREADY_PAID,
                    "expired": Reason.ALREADY_EXPIRED,
                    "cancelled": Reason.ALREADY_CANCELLED,
                }[link.status],
                f"cannot cancel a link that is {link.status}",
            )
        link.status = "cancelled"
        self._post_link(link)
        await self._after("cancel")
        return self._answer(link)

    async def order_payments(self, order_id: str) -> list[Any]:
        await self._before("payments")
        return [self._entity(p) for p in reversed(self.payments.values()) if p.link.order == order_id]

    async def payment_refunds(self, payment_id: str) -> list[Any]:
        await self._before("refunds")
        return [self._refund_entity(r) for r in self.refunds.values() if r.payment.id == payment_id]

    async def refund(self, call: RefundPayment) -> Mapping[str, Any]:
        await self._before("refund")
        body = (call.payment_id, call.amount, call.order_key)
        known = next((refund for refund in self.refunds.values() if refund.key == call.key), None)
        if known is not None:
            self.seen["a refund was asked for again"] += 1
            if known.body != body:
                self.wrongs.append(f"INV9: another body under the idempotency key {call.key}")
            return self._refund_entity(known)
        payment = self.payments[call.payment_id]
        if not payment.captured or self.returned(payment) + call.amount > payment.net:
            raise GatewayError(Reason.ALREADY_REFUNDED, "the refund amount exceeds what is left", status=400)
        refund = Refund(f"rfnd_{self._next()}", payment, call.amount, call.key, body)
        self._start_refund(refund)
        await self._after("refund")
        return self._refund_entity(refund)

    # Actions of payers, banks and operators

    def open_links(self, customer: str) -> list[Link]:
        """Return the links that can be paid, of orders whose key begins with `customer`."""
        self._expire()
        return [
            link for link in self.links.values() if link.order_key.startswith(customer) and self.is_open(link)
        ]

    def rivals(self, customer: str) -> list[Link]:
        """Return what must be over before the customer gets something else to pay."""
        return self.open_links(f"{customer}-")

    def pay(self, link: Link, amount: int, currency: str = "INR") -> Payment:
        """Pay a link; the payment is captured at once."""
        payment = self.begin(link, amount, currency)
        self.finish(payment)
        return payment

    def begin(self, link: Link, amount: int, currency: str = "INR") -> Payment:
        """Begin to pay a link; the bank has not answered yet."""
        if not link.order:
            link.order = f"order_{self._next()}"
        fee = amount * 236 // 10_000 if self.weather.fees and currency == "INR" else 0
        payment = Payment(f"pay_{self._next()}", link, amount + fee, currency, self.now(), fee=fee)
        self.payments[payment.id] = payment
        return payment

    def fail(self, payment: Payment) -> None:
        """Fail a payment, unless it is captured or refunded."""
        if payment.status in ("captured", "refunded"):
            return
        payment.status = "failed"
        self._post_payment("payment.failed", payment)

    def finish(self, payment: Payment) -> None:
        """Authorise a payment, whatever the status of its link, and capture it if Razorpay would."""
        link, before = payment.link, payment.status
        self._expire()
        payment.status = "authorized"
        self._post_payment("payment.authorized", payment)
        if link.order in self.paid_orders:
            self.seen["a second authorised payment went back by itself"] += 1
            self._refund_automatically(payment)
            return
        if link.status in ("expired", "cancelled"):
            self.seen[f"captured after the link was {link.status}"] += 1
            if before == "failed":
                self.seen["late authorisation after expiry"] += 1
        if self.weather.uncaptured and self.dice.random() < self.weather.uncaptured:
            self.seen["authorised, and never captured"] += 1
            self.uncaptured.append(payment)
            return
        payment.status, payment.captured = "captured", True
        if payment.fee:
            self.seen["the payer bore the fee"] += 1
        whole = payment.currency == "INR" and payment.net >= link.amount
        if whole:
            self.paid_orders.add(link.order)
        self._post_payment("payment.captured", payment)
        if whole:
            self._post_event("order.paid", payment=self._entity(payment), order=self._order_entity(link))
        if whole and link.status == "created":
            link.status, link.paid = "paid", payment.net
            self._post_event(
                "payment_link.paid",
                payment_link=self._link_entity(link),
                order=self._order_entity(link),
                payment=self._entity(payment),
            )

    def refund_uncaptured(self, until: int) -> None:
        """Refund the uncaptured payments that were made by `until` (milliseconds since 1970, UTC)."""
        for payment in [payment for payment in self.uncaptured if payment.made_at <= until]:
            self.uncaptured.remove(payment)
            self._refund_automatically(payment)

    def _refund_automatically(self, payment: Payment) -> None:
        """Refund a whole payment that was never captured."""
        payment.status = "refunded"
        refund = Refund(f"rfnd_{self._next()}", payment, payment.amount, "", (), "processed")
        self.refunds[refund.id] = refund
        self._post_refund("refund.processed", refund)

    def refund_by_hand(self, payment: Payment, amount: int) -> None:
        """Refund `amount` paise as an operator does in the dashboard, if Razorpay allows it."""
        if payment.captured and amount >= 100 and self.returned(payment) + amount <= payment.net:
            self.seen["an operator refunded in the dashboard"] += 1
            self._start_refund(Refund(f"rfnd_{self._next()}", payment, amount, "", ()))

    def settle(self, refund: Refund, status: str) -> None:
        """Set the final status of a pending refund: processed or failed."""
        if refund.status == "pending":
            refund.status = status
            self._post_refund(f"refund.{status}", refund)

    def returned(self, payment: Payment) -> int:
        """Return the paise of a payment that are refunded or being refunded."""
        made = (refund for refund in self.refunds.values() if refund.payment is payment)
        return sum(refund.amount for refund in made if refund.status != "failed")

    # Internals

    def _start_refund(self, refund: Refund) -> None:
        self.refunds[refund.id] = refund
        self._post_refund("refund.created", refund)

    async def _before(self, name: str) -> None:
        """Crash, delay or refuse the call `name` before its effect, as the weather says."""
        await self.crash_point(f"before {name}")
        await asyncio.sleep(0)
        if self.dice.random() < self.weather.slow:
            await asyncio.sleep(self.dice.randrange(2, 10))
        if self.dice.random() < self.weather.refused:
            if self.dice.random() < 0.2:
                self.seen["404, and not from Razorpay"] += 1
                raise classify(404, self.dice.choice(_NO_ROUTE), {})
            raise GatewayError(self.dice.choice(_BEFORE), "simulated")

    async def _after(self, name: str) -> None:
        """Crash or lose the answer of the call `name` after its effect, as the weather says."""
        await self.crash_point(f"after {name}")
        if self.dice.random() < self.weather.cut_off:
            self.seen[f"{name}: done, and the answer lost"] += 1
            await asyncio.sleep(self.dice.choice((0, 10)))
            raise GatewayError(self.dice.choice(_AFTER), "simulated")

    def _expire(self) -> None:
        """Expire the links whose time is over, and post their webhooks."""
        now = self.now()
        for link in self.links.values():
            if link.status == "created" and now >= link.expires_at:
                link.status = "expired"
                self._post_link(link)

    def is_open(self, link: Link) -> bool:
        return link.status == "created" and self.now() < link.expires_at

    def _next(self) -> str:
        self._serial += 1
        return f"S{self._serial:013}"

    def _answer(self, link: Link) -> Answer:
        return Answer(
            id=link.id,
            reference_id=link.reference,
            status=LinkStatus(link.status),
            amount=link.amount,
            amount_paid=link.paid,
            currency="INR",
            short_url=f"https://rzp.io/rzp/{link.id}",
            order_id=link.order or None,
            notes=link.notes,
            created_at=link.made_at // 1000,
        )

    def _entity(self, payment: Payment) -> dict[str, Any]:
        returned = self.returned(payment)
        status = "refunded" if payment.captured and returned == payment.net else payment.status
        return {
            "id": payment.id,
            "entity": "payment",
            "amount": payment.amount,
            "currency": payment.currency,
            "status": status,
            "captured": payment.captured,
            "order_id": payment.link.order,
            "method": "upi",
            **(
                {"fee": payment.fee, "tax": payment.fee * 18 // 118, "fee_bearer": "customer"}
                if payment.fee
                else {}
            ),
            "amount_refunded": returned,
            "description": "#" + payment.link.id.removeprefix("plink_"),
            "notes": dict(payment.link.notes),
            "error_reason": "payment_failed" if payment.status == "failed" else None,
            "created_at": payment.made_at // 1000,
        }

    def _refund_entity(self, refund: Refund) -> dict[str, Any]:
        return {
            "id": refund.id,
            "entity": "refund",
            "amount": refund.amount,
            "currency": refund.payment.currency,
            "payment_id": refund.payment.id,
            "notes": {"munshi_refund": refund.key} if refund.key else [],
            "receipt": refund.key or None,
            "status": refund.status,
            "created_at": refund.payment.made_at // 1000,
        }

    def _order_entity(self, link: Link) -> dict[str, Any]:
        return {
            "id": link.order,
            "entity": "order",
            "amount": link.amount,
            "amount_paid": link.amount,
            "currency": "INR",
            "receipt": link.reference,
            "status": "paid",
            "notes": dict(link.notes),
            "created_at": link.made_at // 1000,
        }

    def _link_entity(self, link: Link) -> dict[str, Any]:
        return {
            "id": link.id,
            "amount": link.amount,
            "amount_paid": link.paid,
            "currency": "INR",
            "status": link.status,
            "reference_id": link.reference,
            "notes": dict(link.notes),
            "created_at": link.made_at // 1000,
        }

    def _post_payment(self, name: str, payment: Payment) -> None:
        entity = self._entity(payment)
        if self.weather.nameless and self.dice.random() < self.weather.nameless:
            self.seen[f"{name} named no link"] += 1
            entity["description"] = "Tea"
        self._post_event(name, payment=entity)

    def _post_refund(self, name: str, refund: Refund) -> None:
        self._post_event(name, refund=self._refund_entity(refund), payment=self._entity(refund.payment))

    def _post_link(self, link: Link) -> None:
        self._post_event(f"payment_link.{link.status}", payment_link=self._link_entity(link))

    def _post_event(self, name: str, **entities: dict[str, Any]) -> None:
        self.post(self.envelope(name, **entities))

    def envelope(self, name: str, **entities: dict[str, Any]) -> dict[str, Any]:
        """Return the body of the webhook `name`."""
        return {
            "entity": "event",
            "account_id": ACCOUNT,
            "event": name,
            "contains": list(entities),
            "payload": {key: {"entity": entity} for key, entity in entities.items()},
            "created_at": self.now() // 1000,
        }
