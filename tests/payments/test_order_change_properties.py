"""The books of orders that people, customers and Razorpay change in any order."""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from flows.engine.model import Flow
from payments.ledger.state import Task
from payments.processing import hand_money, refused_delivery
from payments.processing import order_changes as changes
from payments.processing.order_changes import NotPossible, Pieces, Settlement
from payments.shop.fulfilment import LADDER, Stage
from payments.shop.order_terms import Destination, Fulfilment
from payments.shop.orders import Lifecycle, Line
from tests.builders import refunded, webhook
from tests.payments.memory_shop import with_repairs
from tests.payments.shops_with_staff import CUP, TEA, Change, StaffShop, promise, staffed

_LINES = (
    (
        Line(CUP, "Cups", 3, 32_000, discount=9_601, delivery=2_000),
        Line(TEA, "Chai", 2, 18_000, 500, "", 3_600),
    ),
    (Line(TEA, "Chai", 1, 100),),
    (Line(CUP, "Cups", 2, 150, discount=1), Line(TEA, "Chai", 3, 33, delivery=7)),
)
_BOTH = st.booleans()
_REPAIRS = {
    "as shipped": "short: top up, surplus: refund, late: fulfil",
    "all is held": "short: hold, surplus: hold, late: hold",
}


@pytest.mark.parametrize("repairs", _REPAIRS.values(), ids=_REPAIRS)
def test_the_books_are_right_whatever_people_change(shop_text: str, repairs: str) -> None:
    class Desk(_Desk):
        flow = staffed(with_repairs(shop_text, repairs))

    run_state_machine_as_test(
        Desk, settings=settings(max_examples=120, stateful_step_count=25, deadline=None)
    )


