"""Refunds: which are asked for, each once, and how Razorpay's facts change them."""

from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.balance import Captured, balance
from payments.ledger.facts import Fact
from payments.ledger.refunds import OUTSIDE, SMALLEST, Refund, RefundStatus, accounted, wanted
from tests.builders import KEY, captured, refund, refunded

ASKED: Final = refund("asked", 300)


def payment(id: str, amount: int, at: int = 0) -> Captured:
    return Captured(id, amount, "INR", at, "", None, "")


def refund_fact(state: str, amount: int = 300, **rest: Any) -> Fact:
    """A refund of 300 paise, as Razorpay tells of it."""
    return refunded(state, amount, **rest)


def after(*facts: Fact, rows: tuple[Refund, ...] = (ASKED,)) -> dict[str, tuple[str, str | None]]:
    found = accounted(rows, KEY, balance(1_000, "INR", (captured(1_000), *facts)))
    return {refund.key: (str(refund.status), refund.refund_id) for refund in found}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), {"pay_1-1": ("asked", None)}),
        ((refund_fact("created", key="pay_1-1"),), {"pay_1-1": ("created", "rfnd_1")}),
        ((refund_fact("processed", key="pay_1-1"),), {"pay_1-1": ("processed", "rfnd_1")}),
        ((refund_fact("failed", key="pay_1-1"),), {"pay_1-1": ("failed", "rfnd_1")}),
        ((refund_fact("created"),), {"pay_1-1": ("asked", None), "rfnd_1": ("created", "rfnd_1")}),
        ((refund_fact("created", of="pay_9"),), {"pay_1-1": ("asked", None)}),
        ((refund_fact("created", captured=False),), {"pay_1-1": ("asked", None)}),
    ],
)
def test_each_refund_is_as_razorpay_says(
    facts: tuple[Fact, ...], expected: dict[str, tuple[str, str | None]]
) -> None:
    assert after(*facts) == expected


def test_a_refund_is_known_again_by_its_id_where_nobody_says_its_key() -> None:
    row = refund("created", 300, "rfnd_1")
    assert after(refund_fact("processed"), rows=(row,)) == {"pay_1-1": ("processed", "rfnd_1")}


def test_one_that_was_made_without_us_has_no_key_of_ours() -> None:
    (found,) = accounted((), KEY, balance(1, "INR", [captured(900), refund_fact("created")]))
    assert found == refund("created", 300, "rfnd_1", key="rfnd_1", reason=OUTSIDE)


@pytest.mark.parametrize(("by_hand", "status"), [(700, "asked"), (701, "refused"), (1_000, "refused")])
def test_what_others_gave_back_first_is_not_given_again(by_hand: int, status: str) -> None:
    assert after(refund_fact("created", by_hand))["pay_1-1"] == (status, None)
    assert after(refund_fact("failed", by_hand))["pay_1-1"] == ("asked", None)


def test_a_refusal_that_razorpay_does_not_know_of_is_taken_back() -> None:
    refused = refund("refused", 300)
    assert after(rows=(refused,)) == {"pay_1-1": ("refused", None)}
    assert after(refund_fact("created", key="pay_1-1"), rows=(refused,)) == {"pay_1-1": ("created", "rfnd_1")}


@pytest.mark.parametrize(
    ("payments", "amount", "expected"),
    [
        ([payment("pay_1", 1_000)], 300, {"pay_1-1": 300}),
        ([payment("pay_1", 1_000)], 99, {}),
        ([payment("pay_1", 1_000)], 100, {"pay_1-1": 100}),
        ([payment("pay_1", 1_000)], 0, {}),
        ([payment("pay_1", 1_000)], -5, {}),
        ([payment("pay_1", 1_000)], 5_000, {"pay_1-1": 1_000}),
        ([payment("pay_1", 1_000, 1), payment("pay_2", 1_000, 2)], 1_200, {"pay_2-1": 1_000, "pay_1-1": 200}),
        ([payment("pay_1", 1_000, 2), payment("pay_2", 1_000, 1)], 1_000, {"pay_1-1": 1_000}),
        ([payment("pay_1", 1_000, 1), payment("pay_2", 1_000, 1)], 1_000, {"pay_2-1": 1_000}),
        ([payment("pay_1", 1_000, 1), payment("pay_2", 60, 2)], 150, {"pay_1-1": 150}),
        ([payment("pay_1", 1_000, 1), payment("pay_2", 1_000, 2)], 1_050, {"pay_2-1": 1_000}),
    ],
)
def test_the_newest_payments_go_back_first(
    payments: list[Captured], amount: int, expected: dict[str, int]
) -> None:
    for order in (payments, payments[::-1]):
        assert {r.key: r.amount for r in wanted(KEY, order, (), amount, "surplus")} == expected


@pytest.mark.parametrize("status", sorted({*RefundStatus} - {RefundStatus.WITHDRAWN}))
def test_what_was_asked_for_once_is_not_asked_for_again_even_if_it_failed(status: RefundStatus) -> None:
    row = refund(status, 300)
    (second,) = wanted(KEY, [payment("pay_1", 1_000)], (row,), 1_000, "surplus")
    assert (second.key, second.amount, second.status) == ("pay_1-2", 700, RefundStatus.ASKED)


def test_what_was_withdrawn_may_be_asked_for_again_under_another_key() -> None:
    row = refund(RefundStatus.WITHDRAWN, 300)
    (second,) = wanted(KEY, [payment("pay_1", 1_000)], (row,), 1_000, "surplus")
    assert (second.key, second.amount, second.status) == ("pay_1-2", 1_000, RefundStatus.ASKED)


_PAYMENTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 3)), min_size=1, max_size=4).map(
    lambda made: [payment(f"pay_{n}", amount, at) for n, (amount, at) in enumerate(made)]
)


@given(_PAYMENTS, st.lists(st.integers(-10, 900), max_size=6))
def test_no_payment_gives_back_more_than_it_took_and_no_key_is_used_twice(
    payments: list[Captured], amounts: list[int]
) -> None:
    made: tuple[Refund, ...] = ()
    for amount in amounts:
        new = wanted(KEY, payments, made, amount, "surplus")
        assert sum(refund.amount for refund in new) <= max(0, amount)
        assert all(refund.amount >= SMALLEST for refund in new)
        made = (*made, *new)
    assert len({refund.key for refund in made}) == len(made)
    back: Counter[str] = Counter()
    for row in made:
        back[row.payment_id] += row.amount
    assert all(back[payment.id] <= payment.amount for payment in payments)


def test_a_refund_of_another_amount_under_our_key_is_not_the_one_we_asked_for() -> None:
    """Lost books asked for it: they refunded ₹9 of a payment of ₹10, and we want to refund ₹2."""
    ours = refund("asked", 200)
    of_lost_books = refunded("processed", 900, "rfnd_9", key="pay_1-1")
    known = balance(800, "INR", [captured(1_000), of_lost_books])
    found = {refund.key: refund for refund in accounted([ours], KEY, known)}
    assert (found["rfnd_9"].amount, found["rfnd_9"].reason, found["rfnd_9"].status) == (
        900,
        OUTSIDE,
        "processed",
    )
    assert (found["pay_1-1"].amount, found["pay_1-1"].status) == (200, "refused")
