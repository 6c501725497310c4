"""A simulator of one customer and one shop with its staff, with simulated time and a simulated Razorpay.

`munshi chat`, `munshi test` and the scenario tests all use it. It runs the same `advance` as the live bot.
Only the store is in memory, and Razorpay is simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from flows.engine.model import Flow
from flows.messages.kinds import Message
from payments.ledger.balance import authorised
from payments.ledger.calls import FetchCard, fetch_of
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.processing import cards
from payments.processing.bodies import OrderRequested, request_to_json
from payments.processing.conversation_data import order_key_in
from payments.processing.step_input import EventKind
from payments.shop.cart import Item
from payments.shop.orders import (
    CURRENCY,
    Attempt,
    Lifecycle,
)
from payments.shop.staff import Staff
from payments.simulator.first_product import first_product
from payments.simulator.simulated_gateway import ChatsWithRazorpay, NothingToPay

START: Final = 1_767_243_600_000
"""Start of simulated time, 2026-01-01 10:30 in Pune: milliseconds since 1970, UTC."""


class Simulator(ChatsWithRazorpay):
    """A simulated chat. Every action returns the shop's messages in answer, in order."""

    def __init__(
        self,
        flow: Flow,
        name: str = "Asha",
        now: int = START,
        id: str = "sim-1",
        staff: Sequence[Staff] | None = None,
    ) -> None:
        """`staff` stand in for those of the flow file."""
        super().__init__(flow, name, now, id, staff)
        self.answer: list[Message] = []
        """What the shop said last, for those who note it here."""
        self._payments = 0

    @property
    def order(self) -> OrderState | None:
        """The order that the chat is about."""
        return self.store.orders.get(order_key_in(self.conversation.data) or "")

    @property
    def stuck(self) -> OrderState | None:
        """An order that is open though nothing is under way that could end it, or None."""
        if self._later or self._waiting or self._untold or self._open_links():
            return None
        orders = (one for one in self.orders.values() if one.lifecycle is Lifecycle.OPEN)
        return next((one for one in orders if not one.held_for and not one.waits_for_capture), None)

    @property
    def left(self) -> Mapping[str, int]:
        """Pieces left of each counted product."""
        return self.store.left

    # What the outside does

    def pay(self, amount: int | None = None, currency: str = CURRENCY) -> list[Message]:
        """The customer pays on Razorpay's page, `amount` paise or what is due. Raises NothingToPay."""
        state, attempt = self._payable()
        paid = attempt.amount if amount is None else amount
        facts = [self._payment(attempt, FactState.CAPTURED, paid, currency, Detail(method="upi"))]
        if (paid, currency) == (attempt.amount, attempt.currency):
            facts.append(self._ended(attempt, FactState.PAID, paid))
        return self._facts(state.order.key, *facts)

    def allow(self) -> list[Message]:
        """The bank authorises a payment of what is due, which is not captured. Raises NothingToPay."""
        state, attempt = self._payable()
        payment = self._payment(attempt, FactState.AUTHORIZED, attempt.amount, CURRENCY, Detail(method="upi"))
        return self._facts(state.order.key, payment)

    def let_go(self) -> list[Message]:
        """Razorpay gives back the last payment that was authorised and not captured. Raises NothingToPay."""
        waiting = authorised(self._made)
        if not waiting:
            raise NothingToPay("the bank allowed nothing")
        payment = waiting[-1]
        detail = Detail(payment_id=payment.entity_id, captured=False)
        id = payment.entity_id.replace("pay_", "rfnd_")
        back = replace(
            payment, entity=EntityType.REFUND, entity_id=id, state=FactState.PROCESSED, detail=detail
        )
        return self._facts(payment.order_key, back)

    def poll(self) -> list[Message]:
        """Razorpay is polled about all links, as it is from time to time."""
        calls = [
            fetch_of(attempt.reference_id, attempt.link_id)
            for state in self.orders.values()
            for attempt in state.attempts
            if attempt.link_id
        ]
        return [message for call in calls for message in self._perform(call)]

    def fail(self, description: str = "Payment was declined by the bank") -> list[Message]:
        """A payment fails on Razorpay's page; the link can still be paid. Raises NothingToPay."""
        state, attempt = self._payable()
        detail = Detail(error_reason="payment_failed", error_description=description)
        return self._facts(
            state.order.key, self._payment(attempt, FactState.FAILED, attempt.amount, CURRENCY, detail)
        )

    def settle_late(self) -> list[Message]:
        """The payment that failed last is captured after all. Raises NothingToPay."""
        failed = [fact for fact in self._made if fact.reports(EntityType.PAYMENT, FactState.FAILED)]
        if not failed:
            raise NothingToPay("no payment has failed")
        return self._settle(failed[-1])

    def capture(self) -> list[Message]:
        """The last payment that the bank allowed is captured. Raises NothingToPay."""
        waiting = authorised(self._made)
        if not waiting:
            raise NothingToPay("the bank allowed nothing")
        return self._settle(waiting[-1])

    def _settle(self, payment: Fact) -> list[Message]:
        facts = [replace(payment, state=FactState.CAPTURED)]
        paid = [attempt for _, attempt in self._open_links() if attempt.link_id == payment.detail.link]
        facts += [self._ended(attempt, FactState.PAID, payment.amount) for attempt in paid]
        return self._facts(payment.order_key, *facts)

    def refund(self, state: FactState) -> list[Message]:
        """The latest refund becomes `processed` or `failed`. Raises NothingToPay."""
        refunds = [fact for fact in self._made if fact.entity is EntityType.REFUND]
        if not refunds:
            raise NothingToPay("nothing goes back")
        return self._facts(refunds[-1].order_key, replace(refunds[-1], state=state))

    def refund_in_dashboard(self) -> list[Message]:
        """Somebody refunds what is left of the last payment in Razorpay's Dashboard. Raises NothingToPay."""
        paid = [(fact, left) for fact in self._made if (left := self._left_at_razorpay(fact))]
        if not paid:
            raise NothingToPay("nothing was paid, or all of it went back")
        payment, left = paid[-1]
        detail = Detail(payment_id=payment.entity_id)
        fact = replace(
            payment,
            entity=EntityType.REFUND,
            entity_id=f"rfnd_{payment.entity_id}",
            state=FactState.CREATED,
            amount=left,
            detail=detail,
        )
        return self._facts(payment.order_key, fact)

    def _left_at_razorpay(self, payment: Fact) -> int:
        """Return the paise of a captured payment that did not go back; 0 if it is none."""
        if not payment.reports(EntityType.PAYMENT, FactState.CAPTURED):
            return 0
        refunds = [f for f in self._made if f.entity is EntityType.REFUND]
        own = [fact for fact in refunds if fact.detail.payment_id == payment.entity_id]
        failed = {fact.entity_id for fact in own if fact.state == FactState.FAILED}
        return payment.amount - sum(
            {f.entity_id: f.amount for f in own if f.entity_id not in failed}.values()
        )

    def sell_out(self) -> list[Message]:
        """Others buy all that is left of the counted products."""
        self.store.left = dict.fromkeys(self.left, 0)
        return []

    def cancel_link(self) -> list[Message]:
        """Somebody cancels the payment link in Razorpay's Dashboard. Raises NothingToPay."""
        state, attempt = self._payable()
        return self._facts(state.order.key, self._ended(attempt, FactState.CANCELLED))

    def request(self, items: tuple[Item, ...] | None, **said: str | bool) -> list[Message]:
        """An order is requested over the API. `said`: what it says about delivery, coupon and payment."""
        return self._take(EventKind.REQUEST, request_to_json(OrderRequested(items, said)))

    def request_first_product(self) -> list[Message]:
        """An order of what the shop sells first is requested over the API (`first_product`)."""
        items, said = first_product(self._flow.sections["shop"], self.now)
        return self.request(items, **said)

    def wait(self, milliseconds: int) -> list[Message]:
        """Time passes: timers run out and links expire, in order of their times."""
        until, answer = self.now + milliseconds, list[Message]()
        while due := self._next_due(until):
            self.now = max(self.now, due)
            answer += self._expire_links()
            answer += self._take_due()
        self.now = until
        return answer

    def be_down(self, milliseconds: int) -> list[Message]:
        """Time passes while the server is down: timers run late, and webhooks arrive later still."""
        self.now += milliseconds
        return self._take_due()

    def _next_due(self, until: int) -> int | None:
        dues = [self._later[0][0]] if self._later else []
        dues += [_ends_at(attempt) for _, attempt in self._open_links()]
        due = min(dues, default=until + 1)
        return due if due <= until else None

    def _expire_links(self) -> list[Message]:
        answer: list[Message] = []
        for state, attempt in self._open_links():
            if _ends_at(attempt) > self.now:
                continue
            if attempt.is_card:
                # Only a look-up shows that nobody has paid it.
                answer += self._perform(FetchCard(attempt.reference_id, over=True))
            else:
                answer += self._facts(state.order.key, self._ended(attempt, FactState.EXPIRED))
        return answer

    def _payable(self) -> tuple[OrderState, Attempt]:
        """Return the newest link that can be paid, and its order. Raises NothingToPay."""
        payable = self._open_links()
        if not payable:
            raise NothingToPay("there is no payment link to pay")
        return payable[-1]

    def _payment(
        self, attempt: Attempt, status: FactState, amount: int, currency: str, detail: Detail
    ) -> Fact:
        self._payments += 1
        entity_id, at = f"pay_sim{self._payments}", self.now // 1000
        detail = replace(detail, link=attempt.link_id or "")
        return Fact(attempt.order_key, EntityType.PAYMENT, entity_id, status, amount, currency, at, detail)


def _ends_at(attempt: Attempt) -> int:
    """Return when it is known that the attempt's time is over, in milliseconds since 1970, UTC."""
    return attempt.expires_at + (cards.GRACE if attempt.is_card else 0)
