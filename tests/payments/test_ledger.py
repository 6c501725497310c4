"""Facts in, balance and verdict out: order and repetition of the facts never matter."""

import random
from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.ledger.balance import balance
from payments.ledger.facts import Fact
from payments.ledger.resolution import resolve
from payments.ledger.state import OrderState, PaymentStatus
from payments.shop.catalogue import Repairs
from payments.shop.orders import Line, Order

TOTAL = 50_000
ORDER = Order("k-1-1", "10001", "k-1", (Line("a", "A", 1, TOTAL),), TOTAL, "INR", 0, 1)


def status(facts: Iterable[Fact]) -> PaymentStatus:
    """How an order stands that had no facts before these."""
    return resolve(OrderState(ORDER, tuple(facts)), Repairs(), {}).state.status


def fact(
    entity: str, id: str, state: str, amount: int = TOTAL, currency: str = "INR", at: int = 0, **detail: Any
) -> Fact:
    return Fact("k-1-1", entity, id, state, amount, currency, at, detail)


def capture(amount: int = TOTAL, id: str = "pay_1", currency: str = "INR", **detail: Any) -> Fact:
    return fact("payment", id, "captured", amount, currency, **detail)


def refund(state: str, amount: int = TOTAL, id: str = "rfnd_1", of: str = "pay_1", **detail: Any) -> Fact:
    return fact("refund", id, state, amount, payment_id=of, **detail)


def dispute(state: str) -> Fact:
    return fact("dispute", "disp_1", state)


FAILED, AUTHORISED = fact("payment", "pay_1", "failed"), fact("payment", "pay_1", "authorized")
EXPIRED = fact("payment_link", "plink_1", "expired", 0)
PAID_LINK = fact("payment_link", "plink_1", "paid")
LATE = capture(link="plink_1")
STRANGE = capture(id="pay_9", mismatch="paid on a link that Munshi did not make")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), PaymentStatus.UNPAID),
        ((FAILED,), PaymentStatus.UNPAID),
        ((EXPIRED,), PaymentStatus.UNPAID),
        ((PAID_LINK,), PaymentStatus.UNPAID),
        ((fact("order", "order_1", "paid"),), PaymentStatus.UNPAID),
        ((AUTHORISED,), PaymentStatus.AUTHORISED),
        ((AUTHORISED, FAILED), PaymentStatus.AUTHORISED),
        ((AUTHORISED, refund("created", captured="false")), PaymentStatus.UNPAID),
        ((capture(),), PaymentStatus.PAID),
        ((capture(), FAILED), PaymentStatus.PAID),
        ((FAILED, AUTHORISED, capture()), PaymentStatus.PAID),
        ((capture(20_000), capture(30_000, "pay_2")), PaymentStatus.PAID),
        ((capture(20_000),), PaymentStatus.SHORT),
        # Razorpay makes no link for what is missing.
        ((capture(TOTAL - 1),), PaymentStatus.REFUNDING),
        ((capture(20_000), AUTHORISED), PaymentStatus.SHORT),
        # Razorpay gives back no less than a rupee.
        ((capture(1),), PaymentStatus.HELD),
        ((capture(TOTAL + 1),), PaymentStatus.PAID),
        ((capture(30_000), capture(30_000, "pay_2")), PaymentStatus.PAID),
        ((capture(), capture(id="pay_2")), PaymentStatus.PAID),
        ((capture(), capture(100, "pay_2")), PaymentStatus.PAID),
        ((capture(), capture()), PaymentStatus.PAID),
        ((LATE,), PaymentStatus.PAID),
        ((LATE, EXPIRED), PaymentStatus.PAID),
        ((LATE, EXPIRED, PAID_LINK), PaymentStatus.PAID),
        ((capture(link="plink_2"), EXPIRED), PaymentStatus.PAID),
        ((capture(currency="USD"),), PaymentStatus.HELD),
        ((STRANGE,), PaymentStatus.HELD),
        ((STRANGE, capture(20_000)), PaymentStatus.HELD),
        ((STRANGE, capture()), PaymentStatus.PAID),
        ((STRANGE, refund("created", of="pay_9")), PaymentStatus.UNPAID),
        ((capture(currency="USD"), refund("processed")), PaymentStatus.UNPAID),
        ((capture(), capture(id="pay_2", currency="USD")), PaymentStatus.PAID),
        ((capture(), capture(id="pay_2", currency="USD"), refund("created", of="pay_2")), PaymentStatus.PAID),
        ((fact("payment", "pay_1", "authorized", currency="USD"),), PaymentStatus.AUTHORISED),
        ((capture(0),), PaymentStatus.UNPAID),
        ((capture(), refund("created")), PaymentStatus.REFUNDING),
        ((capture(), refund("created"), refund("processed")), PaymentStatus.REFUNDED),
        ((capture(), refund("processed"), refund("failed")), PaymentStatus.PAID),
        ((capture(), refund("failed"), refund("processed", id="rfnd_2")), PaymentStatus.REFUNDED),
        ((capture(), capture(id="pay_2"), refund("processed", of="pay_2")), PaymentStatus.PAID),
        ((capture(), refund("created", of="pay_9")), PaymentStatus.PAID),
        # One of them failed, and word of it is still to come.
        (
            (
                capture(),
                capture(id="pay_2"),
                refund("processed", of="pay_2"),
                refund("processed", id="rfnd_2", of="pay_2"),
            ),
            PaymentStatus.PAID,
        ),
        ((capture(), dispute("created")), PaymentStatus.PAID),
        ((capture(), dispute("created"), dispute("won")), PaymentStatus.PAID),
    ],
)
def test_how_an_order_stands(facts: tuple[Fact, ...], expected: PaymentStatus) -> None:
    for order in permutations(facts):
        assert status(order) is expected
        assert status((*order, *order)) is expected


