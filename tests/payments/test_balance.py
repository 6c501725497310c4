"""Facts in, balance and payment status out: their order and repetition make no difference."""

import random
from collections.abc import Iterable
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.ledger.balance import balance
from payments.ledger.facts import Fact
from payments.ledger.holds import Mismatch
from payments.ledger.resolution import resolve
from payments.ledger.state import PaymentStatus
from payments.shop.catalogue import Repairs
from tests.builders import TOTAL, captured, dispute, fact, order_state, payment, payment_link, refunded


def status(facts: Iterable[Fact]) -> PaymentStatus:
    """The payment status of an order with these facts."""
    return resolve(order_state(*facts), Repairs(), {}).state.status


FAILED, AUTHORISED = payment("failed"), payment("authorized")
EXPIRED = payment_link("expired", 0)
PAID_LINK = payment_link("paid")
PAID_ORDER = fact("order", "paid", "order_1")
LATE = captured(link="plink_1")
STRANGE = captured(id="pay_9", mismatch=Mismatch.LINK)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), PaymentStatus.UNPAID),
        ((FAILED,), PaymentStatus.UNPAID),
        ((EXPIRED,), PaymentStatus.UNPAID),
        ((PAID_LINK,), PaymentStatus.UNPAID),
        ((PAID_ORDER,), PaymentStatus.UNPAID),
        ((AUTHORISED,), PaymentStatus.AUTHORISED),
        ((AUTHORISED, FAILED), PaymentStatus.AUTHORISED),
        ((AUTHORISED, refunded("created", captured=False)), PaymentStatus.UNPAID),
        ((captured(),), PaymentStatus.PAID),
        ((captured(), FAILED), PaymentStatus.PAID),
        ((FAILED, AUTHORISED, captured()), PaymentStatus.PAID),
        ((captured(20_000), captured(30_000, "pay_2")), PaymentStatus.PAID),
        ((captured(20_000),), PaymentStatus.SHORT),
        # Razorpay makes no link for what is missing.
        ((captured(TOTAL - 1),), PaymentStatus.REFUNDING),
        ((captured(20_000), AUTHORISED), PaymentStatus.SHORT),
        # Razorpay gives back no less than a rupee.
        ((captured(1),), PaymentStatus.HELD),
        ((captured(TOTAL + 1),), PaymentStatus.PAID),
        ((captured(30_000), captured(30_000, "pay_2")), PaymentStatus.PAID),
        ((captured(), captured(id="pay_2")), PaymentStatus.PAID),
        ((captured(), captured(100, "pay_2")), PaymentStatus.PAID),
        ((captured(), captured()), PaymentStatus.PAID),
        ((LATE,), PaymentStatus.PAID),
        ((LATE, EXPIRED), PaymentStatus.PAID),
        ((LATE, EXPIRED, PAID_LINK), PaymentStatus.PAID),
        ((captured(link="plink_2"), EXPIRED), PaymentStatus.PAID),
        ((captured(currency="USD"),), PaymentStatus.HELD),
        ((STRANGE,), PaymentStatus.HELD),
        ((STRANGE, captured(20_000)), PaymentStatus.HELD),
        ((STRANGE, captured()), PaymentStatus.PAID),
        ((STRANGE, refunded("created", of="pay_9")), PaymentStatus.UNPAID),
        ((captured(currency="USD"), refunded("processed")), PaymentStatus.UNPAID),
        ((captured(), captured(id="pay_2", currency="USD")), PaymentStatus.PAID),
        (
            (captured(), captured(id="pay_2", currency="USD"), refunded("created", of="pay_2")),
            PaymentStatus.PAID,
        ),
        ((payment("authorized", currency="USD"),), PaymentStatus.AUTHORISED),
        ((captured(0),), PaymentStatus.UNPAID),
        ((captured(), refunded("created")), PaymentStatus.REFUNDING),
        ((captured(), refunded("created"), refunded("processed")), PaymentStatus.REFUNDED),
        ((captured(), refunded("processed"), refunded("failed")), PaymentStatus.PAID),
        ((captured(), refunded("failed"), refunded("processed", id="rfnd_2")), PaymentStatus.REFUNDED),
        ((captured(), captured(id="pay_2"), refunded("processed", of="pay_2")), PaymentStatus.PAID),
        ((captured(), refunded("created", of="pay_9")), PaymentStatus.PAID),
        # One of them failed, and word of it is still to come.
        (
            (
                captured(),
                captured(id="pay_2"),
                refunded("processed", of="pay_2"),
                refunded("processed", id="rfnd_2", of="pay_2"),
            ),
            PaymentStatus.PAID,
        ),
        ((captured(), dispute("created")), PaymentStatus.PAID),
        ((captured(), dispute("created"), dispute("won")), PaymentStatus.PAID),
    ],
)
def test_how_an_order_stands(facts: tuple[Fact, ...], expected: PaymentStatus) -> None:
    for order in permutations(facts):
        assert status(order) is expected
        assert status((*order, *order)) is expected


def test_the_four_success_events_say_paid_in_every_order_from_the_capture_on() -> None:
    four = (AUTHORISED, captured(), PAID_ORDER, PAID_LINK)
    for order in permutations(four):
        stood = [status(order[: count + 1]) for count in range(4)]
        at = order.index(captured())
        assert all(found is PaymentStatus.PAID for found in stood[at:])
        assert not any(found is PaymentStatus.PAID for found in stood[:at])


def test_what_came_and_what_went_is_counted_once_each() -> None:
    found = balance(
        TOTAL,
        "INR",
        [
            *(captured(30_000), captured(30_000, "pay_2"), captured(id="pay_3", currency="USD"), STRANGE) * 2,
            *(refunded("created", 10_000), refunded("processed", 10_000), refunded("failed", 5_000, "rfnd_2"))
            * 2,
            refunded("created", 7_000, "rfnd_3", of="pay_3"),
            refunded("created", 7_000, "rfnd_4", of="pay_8"),
        ],
    )
    assert (found.captured, found.paid, found.paid_in_full) == (110_000, 60_000, True)
    assert {payment.id for payment in found.fitting} == {"pay_1", "pay_2"}
    refunds = {refund.id: (refund.state, refund.amount) for refund in found.refunds}
    assert refunds == {
        "rfnd_1": ("processed", 10_000),
        "rfnd_2": ("failed", 5_000),
        "rfnd_3": ("created", 7_000),
    }


def test_which_of_two_differing_words_came_first_does_not_decide() -> None:
    words = (captured(20_000), captured(30_000), captured(30_000, link="plink_1"))
    for order in permutations(words):
        (payment,) = balance(TOTAL, "INR", order).payments
        assert (payment.amount, payment.link) == (30_000, "plink_1")


_IDS, _AMOUNTS = ["x1", "x2", "x3"], [0, 1, 20_000, 30_000, TOTAL]
_MONEY = st.builds(
    fact,
    st.sampled_from(["payment", "payment_link", "order"]),
    st.sampled_from(["captured", "captured", "authorized", "failed", "paid", "expired"]),
    st.sampled_from(_IDS),
    st.sampled_from(_AMOUNTS),
    currency=st.sampled_from(["INR", "INR", "INR", "USD"]),
    link=st.sampled_from(_IDS),
    mismatch=st.sampled_from([None, None, *Mismatch]),
)
_BACK = st.builds(
    refunded, st.sampled_from(["created", "processed", "failed"]), st.sampled_from(_AMOUNTS),
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
    assert (after.paid, after.captured, after.paid_in_full) == (
        before.paid,
        before.captured,
        before.paid_in_full,
    )
