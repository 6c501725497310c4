"""A simulated Razorpay: how it answers the calls of a simulated shop, and when it tells what is true there.

It answers at once, unless it is told otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from flows.engine.model import Flow
from flows.messages.kinds import Message, Payment
from payments.ledger import facts as fact_values
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
from payments.ledger.state import OrderState
from payments.processing import results
from payments.processing.results import (
    LinkCreated,
    LinkKept,
    LinkRefused,
    LinkWithdrawn,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Result,
)
from payments.processing.step_input import EventKind
from payments.shop.orders import (
    CURRENCY,
    LINK_STATUSES,
    Attempt,
    AttemptStatus,
    LinkStatus,
    is_card,
    order_key_of,
)
from payments.shop.staff import Staff
from payments.simulator.chats import Chats


class Razorpay(StrEnum):
    """How the simulated Razorpay answers the shop's calls."""

    ANSWERS = "answers"
    """It answers at once, also the calls that waited."""
    SLOW = "is slow"
    """It answers no call until it is set to answer again."""
    REFUSES = "refuses links"
    """It refuses every link, also on another try."""
    FAILS = "makes no links"
    """It is out of order for so long that the shop gives up. Another try may succeed."""
    REFUSES_CARDS = "refuses cards"
    """No order card reaches the customer; links are made."""
    KEEPS = "keeps links"
    """It cancels no link, and gives a reason that Munshi does not know."""
    REFUSES_REFUNDS = "refuses refunds"
    """It makes no refund."""


def link_made(call: CreateLink) -> LinkCreated:
    """Return what the simulated Razorpay answers when it makes a link."""
    code = call.reference_id.replace(".", "-")
    url = f"https://rzp.io/rzp/{code}"
    return LinkCreated(call.reference_id, f"plink_{code}", url, LinkStatus.CREATED)


def as_told(fact: Fact) -> Fact | None:
    """Return the fact as a webhook tells it; None if there is none of it.

    Razorpay does not know that its order is that of a card: a payment names no link, and no card ends there.
    """
    if fact.entity is EntityType.PAYMENT and is_card(fact.detail.link):
        return replace(fact, detail=replace(fact.detail, link=""))
    if fact.entity is EntityType.PAYMENT_LINK and is_card(fact.entity_id):
        order = replace(fact, entity=EntityType.ORDER, entity_id=f"order_{fact.entity_id}")
        return order if fact.state is FactState.PAID else None
    return fact


_REFUSED_CARD: Final = "refused by the simulated WhatsApp"


class NothingToPay(LookupError):
    """There is no payment link, or no payment, to act on."""


