"""Razorpay in small, for the tests of money: it keeps its own rules, and remembers all it told.

Every method that changes something puts the webhooks it sends into `told`; a test delivers them as
often, and in whatever order, it likes. `answer` performs a call, again if it is asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from payments.ledger import facts as fact_values
from payments.ledger.calls import Call, CancelLink, CreateLink, FetchPayments, RefundPayment
from payments.ledger.facts import Fact
from payments.ledger.refunds import SMALLEST
from payments.processing.step_input import Kind
from payments.shop.orders import order_key_of
from tests.payments.memory_shop import Body

Arrival = tuple[Kind, Body]


@dataclass(slots=True)
class Link:
    """One payment link."""

    reference: str
    amount: int
    currency: str
    status: str = "created"

    @property
    def id(self) -> str:
        return f"plink_{self.reference}"

    @property
    def key(self) -> str:
        return order_key_of(self.reference)


@dataclass(slots=True)
class Payment:
    """One payment of a link."""

    id: str
    link: Link
    amount: int
    currency: str
    at: int
    status: str = "created"
    failed: bool = False
    fee: int = 0
    """What the payer bears on top of `amount`. Razorpay says how much once the payment is captured."""

    def fact(self, state: str) -> Fact:
        detail = {"method": "upi", "link": self.link.id, "error_description": "Declined"}
        if self.fee and state == "captured":
            detail |= {"fee": str(self.fee), "fee_bearer": "customer"}
        amount = self.amount + self.fee
        return Fact(self.link.key, "payment", self.id, state, amount, self.currency, self.at, detail)


@dataclass(slots=True)
class Given:
    """One refund of a payment."""

    id: str
    payment: Payment
    amount: int
    key: str
    captured: bool
    status: str = "created"

    def fact(self) -> Fact:
        detail = {"payment_id": self.payment.id, **({"key": self.key} if self.key else {})}
        if not self.captured:
            detail["captured"] = "false"
        of = (self.payment.link.key, "refund", self.id)
        return Fact(*of, self.status, self.amount, self.payment.currency, self.payment.at, detail)


def said(*facts: Fact) -> Arrival:
    """The webhook that tells `facts`."""
    return Kind.FACTS, {"order_key": facts[0].order_key, "facts": [fact_values.to_json(f) for f in facts]}


@dataclass(slots=True)
class Razorpay:
    """What Razorpay knows, and the webhooks it has sent so far."""

    links: dict[str, Link] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Given] = field(default_factory=dict)
    told: list[Arrival] = field(default_factory=list)

    # What happens on its pages and in its dashboard

    def try_to_pay(self, link: Link, amount: int, currency: str = "INR", fee: int = 0) -> Payment:
        """A customer begins to pay; nothing is told yet."""
        number = len(self.payments) + 1
        payment = Payment(f"pay_{number}", link, amount, currency, number, fee=fee)
        self.payments[payment.id] = payment
        return payment

    def move(self, payment: Payment, status: str) -> None:
        """The payment is `failed`, `authorized` or `captured` now. A failed one may still succeed."""
        payment.failed = payment.failed or status == "failed"
        payment.status = status
        self.told.append(said(payment.fact(status)))
        if status == "captured":
            self._captured(payment)

    def _captured(self, payment: Payment) -> None:
        link = payment.link
        order = Fact(
            link.key, "order", f"order_{link.reference}", "paid", payment.amount, payment.currency, 0
        )
        if (payment.amount, payment.currency) == (link.amount, link.currency):
            self.told.append(said(payment.fact("captured"), order))
            if link.status == "created":
                link.status = "paid"
                self.told.append(said(payment.fact("captured"), order, self._of(link)))

    def end(self, link: Link, status: str) -> None:
        """The link is `expired` or `cancelled`, if it can still be paid."""
        if link.status == "created":
            link.status = status
            self.told.append(said(self._of(link)))

    def give_back(self, payment: Payment, amount: int, key: str = "") -> Given | None:
        """A refund of `amount`; None where Razorpay would not make one."""
        if payment.status != "captured" or not SMALLEST <= amount <= self.left(payment):
            return None
        return self._give(Given(self._refund_id, payment, amount, key, captured=True))

    def let_go(self, payment: Payment) -> None:
        """An authorised payment is not captured in time: Razorpay gives it back by itself."""
        payment.status = "refunded"
        self._give(Given(self._refund_id, payment, payment.amount, "", captured=False))

    @property
    def _refund_id(self) -> str:
        return f"rfnd_{len(self.refunds) + 1}"

    def _give(self, given: Given) -> Given:
        self.refunds[given.id] = given
        self.told.append(said(given.fact()))
        return given

    def finish(self, given: Given, status: str) -> None:
        """The refund is `processed` or `failed`."""
        if given.status != "failed" and given.status != status:
            given.status = status
            self.told.append(said(given.fact()))

    def dispute(self, payment: Payment, state: str) -> None:
        """The payer's bank asks for the payment back, or has decided."""
        of = (payment.link.key, "dispute", f"disp_{payment.id}")
        self.told.append(said(Fact(*of, state, payment.amount, payment.currency, payment.at)))

    def left(self, payment: Payment) -> int:
        """Paise of the payment that did not go back."""
        return payment.amount - sum(
            given.amount
            for given in self.refunds.values()
            if given.payment is payment and given.status != "failed"
        )

    # What it answers

    def answer(self, call: Call) -> Arrival:
        """What the call answers; asked again, the same."""
        match call:
            case CreateLink():
                return Kind.RESULT, self._create(call)
            case CancelLink():
                return Kind.RESULT, self._cancel(call)
            case FetchPayments():
                return Kind.RESULT, self._fetch(call)
            case RefundPayment():
                return Kind.RESULT, self._refund(call)

    def _create(self, call: CreateLink) -> Body:
        link = self.links.setdefault(call.reference_id, Link(call.reference_id, call.amount, call.currency))
        made = {"link_id": link.id, "short_url": f"https://rzp.io/{link.reference}", "status": link.status}
        return {"name": "payment_link.created", "fields": {"reference_id": link.reference, **made}}

    def refuse(self, call: CreateLink) -> Arrival:
        """Razorpay refuses to make the link, now and for ever."""
        fields = {"reference_id": call.reference_id, "reason": "no"}
        return Kind.RESULT, {"name": "payment_link.refused", "fields": fields}

    def keep(self, call: CancelLink) -> Arrival:
        """Razorpay would not cancel the link, and says so in words that nobody knows."""
        fields = {"reference_id": call.reference_id, "reason": "no"}
        return Kind.RESULT, {"name": "payment_link.kept", "fields": fields}

    def _cancel(self, call: CancelLink) -> Body:
        link = self.links.get(call.reference_id)
        if link:
            self.end(link, "cancelled")
        status = {"link_id": link.id if link else None, "status": link.status if link else "cancelled"}
        return {"name": "payment_link.withdrawn", "fields": {"reference_id": call.reference_id, **status}}

    def _fetch(self, call: FetchPayments) -> Body:
        link = self.links[call.reference_id]
        facts = [self._of(link)] if link.status != "created" else []
        mine = [payment for payment in self.payments.values() if payment.link is link]
        known = ("failed", "authorized", "captured")
        facts += [payment.fact(payment.status) for payment in mine if payment.status in known]
        facts += [given.fact() for given in self.refunds.values() if given.payment.link is link]
        fields = {"reference_id": call.reference_id, "facts": [fact_values.to_json(f) for f in facts]}
        return {"name": "payments.fetched", "fields": {**fields, "asked": call.asked}}

    def _refund(self, call: RefundPayment) -> Body:
        made = next((given for given in self.refunds.values() if given.key == call.key), None)
        assert made is None or made.amount == call.amount, "one key, two amounts"
        made = made or self.give_back(self.payments[call.payment_id], call.amount, call.key)
        if made is None:
            fields: Mapping[str, Any] = {"order_key": call.order_key, "key": call.key}
            return {"name": "payment.refund_refused", "fields": fields}
        fields = {"order_key": call.order_key, "facts": [fact_values.to_json(made.fact())]}
        return {"name": "payment.refunded", "fields": fields}

    def _of(self, link: Link) -> Fact:
        paid = link.amount if link.status == "paid" else 0
        return Fact(link.key, "payment_link", link.id, link.status, paid, link.currency, 0)


def fork(razorpay: Razorpay) -> Razorpay:
    """A Razorpay that goes its own way from here."""
    links = {reference: replace(link) for reference, link in razorpay.links.items()}
    payments = {
        id: replace(payment, link=links[payment.link.reference]) for id, payment in razorpay.payments.items()
    }
    refunds = {
        id: replace(given, payment=payments[given.payment.id]) for id, given in razorpay.refunds.items()
    }
    return Razorpay(links, payments, refunds, list(razorpay.told))
