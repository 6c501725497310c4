"""The audit of the books: a correct order passes, and each kind of error is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger import hints
from payments.ledger.audit import Check, Sums, discrepancies, miscounted, sums
from payments.ledger.holds import Hold, HoldReason, Mismatch, needs_person
from payments.ledger.refunds import OUTSIDE
from payments.ledger.state import OrderState
from payments.shop.orders import Lifecycle
from tests.builders import KEY, TOTAL, captured, order_state, refund, refunded

DOLLARS = Hold(HoldReason.MISMATCH, mismatch=Mismatch.CURRENCY)
ANY = Hold(HoldReason.UNEXPLAINED)
PAID_AGAIN = Hold(HoldReason.PAID_AGAIN)
ALL_BACK = (refund("processed", TOTAL, "rfnd_1"),)
OUTSIDE_BACK = (refund("processed", TOTAL, "rfnd_1", reason=OUTSIDE),)
PAID = order_state(captured(), lifecycle=Lifecycle.FULFILLED, fulfilled=TOTAL)
RIGHT = {
    "unpaid": (order_state(), None),
    "ended": (order_state(lifecycle=Lifecycle.LAPSED), None),
    "paid": (PAID, 5),
    "paid, said four times": (replace(PAID, facts=(captured(),) * 4), 5),
    "short": (order_state(captured(20_000), held=20_000, held_for=Hold(HoldReason.WAITING)), None),
    "surplus on its way": (
        replace(PAID, facts=(captured(60_000),), refunds=(refund("asked", 10_000),)),
        5,
    ),
    "surplus given back": (
        replace(
            PAID,
            facts=(captured(60_000), refunded("created", 10_000), refunded("processed", 10_000)),
            refunds=(refund("processed", 10_000, "rfnd_1"),),
        ),
        5,
    ),
    "surplus that could not go back": (
        replace(
            PAID,
            facts=(captured(60_000), refunded("created", 10_000), refunded("failed", 10_000)),
            refunds=(refund("failed", 10_000, "rfnd_1"),),
            held=10_000,
            held_for=Hold(HoldReason.REFUND_FAILED),
        ),
        5,
    ),
    "returned": (
        order_state(captured(), refunded("processed", TOTAL), lifecycle=Lifecycle.RETURNED, refunds=ALL_BACK),
        5,
    ),
    "paid, then all refunded in the dashboard": (
        order_state(
            captured(), refunded("processed", TOTAL), lifecycle=Lifecycle.FULFILLED, refunds=OUTSIDE_BACK
        ),
        5,
    ),
    "paid again after that": (
        order_state(
            captured(), refunded("processed", TOTAL), captured(TOTAL, "pay_2"),
            lifecycle=Lifecycle.FULFILLED, refunds=OUTSIDE_BACK, held=TOTAL, held_for=PAID_AGAIN,
        ),
        5,
    ),
    "cash is to come": (order_state(lifecycle=Lifecycle.PROMISED), None),
    "a part of the cash came": (
        order_state(captured(20_000), lifecycle=Lifecycle.PROMISED, fulfilled=20_000), None
    ),
    "a part of that went back": (
        order_state(
            captured(20_000), refunded("processed", 5_000), lifecycle=Lifecycle.PROMISED, fulfilled=15_000,
            refunds=(refund("processed", 5_000, "rfnd_1", reason=OUTSIDE),),
        ),
        None,
    ),
    "dollars": (order_state(captured(1200, currency="USD"), held_for=DOLLARS), None),
    "dollars that went back": (
        order_state(
            captured(1200, currency="USD"),
            refunded("processed", 1200),
            refunds=(refund("processed", 1200, "rfnd_1"),),
        ),
        None,
    ),
    "never captured, so given back by itself": (
        order_state(refunded("processed", 500, captured=False)),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_order_has_no_discrepancy(name: str) -> None:
    assert discrepancies(*RIGHT[name]) == ()


WRONG: dict[str, tuple[str, Callable[[OrderState], OrderState], Check, Any, Any]] = {
    "a paisa gone": ("paid", lambda s: replace(s, fulfilled=TOTAL - 1), Check.BALANCE, TOTAL, TOTAL - 1),
    "a paisa made": ("paid", lambda s: replace(s, held=1, held_for=ANY), Check.BALANCE, TOTAL, TOTAL + 1),
    "a capture lost": ("paid", lambda s: replace(s, facts=()), Check.BALANCE, 0, TOTAL),
    "a refund counted that was refused": (
        "surplus on its way", lambda s: replace(s, refunds=(refund("refused", 10_000),)),
        Check.BALANCE, 60_000, TOTAL,
    ),
    "too much goes back": (
        "returned", lambda s: replace(s, refunds=(*s.refunds, refund("asked", 1, key="pay_1-2"))),
        Check.OVER_REFUNDED, TOTAL, TOTAL + 1,
    ),
    "a refund of nothing": (
        "unpaid", lambda s: replace(s, refunds=(refund("asked", 100, payment="pay_9"),)),
        Check.OVER_REFUNDED, 0, 100,
    ),
    "held for no reason": (
        "short", lambda s: replace(s, held_for=None), Check.NO_REASON, "a reason", None
    ),
    "dollars for no reason": (
        "dollars", lambda s: replace(s, held_for=None), Check.NO_REASON, "a reason", None
    ),
    "goods worth more than the order": (
        "paid", lambda s: replace(s, facts=(captured(60_000),), fulfilled=60_000),
        Check.FULFILLED, TOTAL, 60_000,
    ),
    "goods for too little": (
        "short", lambda s: replace(s, lifecycle=Lifecycle.FULFILLED, fulfilled=20_000, held=0),
        Check.FULFILLED, TOTAL, 20_000,
    ),
    "goods for an open order": (
        "paid", lambda s: replace(s, lifecycle=Lifecycle.OPEN), Check.FULFILLED, 0, TOTAL
    ),
    "goods that no money stands for": (
        "paid", lambda s: replace(s, fulfilled=0, held=TOTAL, held_for=ANY), Check.GOODS, 0, TOTAL
    ),
    "a promised order whose money is held": (
        "paid",
        lambda s: replace(s, lifecycle=Lifecycle.PROMISED, fulfilled=0, held=TOTAL, held_for=ANY),
        Check.GOODS, TOTAL, 0,
    ),
    "a promised order that owes nothing": (
        "paid", lambda s: replace(s, lifecycle=Lifecycle.PROMISED),
        Check.GOODS, Lifecycle.FULFILLED, Lifecycle.PROMISED,
    ),
    "a part of the cash is not counted": (
        "a part of the cash came", lambda s: replace(s, fulfilled=19_000, held=1_000, held_for=ANY),
        Check.GOODS, TOTAL, TOTAL - 1_000,
    ),
    "what went back still pays": (
        "a part of that went back", lambda s: replace(s, fulfilled=20_000, held=-5_000),
        Check.FULFILLED, 15_000, 20_000,
    ),
    "less than nothing is held": (
        "a part of that went back", lambda s: replace(s, fulfilled=20_000, held=-5_000),
        Check.BALANCE, 0, -5_000,
    ),
    "a surplus went back, and goods lost their money": (
        "surplus given back", lambda s: replace(s, fulfilled=TOTAL - 10_000, held=10_000, held_for=ANY),
        Check.GOODS, 0, 10_000,
    ),
    "money that does not fit pays for goods": (
        "paid", lambda s: replace(s, facts=(captured(mismatch=Mismatch.LINK),)), Check.FULFILLED, TOTAL, 0
    ),
    "a paid order waits for money": (
        "paid", lambda s: replace(s, lifecycle=Lifecycle.OPEN, fulfilled=0, held=TOTAL, held_for=ANY),
        Check.GOODS, Lifecycle.FULFILLED, Lifecycle.OPEN,
    ),
    "goods are due and nowhere": (
        "paid", lambda s: replace(s, stage=None), Check.GOODS, Lifecycle.FULFILLED, None
    ),
    "Razorpay's refund is not in the books": (
        "returned", lambda s: replace(s, refunds=()), Check.REFUND, f"processed {TOTAL}", None
    ),
    "our refund is of another amount": (
        "surplus given back", lambda s: replace(s, refunds=(refund("processed", 9_000, "rfnd_1"),)),
        Check.REFUND, "processed 10000", "processed 9000",
    ),
    "our refund lags behind": (
        "surplus given back", lambda s: replace(s, refunds=(refund("created", 10_000, "rfnd_1"),)),
        Check.REFUND, "processed 10000", "created 10000",
    ),
    "a refund nobody told of": (
        "surplus given back", lambda s: replace(s, facts=(captured(60_000),)), Check.REFUND, "its word", None
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_way_to_be_wrong_is_named(name: str) -> None:
    right, broken, check, expected, found = WRONG[name]
    before, paid_at = RIGHT[right]
    wrong = discrepancies(broken(before), paid_at)
    assert (check, expected, found) in {(one.check, one.expected, one.found) for one in wrong}
    assert {one.subject for one in wrong} == {KEY}


@pytest.mark.parametrize("name", RIGHT)
def test_the_time_of_payment_goes_with_the_payment(name: str) -> None:
    before, paid_at = RIGHT[name]
    [wrong] = discrepancies(before, None if paid_at else 5)
    assert wrong.check is Check.PAID_AT


@given(
    *(st.integers(0, 10**9) for _ in range(3)),
    st.integers(-(10**6), 10**6).filter(bool),
)
def test_no_paisa_can_hide(fulfilled: int, held: int, back: int, off: int) -> None:
    """Whatever the parts are, only their exact sum passes the audit."""
    total = fulfilled + held + back
    refunds = (refund("asked", back),) if back else ()
    rest: dict[str, Any] = {"fulfilled": fulfilled, "held": held, "held_for": ANY, "refunds": refunds}

    def of_balance(amount: int) -> list[int | str | None]:
        wrong = discrepancies(order_state(captured(amount), **rest), None)
        return [one.found for one in wrong if one.check is Check.BALANCE]

    assert of_balance(total) == []
    assert of_balance(total + off) == [total]


def test_sums_tell_currencies_apart() -> None:
    both = order_state(
        captured(60_000),
        captured(1200, "pay_2", currency="USD"),
        refunded("processed", 200, "rfnd_2", "pay_2"),
        lifecycle=Lifecycle.FULFILLED,
        fulfilled=TOTAL,
        refunds=(refund("created", 10_000, "rfnd_1"), refund("processed", 200, "rfnd_2", "pay_2")),
        held_for=DOLLARS,
    )
    assert sums(both) == {
        "INR": Sums(60_000, TOTAL, 10_000, 10_000, 0, goods=TOTAL),
        "USD": Sums(1200, 0, 200, 0, 1000),
    }


def test_stock_counts_only_what_is_counted() -> None:
    assert miscounted({"a": 2, "b": 0}, {"a": 2, "uncounted": 5}) == ()
    [a, b] = miscounted({"a": 1, "b": 3}, {"a": 2})
    assert (a.subject, a.expected, a.found, a.check) == ("a", 2, 1, Check.STOCK)
    assert (b.subject, b.expected, b.found) == ("b", 0, 3)


def test_everything_has_a_remedy() -> None:
    assert all(hints.for_check(check) for check in Check)
    assert all(hints.for_held(Hold(reason)) for reason in HoldReason)
    unverified = Hold(HoldReason.MISMATCH, mismatch=Mismatch.UNVERIFIED)
    assert "Razorpay is being asked" in hints.for_held(unverified)
    assert "Razorpay is being asked" not in hints.for_held(DOLLARS)
    assert hints.for_held(Hold(HoldReason.WAITING)) != hints.for_held(Hold(HoldReason.SHORT))
    assert "Munshi should not have" in hints.for_held(Hold(HoldReason.UNEXPLAINED))
    waits = {
        Hold(HoldReason.SURPLUS): True,
        Hold(HoldReason.WAITING): False,
        Hold(HoldReason.REMAINDER): False,
        Hold(HoldReason.DISPUTED, refund=HoldReason.REFUND_FAILED): True,
        DOLLARS: True,
        Hold(HoldReason.DISPUTE_LOST): False,
        Hold(HoldReason.DISPUTE_LOST, refund=HoldReason.REFUND_FAILED): True,
    }
    assert {reason: needs_person(reason) for reason in waits} == waits
