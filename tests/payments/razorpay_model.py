"""A model of Razorpay in memory: it keeps Razorpay's rules, and every webhook it sends.

Methods that change something add the webhooks of the change to `webhooks`; a test delivers them as often,
and in whatever order, it likes. `answer` performs a call; the same call again has the same answer.
"""

from dataclasses import dataclass, field, replace

from payments.ledger.calls import (
    Call,
    CancelLink,
    CloseCard,
    CreateLink,
    FetchCard,
    FetchPayments,
    RefundPayment,
)
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.refunds import SMALLEST
from payments.processing import results
from payments.processing.results import (
    LinkCreated,
    LinkWithdrawn,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Result,
)
from payments.processing.step_input import EventKind
from payments.shop.orders import LinkStatus, is_card, order_key_of
from tests.builders import InboxBody, link_kept, link_refused, webhook


@dataclass(slots=True)
class Link:
    """One payment link, or one order card of the chat."""

    reference: str
    amount: int
    currency: str
    status: str = "created"

    @property
    def id(self) -> str:
        return self.reference if self.is_card else f"plink_{self.reference}"

    @property
    def is_card(self) -> bool:
        return is_card(self.reference)

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

    def told(self, state: str) -> Fact:
        """What a webhook says of it: it names the link, but no card."""
        fact = self.fact(state)
        return replace(fact, detail=replace(fact.detail, link="")) if self.link.is_card else fact

    def fact(self, state: str) -> Fact:
        detail = Detail(method="upi", link=self.link.id, error_description="Declined")
        if self.fee and state == "captured":
            detail = replace(detail, fee=self.fee, payer_bears_fee=True)
        amount = self.amount + self.fee
        return Fact(
            self.link.key,
            EntityType.PAYMENT,
            self.id,
            FactState(state),
            amount,
            self.currency,
            self.at,
            detail,
        )


@dataclass(slots=True)
class Refund:
    """One refund of a payment."""

    id: str
    payment: Payment
    amount: int
    key: str
    captured: bool
    status: str = "created"

    def fact(self) -> Fact:
        detail = Detail(payment_id=self.payment.id, key=self.key, captured=self.captured)
        link, payment, state = self.payment.link, self.payment, FactState(self.status)
        return Fact(
            link.key, EntityType.REFUND, self.id, state, self.amount, payment.currency, payment.at, detail
        )