def test_the_four_success_events_say_paid_in_every_order_from_the_capture_on() -> None:
    four = (AUTHORISED, capture(), fact("order", "order_1", "paid"), PAID_LINK)
    for order in permutations(four):
        stood = [status(order[: count + 1]) for count in range(4)]
        at = order.index(capture())
        assert all(found is PaymentStatus.PAID for found in stood[at:])
        assert not any(found is PaymentStatus.PAID for found in stood[:at])


def test_what_came_and_what_went_is_counted_once_each() -> None:
    found = balance(
        TOTAL,
        "INR",
        [
            *(capture(30_000), capture(30_000, "pay_2"), capture(id="pay_3", currency="USD"), STRANGE) * 2,
            *(refund("created", 10_000), refund("processed", 10_000), refund("failed", 5_000, "rfnd_2")) * 2,
            refund("created", 7_000, "rfnd_3", of="pay_3"),
            refund("created", 7_000, "rfnd_4", of="pay_8"),
        ],
    )
    assert (found.captured, found.paid, found.back, found.settled) == (110_000, 60_000, 10_000, True)
    assert {payment.id for payment in found.fitting} == {"pay_1", "pay_2"}
    states = {returned.id: returned.state for returned in found.refunds}
    assert states == {"rfnd_1": "processed", "rfnd_2": "failed", "rfnd_3": "created"}


def test_which_of_two_differing_words_came_first_does_not_decide() -> None:
    words = (capture(20_000), capture(30_000), capture(30_000, link="plink_1"))
    for order in permutations(words):
        (payment,) = balance(TOTAL, "INR", order).payments
        assert (payment.amount, payment.link) == (30_000, "plink_1")


_IDS, _AMOUNTS = ["x1", "x2", "x3"], [0, 1, 20_000, 30_000, TOTAL]
_MONEY = st.builds(
    fact,
    st.sampled_from(["payment", "payment_link", "order"]),
    st.sampled_from(_IDS),
    st.sampled_from(["captured", "captured", "authorized", "failed", "paid", "expired"]),
    st.sampled_from(_AMOUNTS),
    st.sampled_from(["INR", "INR", "INR", "USD"]),
    link=st.sampled_from(_IDS),
    mismatch=st.sampled_from(["", "", "strange"]),
)
_BACK = st.builds(
    refund, st.sampled_from(["created", "processed", "failed"]), st.sampled_from(_AMOUNTS),
    st.sampled_from(["r1", "r2"]), st.sampled_from(_IDS),
)  # fmt: skip
_FACTS = st.lists(
    st.one_of(_MONEY, _MONEY, _BACK, st.builds(dispute, st.sampled_from(["created", "lost"]))), max_size=8
)


@settings(max_examples=300)
@given(_FACTS, st.randoms(use_true_random=False))
def test_the_fold_is_commutative_and_idempotent(facts: list[Fact], dice: random.Random) -> None:
    facts = list({told.identity: told for told in facts}.values())
    again = [*facts, *(dice.choice(facts) for _ in range(3) if facts)]
    dice.shuffle(again)
    assert status(again) is status(facts)
    assert balance(TOTAL, "INR", again) == balance(TOTAL, "INR", facts)


@given(_FACTS, _FACTS)
def test_what_was_captured_never_shrinks(facts: list[Fact], more: list[Fact]) -> None:
    before, after = balance(TOTAL, "INR", facts), balance(TOTAL, "INR", [*facts, *more])
    assert {payment.id for payment in after.payments} >= {payment.id for payment in before.payments}


@given(_FACTS, st.lists(_BACK))
def test_a_refund_never_makes_an_order_unpaid(facts: list[Fact], refunds: list[Fact]) -> None:
    before, after = balance(TOTAL, "INR", facts), balance(TOTAL, "INR", [*facts, *refunds])
    assert (after.paid, after.captured, after.settled) == (before.paid, before.captured, before.settled)
