"""Facts in, verdict out: order and repetition of the facts never matter."""

import random
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.facts import Fact
from payments.ledger import Verdict, captured, verdict

TOTAL = 50_000


def fact(entity: str, id: str, state: str, amount: int = TOTAL, currency: str = "INR") -> Fact:
    return Fact("k-1-1", entity, id, state, amount, currency, 0)


def capture(amount: int = TOTAL, id: str = "pay_1", currency: str = "INR") -> Fact:
    return fact("payment", id, "captured", amount, currency)


FAILED, AUTHORISED = fact("payment", "pay_1", "failed"), fact("payment", "pay_1", "authorized")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), Verdict.UNPAID),
        ((FAILED,), Verdict.UNPAID),
        ((fact("payment_link", "plink_1", "expired", 0),), Verdict.UNPAID),
        ((fact("payment_link", "plink_1", "paid"),), Verdict.UNPAID),
        ((fact("order", "order_1", "paid"),), Verdict.UNPAID),
        ((AUTHORISED,), Verdict.AUTHORISED),
        ((AUTHORISED, FAILED), Verdict.AUTHORISED),
        ((capture(),), Verdict.PAID),
        ((capture(), FAILED), Verdict.PAID),
        ((FAILED, AUTHORISED, capture()), Verdict.PAID),
        ((capture(20_000), capture(30_000, "pay_2")), Verdict.PAID),
        ((capture(TOTAL - 1),), Verdict.SHORT),
        ((capture(1), AUTHORISED), Verdict.SHORT),
        ((capture(TOTAL + 1),), Verdict.OVERPAID),
        ((capture(), capture(id="pay_2")), Verdict.OVERPAID),
        ((capture(), capture()), Verdict.PAID),
        ((capture(currency="USD"),), Verdict.UNKNOWN),
        ((capture(), capture(id="pay_2", currency="USD")), Verdict.OVERPAID),
        ((fact("payment", "pay_1", "authorized", currency="USD"),), Verdict.AUTHORISED),
        ((capture(0),), Verdict.UNPAID),
    ],
)
def test_verdict(facts: tuple[Fact, ...], expected: Verdict) -> None:
    for order in permutations(facts):
        assert verdict(TOTAL, "INR", order) is expected
        assert verdict(TOTAL, "INR", (*order, *order)) is expected


def test_the_four_success_events_say_paid_in_every_order_from_the_capture_on() -> None:
    four = (AUTHORISED, capture(), fact("order", "order_1", "paid"), fact("payment_link", "plink_1", "paid"))
    for order in permutations(four):
        verdicts = [verdict(TOTAL, "INR", order[: count + 1]) for count in range(4)]
        at = order.index(capture())
        assert all(found is Verdict.PAID for found in verdicts[at:])
        assert not any(found.settled for found in verdicts[:at])


def test_only_paid_and_overpaid_are_settled() -> None:
    assert {found for found in Verdict if found.settled} == {Verdict.PAID, Verdict.OVERPAID}


_FACTS = st.lists(
    st.builds(
        fact,
        st.sampled_from(["payment", "payment", "payment_link", "order", "refund"]),
        st.sampled_from(["x1", "x2", "x3"]),
        st.sampled_from(["captured", "captured", "authorized", "failed", "paid", "expired"]),
        st.sampled_from([0, 1, 20_000, 30_000, TOTAL]),
        st.sampled_from(["INR", "INR", "INR", "USD"]),
    ),
    max_size=8,
)


@settings(max_examples=300)
@given(_FACTS, st.randoms(use_true_random=False))
def test_the_fold_is_commutative_and_idempotent(facts: list[Fact], dice: random.Random) -> None:
    again = [*facts, *(dice.choice(facts) for _ in range(3) if facts)]
    dice.shuffle(again)
    assert verdict(TOTAL, "INR", again) is verdict(TOTAL, "INR", facts)
    assert captured(again, "INR") == captured(facts, "INR")


@given(_FACTS, _FACTS)
def test_what_was_captured_never_shrinks(facts: list[Fact], more: list[Fact]) -> None:
    assert captured([*facts, *more], "INR") >= captured(facts, "INR")