@dataclass(slots=True)
class Razorpay:
    """All that Razorpay knows, and the webhooks that it has sent."""

    links: dict[str, Link] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    webhooks: list[InboxBody] = field(default_factory=list)

    # Its payment pages and its dashboard

    def try_to_pay(self, link: Link, amount: int, currency: str = "INR", fee: int = 0) -> Payment:
        """Begin a payment. No webhook is sent yet."""
        number = len(self.payments) + 1
        payment = Payment(f"pay_{number}", link, amount, currency, number, fee=fee)
        self.payments[payment.id] = payment
        return payment

    def move(self, payment: Payment, status: str) -> None:
        """Make the payment `failed`, `authorized` or `captured`. A failed one may still succeed."""
        payment.failed = payment.failed or status == "failed"
        payment.status = status
        self.webhooks.append(webhook(payment.told(status)))
        if status == "captured":
            self._captured(payment)

    def _captured(self, payment: Payment) -> None:
        link = payment.link
        order = Fact(
            link.key,
            EntityType.ORDER,
            f"order_{link.reference}",
            FactState.PAID,
            payment.amount,
            payment.currency,
            0,
        )
        if (payment.amount, payment.currency) == (link.amount, link.currency):
            self.webhooks.append(webhook(payment.told("captured"), order))
            if link.status == "created":
                link.status = "paid"
                if not link.is_card:
                    told = (payment.fact("captured"), order, self._link_fact(link))
                    self.webhooks.append(webhook(*told))

    def end(self, link: Link, status: str) -> None:
        """Make the link `expired` or `cancelled`, if it can still be paid."""
        if link.status == "created":
            link.status = status
            if not link.is_card:
                self.webhooks.append(webhook(self._link_fact(link)))

    def show(self, card: str, amount: int) -> None:
        """Have the customer see a card, which they can pay from now on."""
        assert card not in self.links, "a card can be sent once"
        self.links[card] = Link(card, amount, "INR")

    def give_back(self, payment: Payment, amount: int, key: str = "") -> Refund | None:
        """Refund `amount` of a payment. Return None where Razorpay would not."""
        if payment.status != "captured" or not SMALLEST <= amount <= self.refundable(payment):
            return None
        return self._give(Refund(self._refund_id, payment, amount, key, captured=True))

    def let_go(self, payment: Payment) -> None:
        """Refund an authorised payment that was not captured in time, as Razorpay does by itself."""
        payment.status = "refunded"
        self._give(Refund(self._refund_id, payment, payment.amount, "", captured=False))

    @property
    def _refund_id(self) -> str:
        return f"rfnd_{len(self.refunds) + 1}"

    def _give(self, refund: Refund) -> Refund:
        self.refunds[refund.id] = refund
        self.webhooks.append(webhook(refund.fact()))
        return refund

    def finish(self, refund: Refund, status: str) -> None:
        """Make the refund `processed` or `failed`."""
        if refund.status != "failed" and refund.status != status:
            refund.status = status
            self.webhooks.append(webhook(refund.fact()))

    def dispute(self, payment: Payment, state: str) -> None:
        """Open a dispute of the payment, or decide it."""
        id, key = f"disp_{payment.id}", payment.link.key
        self.webhooks.append(
            webhook(
                Fact(
                    key,
                    EntityType.DISPUTE,
                    id,
                    FactState(state),
                    payment.amount,
                    payment.currency,
                    payment.at,
                    Detail(payment_id=payment.id),
                )
            )
        )

    def refundable(self, payment: Payment) -> int:
        """Paise of the payment that were not refunded."""
        return payment.amount - sum(
            refund.amount
            for refund in self.refunds.values()
            if refund.payment is payment and refund.status != "failed"
        )

    # Its API

    def answer(self, call: Call) -> InboxBody:
        """Perform a call; the same call again has the same answer."""
        return EventKind.RESULT, results.to_json(self._perform(call))

    def _perform(self, call: Call) -> Result:
        match call:
            case CreateLink():
                return self._create(call)
            case CancelLink() | CloseCard():
                return self._cancel(call)
            case FetchPayments() | FetchCard():
                return self._fetch(call)
            case RefundPayment():
                return self._refund(call)

    def refuse(self, call: CreateLink) -> InboxBody:
        """Refuse to make the link, now and for ever."""
        return link_refused(call.reference_id)

    def keep(self, call: CancelLink | CloseCard) -> InboxBody:
        """Refuse to cancel the link, in words that nobody knows."""
        return link_kept(call.reference_id)

    def _create(self, call: CreateLink) -> LinkCreated:
        link = self.links.setdefault(call.reference_id, Link(call.reference_id, call.amount, call.currency))
        url = f"https://rzp.io/{link.reference}"
        return LinkCreated(link.reference, link.id, url, LinkStatus(link.status))

    def _cancel(self, call: CancelLink | CloseCard) -> LinkWithdrawn:
        link = self.links.get(call.reference_id)
        if link is None:
            return LinkWithdrawn(call.reference_id, None, LinkStatus.CANCELLED)
        self.end(link, "cancelled")
        return LinkWithdrawn(call.reference_id, link.id, LinkStatus(link.status))

    def _fetch(self, call: FetchPayments | FetchCard) -> PaymentsFetched:
        link = self.links.get(call.reference_id)
        if link is None:  # a card that did not reach its customer
            return PaymentsFetched(call.reference_id, asked=call.asked)
        if isinstance(call, FetchCard) and call.over:
            self.end(link, "expired")
        facts = [self._link_fact(link)] if link.status != "created" else []
        payments = [payment for payment in self.payments.values() if payment.link is link]
        visible = ("failed", "authorized", "captured")
        facts += [payment.fact(payment.status) for payment in payments if payment.status in visible]
        facts += [refund.fact() for refund in self.refunds.values() if refund.payment.link is link]
        return PaymentsFetched(call.reference_id, tuple(facts), asked=call.asked)

    def _refund(self, call: RefundPayment) -> RefundMade | RefundRefused:
        made = next((refund for refund in self.refunds.values() if refund.key == call.key), None)
        assert made is None or made.amount == call.amount, "one key, two amounts"
        made = made or self.give_back(self.payments[call.payment_id], call.amount, call.key)
        if made is None:
            return RefundRefused(call.order_key, call.key)
        return RefundMade(call.order_key, (made.fact(),))

    def _link_fact(self, link: Link) -> Fact:
        paid = link.amount if link.status == "paid" else 0
        return Fact(
            link.key, EntityType.PAYMENT_LINK, link.id, FactState(link.status), paid, link.currency, 0
        )


def fork(razorpay: Razorpay) -> Razorpay:
    """An independent copy."""
    links = {reference: replace(link) for reference, link in razorpay.links.items()}
    payments = {
        id: replace(payment, link=links[payment.link.reference]) for id, payment in razorpay.payments.items()
    }
    refunds = {
        id: replace(refund, payment=payments[refund.payment.id]) for id, refund in razorpay.refunds.items()
    }
    return Razorpay(links, payments, refunds, list(razorpay.webhooks))
