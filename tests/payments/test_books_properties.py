"""The books after random histories of customers, Razorpay, lost answers and late webhooks."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flows.engine.conversation import Conversation
from flows.engine.events import Tapped
from flows.engine.model import Flow
from payments.ledger import polling
from payments.ledger.audit import discrepancies, miscounted
from payments.ledger.calls import (
    Call,
    CancelLink,
    CloseCard,
    CreateLink,
    FetchCard,
    FetchPayments,
    RefundPayment,
)
from payments.ledger.holds import HoldReason, reason_of
from payments.ledger.polling import Poll
from payments.ledger.refunds import OUTSIDE
from payments.ledger.state import OrderState
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import InboxBody, chat, request
from tests.payments.card_shop import card_flow, cards_of, indian, refused, with_cards
from tests.payments.memory_shop import NOW, flow_with_repairs
from tests.payments.message_claims import untruths
from tests.payments.razorpay_model import Link, Payment, Razorpay, Refund

_WORDS = ["cancel", "retry", "pay", "paid", "menu", "checkout", "yes", "cart", "no"]
_OPEN = (AttemptStatus.CREATING, AttemptStatus.CREATED)
_REPAIRS = {
    "as shipped": "short: top up, surplus: refund, late: fulfil",
    "all goes back": "short: refund, surplus: refund, late: refund",
    "all is held": "short: hold, surplus: hold, late: hold",
}
COUNTED = "kulhad-6"


def _lasting(conversation: Conversation) -> Conversation:
    """Return the conversation without what it had asked for within the last hour, which any event may end."""
    data = {name: value for name, value in conversation.data.items() if name != "spent"}
    return replace(conversation, data=data)


@pytest.mark.parametrize("repairs", _REPAIRS.values(), ids=_REPAIRS)
def test_the_books_are_right_after_every_step_of_any_history(shop_text: str, repairs: str) -> None:
    class Bookkeeping(_Bookkeeping):
        flow = flow_with_repairs(shop_text, repairs)

    run_state_machine_as_test(
        Bookkeeping, settings=settings(max_examples=150, stateful_step_count=40, deadline=None)
    )


def test_so_they_are_where_orders_are_paid_by_cards_and_by_links(shop_text: str) -> None:
    class Bookkeeping(_Bookkeeping):
        flow = card_flow(with_cards(shop_text))

        @precondition(lambda self: len(self.store.orders) < 3)
        @rule(sku=st.sampled_from(["masala-250", COUNTED]))
        def buys_in_the_chat(self, sku: str) -> None:
            self._take(chat("menu"), chat(Tapped(f"c-1.0|add|{sku}")), chat("checkout"), chat("yes"))

        @precondition(lambda self: self._unpaid_cards())
        @rule(word=st.sampled_from(["retry", "cancel", "checkout"]))
        def has_second_thoughts(self, word: str) -> None:
            self._take(chat(word))

    run_state_machine_as_test(
        Bookkeeping, settings=settings(max_examples=150, stateful_step_count=40, deadline=None)
    )


class _Bookkeeping(RuleBasedStateMachine):
    flow: Flow

    def __init__(self) -> None:
        super().__init__()
        self.store, self.razorpay = indian(self.flow), Razorpay()
        self.now = NOW
        self.heard: list[InboxBody] = []
        self.asked: list[Call] = []
        """Calls not performed yet. All but polls are performed in order."""
        self.polls: list[Poll] = []
        self.keys: dict[str, int] = {}
        """The amount asked for under each refund key."""
        self.stood: dict[str, list[Lifecycle]] = {}
        self.others = 0
        self.kept: set[str] = set()
        """Reference ids of links that Razorpay would not cancel."""

    def _take(self, *arrivals: InboxBody) -> None:
        for arrival in arrivals:
            done = self.store.take(arrival, now=self.now)
            assert Outcome.PARKED not in self.store.outcomes, done.results
            assert not [*untruths(self.store.conversation, self.store.orders, done.changes)]
            for card in cards_of(self.store):
                assert card.bill
                self.razorpay.show(card.card, card.bill.total)
            self.asked += done.calls
            self.polls += done.polls
            for call in done.calls:
                if isinstance(call, RefundPayment):
                    assert self.keys.setdefault(call.key, call.amount) == call.amount
            for key, state in self.store.orders.items():
                history = self.stood.setdefault(key, [Lifecycle.OPEN])
                history += [state.lifecycle] if state.lifecycle is not history[-1] else []

    # The customer

    @initialize()
    def begins(self) -> None:
        self._take(chat("hi"))

    @rule(word=st.sampled_from(_WORDS))
    def writes(self, word: str) -> None:
        self._take(chat(word))

    @precondition(lambda self: len(self.store.orders) < 3)
    @rule(sku=st.sampled_from(["masala-250", COUNTED]))
    def adds(self, sku: str) -> None:
        self._take(chat("menu"), chat(Tapped(f"c-1.0|add|{sku}")))

    @precondition(lambda self: len(self.store.orders) < 3)
    @rule(sku=st.sampled_from(["masala-250", COUNTED, COUNTED]), quantity=st.integers(1, 5))
    def orders(self, sku: str, quantity: int) -> None:
        self._take(request((sku, quantity)))
        self.razorpay_answers_all()

    @rule(minutes=st.sampled_from([1, 19, 60, 7 * 24 * 60]))
    def waits(self, minutes: int) -> None:
        self.now += minutes * 60_000

    @rule(pieces=st.integers(1, 12))
    def others_buy(self, pieces: int) -> None:
        taken = min(pieces, self.store.left[COUNTED])
        self.others += taken
        self.store.left = {COUNTED: self.store.left[COUNTED] - taken}

    # Razorpay

    @precondition(lambda self: self.asked)
    @rule(dice=st.data(), lost=st.booleans(), refused=st.booleans())
    def razorpay_answers(self, dice: st.DataObject, lost: bool, refused: bool) -> None:
        first = next((call for call in self.asked if not isinstance(call, FetchPayments | FetchCard)), None)
        polls = [call for call in self.asked if isinstance(call, FetchPayments | FetchCard)]
        call = dice.draw(st.sampled_from([*([first] if first else []), *polls]))
        if isinstance(call, CreateLink) and refused and call.reference_id not in self.razorpay.links:
            self.asked.remove(call)
            return self._take(self.razorpay.refuse(call))
        if isinstance(call, CancelLink | CloseCard) and refused:
            self.asked.remove(call)
            self.kept.add(call.reference_id)
            return self._take(self.razorpay.keep(call))
        answer = self.razorpay.answer(call)
        if not lost:
            self.asked.remove(call)
            self._take(answer)
        return None

    @rule()
    def razorpay_answers_all(self) -> None:
        asked, self.asked = self.asked, []
        self._take(*(self.razorpay.answer(call) for call in asked))

    @precondition(lambda self: self.razorpay.links)
    @rule(
        dice=st.data(),
        heard=st.booleans(),
        short=st.sampled_from([0, 0, 0, 1, 99, 100, 8_000]),
        more=st.sampled_from([0, 0, 0, 1, 99, 100, 2_000]),
        usd=st.integers(0, 9),
        status=st.sampled_from(["failed", "authorized", "captured", "captured"]),
        fee=st.sampled_from([0, 0, 0, 1, 425]),
    )
    def somebody_pays(
        self, dice: st.DataObject, heard: bool, short: int, more: int, usd: int, status: str, fee: int
    ) -> None:
        link = dice.draw(st.sampled_from(list(self.razorpay.links.values())))
        if fee == short - more:
            fee = 0  # Nobody could tell this sum from the whole one without a fee.
        amount = max(100, link.amount - short + more)
        payment = self.razorpay.try_to_pay(link, amount, "USD" if usd == 9 else "INR", fee)
        self.razorpay.move(payment, status)
        if heard:
            self._hear(self.razorpay.webhooks[-1])

    @precondition(lambda self: self._undecided())
    @rule(dice=st.data(), status=st.sampled_from(["authorized", "captured", "let go"]))
    def the_bank_says_yes_late(self, dice: st.DataObject, status: str) -> None:
        payment = dice.draw(st.sampled_from(self._undecided()))
        if status == "let go":
            if payment.status == "authorized":
                self.razorpay.let_go(payment)
        elif payment.status != status:
            self.razorpay.move(payment, status)

    @precondition(lambda self: self.razorpay.links)
    @rule(dice=st.data(), status=st.sampled_from(["expired", "cancelled"]))
    def a_link_ends(self, dice: st.DataObject, status: str) -> None:
        self.razorpay.end(dice.draw(st.sampled_from(list(self.razorpay.links.values()))), status)

    @precondition(lambda self: self._unpaid_cards())
    @rule(dice=st.data(), certain=st.booleans())
    def a_card_does_not_arrive(self, dice: st.DataObject, certain: bool) -> None:
        card = dice.draw(st.sampled_from(self._unpaid_cards()))
        if certain:
            del self.razorpay.links[card]
        self._take(refused(card, certain=certain))

    def _unpaid_cards(self) -> list[str]:
        tried = [payment.link.reference for payment in self.razorpay.payments.values()]
        cards = [one.reference for one in self.razorpay.links.values() if one.is_card]
        return [card for card in cards if card not in tried]

    @precondition(lambda self: self.razorpay.payments)
    @rule(dice=st.data(), part=st.sampled_from([100, 5_000, None]), kept=st.sampled_from([0, 0, 60]))
    def somebody_refunds_in_the_dashboard(self, dice: st.DataObject, part: int | None, kept: int) -> None:
        payment = dice.draw(st.sampled_from(list(self.razorpay.payments.values())))
        self.razorpay.give_back(payment, part or self.razorpay.refundable(payment) - kept)

    @precondition(lambda self: self.razorpay.payments)
    @rule(dice=st.data(), state=st.sampled_from(["created", "won", "lost"]))
    def the_payers_bank_disputes(self, dice: st.DataObject, state: str) -> None:
        payment = dice.draw(st.sampled_from(list(self.razorpay.payments.values())))
        if payment.status == "captured":
            self.razorpay.dispute(payment, state)

    @precondition(lambda self: self.razorpay.refunds)
    @rule(dice=st.data(), status=st.sampled_from(["processed", "processed", "failed"]))
    def a_refund_ends(self, dice: st.DataObject, status: str) -> None:
        refund = dice.draw(st.sampled_from(list(self.razorpay.refunds.values())))
        if refund.status == "created" or status == "failed":
            self.razorpay.finish(refund, status)

    # What is heard of it

    @precondition(lambda self: self.razorpay.webhooks)
    @rule(dice=st.data(), newest=st.booleans())
    def a_webhook_comes(self, dice: st.DataObject, newest: bool) -> None:
        told = self.razorpay.webhooks
        self._hear(told[-1] if newest else dice.draw(st.sampled_from(told)))

    def _hear(self, *webhooks: InboxBody) -> None:
        self.heard += webhooks
        self._take(*webhooks)

    @precondition(lambda self: self.polls)
    @rule(dice=st.data())
    def a_poll_is_due(self, dice: st.DataObject) -> None:
        poll = dice.draw(st.sampled_from(self.polls))
        self.polls.remove(poll)
        self.now = max(self.now, poll.due)
        self._take((EventKind.POLL, polling.to_json(poll)))

    @rule()
    def what_was_heard_is_heard_again(self) -> None:
        orders, said, left = dict(self.store.orders), list(self.store.said), self.store.left
        conversation, asked = _lasting(self.store.conversation), list(self.asked)
        self._take(*self.heard)
        assert self.store.orders == orders
        assert _lasting(self.store.conversation) == conversation
        assert (self.store.said, self.store.left, self.asked) == (said, left, asked)

    @rule(dice=st.randoms(use_true_random=False))
    def rows_come_in_another_order(self, dice: random.Random) -> None:
        def mixed(rows: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(dice.sample(rows, len(rows)))

        for key, state in self.store.orders.items():
            facts, attempts, refunds = mixed(state.facts), mixed(state.attempts), mixed(state.refunds)
            self.store.orders[key] = replace(state, facts=facts, attempts=attempts, refunds=refunds)

    def _undecided(self) -> list[Payment]:
        payments = self.razorpay.payments.values()
        return [payment for payment in payments if payment.status in ("failed", "authorized")]

    # What must always hold

    @invariant()
    def every_rupee_is_somewhere(self) -> None:
        for state in self.store.orders.values():
            back = _back(state)
            own = sum(min(payment.amount, back[payment.id]) for payment in state.balance.own)
            assert state.balance.captured == state.fulfilled + own + state.held
            assert state.held >= 0
            assert state.held == 0 or reason_of(state.held_for) not in (None, HoldReason.UNEXPLAINED)
            if not self._unheard_failures():
                assert discrepancies(state, 1 if state.balance.paid_in_full else None) == ()

    @invariant()
    def an_order_is_decided_once_and_for_good(self) -> None:
        for key, history in self.stood.items():
            assert history.count(Lifecycle.FULFILLED) + history.count(Lifecycle.RETURNED) <= 1, history
            assert not {Lifecycle.FULFILLED, Lifecycle.RETURNED} & set(history[:-1]), history
            assert self.store.orders[key].lifecycle is history[-1]
        fulfilled = [h for h in self.stood.values() if h[-1] is Lifecycle.FULFILLED]
        assert self.store.said.count("payment_successful") == len(fulfilled)

    @invariant()
    def nobody_gets_the_goods_and_the_money(self) -> None:
        for state in self.store.orders.values():
            if state.lifecycle is Lifecycle.FULFILLED:
                ours = sum(r.amount for r in state.refunds if r.goes_back and r.reason != OUTSIDE)
                assert state.balance.paid - ours >= state.order.total

    @invariant()
    def no_payment_gives_back_more_than_it_took(self) -> None:
        for state in self.store.orders.values():
            back = _back(state)
            for payment in state.balance.payments:
                if payment.id not in self._unheard_failures():
                    assert back[payment.id] <= payment.amount

    def _unheard_failures(self) -> set[str]:
        """Payments whose refund failed at Razorpay, before its webhook has come."""
        known = {r.refund_id for s in self.store.orders.values() for r in s.refunds if r.status == "failed"}
        failed = [refund for refund in self.razorpay.refunds.values() if refund.status == "failed"]
        return {refund.payment.id for refund in failed if refund.id not in known}

    @invariant()
    def at_most_one_link_is_wanted_for_an_order(self) -> None:
        for state in self.store.orders.values():
            taken = {(payment.link, payment.amount) for payment in state.balance.payments}
            wanted = [a for a in state.attempts if a.status in _OPEN and (a.link_id, a.amount) not in taken]
            assert len(wanted) <= (state.lifecycle is Lifecycle.OPEN)

    @invariant()
    def at_most_one_link_of_the_customer_can_be_paid(self) -> None:
        payable = [link.reference for link in self.razorpay.links.values() if link.status == "created"]
        assert len(payable) <= 1, payable

    @invariant()
    def open_orders_hold_their_pieces_and_nothing_is_sold_that_is_not_there(self) -> None:
        store = self.store
        held: Counter[str] = Counter()
        for state in store.orders.values():
            if state.lifecycle is Lifecycle.OPEN:
                held.update({line.sku: line.quantity for line in state.order.lines if line.sku == COUNTED})
        assert miscounted({COUNTED: store.reserved[COUNTED]}, held) == ()
        assert store.left[COUNTED] >= 0

    # In the end

    def teardown(self) -> None:
        """Deliver all webhooks and answer all calls: then Razorpay and the books agree."""
        while self.asked:
            self.razorpay_answers_all()
        while missed := [webhook for webhook in self.razorpay.webhooks if webhook not in self.heard]:
            self._hear(*missed)
            while self.asked:
                self.razorpay_answers_all()
        self.every_rupee_is_somewhere()
        self.an_order_is_decided_once_and_for_good()
        for state in self.store.orders.values():
            _agree(state, self.razorpay, self.kept)
            planned = [attempt for attempt in state.attempts if attempt.status is AttemptStatus.PLANNED]
            assert not planned or state.balance.authorised, "it waits while the bank may still pay"


def _back(state: OrderState) -> Counter[str]:
    """The refunds of each payment, under way or processed."""
    back: Counter[str] = Counter()
    for refund in state.refunds:
        back[refund.payment_id] += refund.amount if refund.goes_back else 0
    return back


def _agree(state: OrderState, razorpay: Razorpay, kept: set[str]) -> None:
    mine = [p for p in razorpay.payments.values() if p.link.key == state.order.key and p.status == "captured"]
    assert {p.id: p.amount for p in state.balance.payments} == {p.id: p.amount for p in mine}
    made: list[Refund] = [refund for refund in razorpay.refunds.values() if refund.payment in mine]
    assert {(r.refund_id, r.amount, str(r.status)) for r in state.refunds if r.refund_id} == {
        (refund.id, refund.amount, refund.status) for refund in made
    }
    assert not [refund for refund in state.refunds if refund.status == "asked"]
    links: list[Link] = [link for link in razorpay.links.values() if link.key == state.order.key]
    payable = [link for link in links if link.status == "created" and link.reference not in kept]
    assert len(payable) <= (state.lifecycle is Lifecycle.OPEN)