class ChatsWithRazorpay(Chats):
    """Simulated chats of a shop that asks a simulated Razorpay for what it wants."""

    def __init__(self, flow: Flow, name: str, now: int, id: str, staff: Sequence[Staff] | None) -> None:
        super().__init__(flow, name, now, id, staff)
        self._razorpay = Razorpay.ANSWERS
        self._waiting: list[Call] = []
        self._made: list[Fact] = []
        """All that is true at Razorpay, oldest first."""
        self._untold: list[Fact] | None = None
        """Webhooks that wait; None while each comes at once."""

    @property
    def orders(self) -> Mapping[str, OrderState]:
        """The customer's orders, by key."""
        return self.store.orders

    def razorpay(self, how: Razorpay) -> list[Message]:
        """From now on, Razorpay answers calls in this way."""
        self._razorpay = how
        if how is Razorpay.SLOW:
            return []
        waited, self._waiting = self._waiting, []
        return [message for call in waited for message in self._perform(call)]

    def razorpay_once(self, how: Razorpay) -> list[Message]:
        """Razorpay answers the call that has waited longest in this way, and is slow. Raises NothingToPay."""
        if not self._waiting:
            raise NothingToPay("Razorpay was asked nothing that it has not answered")
        call, self._razorpay = self._waiting.pop(0), how
        try:
            return self._perform(call, then=Razorpay.SLOW)
        finally:
            self._razorpay = Razorpay.SLOW

    def refuse_card(self) -> list[Message]:
        """The newest card turns out not to have reached the customer. Raises NothingToPay."""
        attempts = (one for state in self.orders.values() for one in state.attempts)
        cards = [one.reference_id for one in attempts if one.is_card and one.payable]
        if not cards:
            raise NothingToPay("there is no card that can be paid")
        return self._answer(LinkRefused(cards[-1], _REFUSED_CARD))

    def hold_news(self) -> list[Message]:
        """From now on, no webhook comes until it is told."""
        self._untold = [] if self._untold is None else self._untold
        return []

    def tell_news(self, name: str | None = None) -> list[Message]:
        """The oldest webhook called `name` (`payment.captured`) comes. Raises NothingToPay if none waits.

        Without a name, all that wait come, and from then on each at once.
        """
        waiting = self._untold or []
        told = [fact for fact in waiting if name in (None, f"{fact.entity}.{fact.state}")]
        if not told:
            raise NothingToPay(f"no {name or 'webhook'} waits to be told")
        told = told if name is None else told[:1]
        self._untold = None if name is None else [fact for fact in waiting if fact not in told]
        return [message for fact in told for message in self._tell(fact.order_key, fact)]

    def _open_links(self) -> list[tuple[OrderState, Attempt]]:
        over = [fact.entity_id for fact in self._made if fact.entity is EntityType.PAYMENT_LINK]
        return [
            (state, attempt)
            for state in self.orders.values()
            for attempt in state.attempts
            if attempt.status in (AttemptStatus.CREATED, AttemptStatus.WITHDRAWING)
            and attempt.link_id not in (None, *over)
        ]

    def _ended(self, attempt: Attempt, status: FactState, paid: int = 0) -> Fact:
        key, link_id, at = attempt.order_key, attempt.link_id or "", self.now // 1000
        return Fact(key, EntityType.PAYMENT_LINK, link_id, status, paid, attempt.currency, at)

    def _facts(self, key: str, *facts: Fact) -> list[Message]:
        self._made += facts
        if self._untold is not None:
            self._untold += facts
            return []
        return self._tell(key, *facts)

    def _tell(self, key: str, *facts: Fact) -> list[Message]:
        facts = tuple(told for fact in facts if (told := as_told(fact)))
        if not facts:
            return []
        body = {"order_key": key, "facts": [fact_values.to_json(fact) for fact in facts]}
        return self._take(EventKind.FACTS, body)

    def _perform(self, call: Call, then: Razorpay | None = None) -> list[Message]:
        """Answer a call. `then` is how those are answered that follow from it."""
        how, self._razorpay = self._razorpay, then or self._razorpay
        if how is Razorpay.SLOW:
            self._waiting.append(call)
            return []
        match call:
            case CreateLink() if how in (Razorpay.REFUSES, Razorpay.FAILS):
                again = how is Razorpay.FAILS
                reason = "refused by the simulated Razorpay"
                return self._answer(LinkRefused(call.reference_id, reason, again))
            case CreateLink():
                return self._answer(link_made(call))
            case CancelLink() | CloseCard():
                return self._answer(self._cancelled(call, how))
            case FetchPayments():
                payments = self._payments_on(call.link_id)
                return self._answer(PaymentsFetched(call.reference_id, payments, asked=call.asked))
            case FetchCard():
                found = self._payments_on(call.reference_id) + self._end_of_card(call)
                return self._answer(PaymentsFetched(call.reference_id, found, asked=call.asked))
            case RefundPayment() if how is Razorpay.REFUSES_REFUNDS:
                return self._answer(RefundRefused(call.order_key, call.key))
            case RefundPayment():
                detail = Detail(payment_id=call.payment_id, key=call.key)
                id, at = call.key.replace("pay_", "rfnd_"), self.now // 1000
                refund = Fact(
                    call.order_key,
                    EntityType.REFUND,
                    id,
                    FactState.CREATED,
                    call.amount,
                    CURRENCY,
                    at,
                    detail,
                )
                self._made.append(refund)
                return self._answer(RefundMade(call.order_key, (refund,)))

    def _answer(self, result: Result) -> list[Message]:
        return self._take(EventKind.RESULT, results.to_json(result))

    def _payments_on(self, link_id: str | None) -> tuple[Fact, ...]:
        """Return what is true of the payments on a link. Nothing of it waits to be told any more."""
        on_link = tuple(
            fact for fact in self._made if fact.entity is EntityType.PAYMENT and fact.detail.link == link_id
        )
        if self._untold is not None:
            self._untold = [fact for fact in self._untold if fact not in on_link]
        return on_link

    def _end_of_card(self, call: FetchCard) -> tuple[Fact, ...]:
        ends = tuple(fact for fact in self._made if fact.entity_id == call.reference_id)
        if call.over and not ends:
            card = self.orders[call.order_key].attempt(call.reference_id)
            ends = (self._ended(card, FactState.EXPIRED),)
            self._made += ends
        return ends

    def _cards(self, answer: list[Message]) -> list[Message]:
        """Return `answer`, and what follows if the card that it shows does not reach the customer."""
        cards = [one for one in answer if isinstance(one, Payment)]
        if self._razorpay is not Razorpay.REFUSES_CARDS or not cards:
            return answer
        refused = LinkRefused(cards[-1].card, _REFUSED_CARD)
        return [one for one in answer if one not in cards] + self._answer(refused)

    def _cancelled(self, call: CancelLink | CloseCard, how: Razorpay) -> Result:
        attempt = self.orders[order_key_of(call.reference_id)].attempt(call.reference_id)
        over = next((fact.state for fact in self._made if fact.entity_id == attempt.link_id), None)
        if over:
            return LinkWithdrawn(call.reference_id, attempt.link_id, LinkStatus(over))
        if ended := next((end for end, status in LINK_STATUSES.items() if status is attempt.status), None):
            return LinkWithdrawn(call.reference_id, attempt.link_id, ended)
        if how is Razorpay.KEEPS:
            return LinkKept(call.reference_id, "refused by the simulated Razorpay")
        if attempt.link_id:
            self._made.append(self._ended(attempt, FactState.CANCELLED))
        return LinkWithdrawn(call.reference_id, attempt.link_id, LinkStatus.CANCELLED)