class _Desk(RuleBasedStateMachine):
    flow: Flow

    def __init__(self) -> None:
        super().__init__()
        self.shop = StaffShop(self.flow)
        self.owed: dict[str, int] = {}

    def _change(self, change: Change, key: str) -> None:
        """Change the order, if that is possible, and look at what must hold."""
        before = self.shop.orders[key]
        try:
            self.shop.change_order(change, key)
        except NotPossible:
            self.shop.prove()
            assert self.shop.orders[key] is before
        self._look()

    def _look(self) -> None:
        for key, state in self.shop.orders.items():
            assert state.owed <= self.owed.setdefault(key, state.order.total), "it never rises"
            self.owed[key] = state.owed
            assert state.stage or not state.amendments, "only orders with a stage are read with amendments"
            for payment in state.balance.payments:
                back = [r for r in state.refunds if r.payment_id == payment.id and r.goes_back]
                assert sum(refund.amount for refund in back) <= payment.amount

    def _key(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.shop.orders)), label="order")

    @precondition(lambda self: len(self.shop.orders) < 3 and self.shop.left[CUP] >= 3)
    @rule(lines=st.sampled_from(_LINES), coupon=st.sampled_from(["", "FIRST10"]), cash=_BOTH)
    def buys(self, lines: tuple[Line, ...], coupon: str, cash: bool) -> None:
        key = self.shop.buys(lines, coupon=coupon)
        if cash:
            self._change(promise, key)

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), amount=st.one_of(st.none(), st.sampled_from([100, 150, 5_000])))
    def pays_online(self, data: st.DataObject, amount: int | None) -> None:
        self.shop.pays(self._key(data), amount)
        self._look()

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), to=st.sampled_from(LADDER), how=st.sampled_from([None, *Settlement]))
    def moves(self, data: st.DataObject, to: Stage, how: Settlement | None) -> None:
        self._change(partial(changes.move, to=to, by="ravi", settlement=how), self._key(data))

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), sku=st.sampled_from([CUP, TEA]), pieces=st.integers(1, 3), shelf=_BOTH, late=_BOTH)
    def less(self, data: st.DataObject, sku: str, pieces: int, shelf: bool, late: bool) -> None:
        change = changes.take_back if late else changes.take_less
        self._change(partial(change, pieces=Pieces(sku, pieces, shelf=shelf), by="ravi"), self._key(data))

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), part=st.sampled_from([1, 99, 100, 5_000, None]))
    def allowance(self, data: st.DataObject, part: int | None) -> None:
        key = self._key(data)
        amount = self.shop.orders[key].owed if part is None else part
        self._change(partial(changes.allow, amount=amount, by="mina", why=""), key)

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), amount=st.sampled_from([1, 100, 5_000, 50_000]), how=st.sampled_from(Settlement))
    def cash_is_taken(self, data: st.DataObject, amount: int, how: Settlement) -> None:
        self._change(
            partial(hand_money.take_money, amount=amount, settlement=how, by="ravi"), self._key(data)
        )

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), number=st.one_of(st.none(), st.integers(0, 3)))
    def a_slip_is_undone(self, data: st.DataObject, number: int | None) -> None:
        key = self._key(data)
        before = self.shop.orders[key]
        self._change(partial(hand_money.undo_payment, ordinal=number, by="mina"), key)
        after = self.shop.orders[key]
        if after is not before:
            gone = {one.id for one in before.balance.payments} - {one.id for one in after.balance.payments}
            assert len(gone) == 1
            assert after.balance.paid == before.balance.paid - after.undone[-1].amount
            assert after.to_give_back <= before.to_give_back

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def cash_is_given_back(self, data: st.DataObject) -> None:
        self._change(partial(hand_money.give_back_by_hand, by="mina"), self._key(data))

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), to=st.sampled_from([Stage.CANCELLED, Stage.REFUSED]), shelf=st.none() | _BOTH)
    def called_off(self, data: st.DataObject, to: Stage, shelf: bool | None) -> None:
        key = self._key(data)
        before = self.shop.orders[key]
        self._change(partial(changes.call_off, to=to, by="ravi", shelf=shelf), key)
        if to is Stage.CANCELLED and before.lifecycle is Lifecycle.OPEN:
            assert self.shop.orders[key].stage is to, "whatever its money waits for"

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), shelf=st.none() | _BOTH)
    def refused_and_the_delivery_kept(self, data: st.DataObject, shelf: bool | None) -> None:
        key = self._key(data)
        before = self.shop.orders[key]
        self._change(partial(refused_delivery.refuse_keeping_delivery, by="ravi", shelf=shelf), key)
        after = self.shop.orders[key]
        if after is not before:
            assert after.delivery_held == min(before.order.delivery, before.fulfilled)
            assert Task.DELIVERY in after.tasks

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), keep=_BOTH)
    def the_delivery_is_decided(self, data: st.DataObject, keep: bool) -> None:
        key = self._key(data)
        decide = refused_delivery.keep_delivery if keep else refused_delivery.give_delivery_back
        before = self.shop.orders[key]
        self._change(partial(decide, by="mina"), key)
        after = self.shop.orders[key]
        assert after is before or Task.DELIVERY not in after.tasks

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data())
    def sent_elsewhere(self, data: st.DataObject) -> None:
        to = Destination(Fulfilment.DELIVERY, address="9 Road")
        self._change(partial(changes.send_elsewhere, to=to, by="mina"), self._key(data))

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), state=st.sampled_from(["processed", "processed", "failed"]))
    def razorpay_refunds(self, data: st.DataObject, state: str) -> None:
        self.shop.razorpay_refunds(self._key(data), state)
        self._look()

    @precondition(lambda self: self.shop.orders)
    @rule(data=st.data(), part=st.sampled_from([100, 700, None]))
    def somebody_refunds_in_the_dashboard(self, data: st.DataObject, part: int | None) -> None:
        key = self._key(data)
        state = self.shop.orders[key]
        for payment in state.balance.payments:
            gone = sum(r.amount for r in state.refunds if r.payment_id == payment.id and r.goes_back)
            amount = min(part or payment.amount, payment.amount - gone)
            if payment.id.startswith("pay_") and amount > 0:
                id = f"rfnd_{payment.id}_{len(state.refunds)}"
                fact = refunded("processed", amount, id, payment.id, order_key=key)
                self.shop.take(webhook(fact), now=self.shop.now)
                self.shop.prove()
                self._look()
                return

    def teardown(self) -> None:
        for key, state in self.shop.orders.items():
            if state.lifecycle is Lifecycle.RETURNED:
                asked = [r for r in state.refunds if r.status not in ("refused", "withdrawn")]
                assert sum(r.amount for r in asked) + state.held >= state.balance.paid, key
