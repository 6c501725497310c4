"""What the answers of Razorpay say of an attempt."""

from dataclasses import replace
from typing import Any, Final

import pytest

from payments.ledger.facts import Fact
from payments.processing.results import CREATED, REFUSED, WITHDRAWN, answered, unwanted
from payments.shop.orders import Attempt, AttemptStatus

CREATING: Final = Attempt("c-1-1.1", "c-1-1", 1, 500, "INR", 9)
MADE: Final = {"link_id": "plink_1", "short_url": "https://x", "status": "created", "mode": "test"}
ATTEMPT: Final = replace(
    CREATING, status=AttemptStatus.CREATED, link_id="plink_1", short_url="https://x", mode="test"
)


def ended(state: str, paid: int = 0) -> tuple[Fact, ...]:
    return (Fact("c-1-1", "payment_link", "plink_1", state, paid, "INR", 0),)


def test_a_made_link_can_be_paid() -> None:
    assert answered(CREATING, CREATED, MADE) == (ATTEMPT, ())
    assert not unwanted(ATTEMPT, CREATED, MADE)


@pytest.mark.parametrize("status", [AttemptStatus.WITHDRAWING, AttemptStatus.CANCELLED])
def test_a_link_that_is_made_too_late_is_not_wanted(status: AttemptStatus) -> None:
    attempt, facts = answered(replace(CREATING, status=status), CREATED, MADE)
    assert (attempt, facts) == (replace(ATTEMPT, status=status), ())
    assert unwanted(attempt, CREATED, MADE)
    assert not unwanted(attempt, WITHDRAWN, {"status": "cancelled", "link_id": "plink_1"})


@pytest.mark.parametrize(("status", "paid"), [("expired", 0), ("cancelled", 0), ("paid", 500)])
def test_an_adopted_link_may_have_ended(status: str, paid: int) -> None:
    fields = {**MADE, "status": status}
    attempt, facts = answered(CREATING, CREATED, fields)
    assert (attempt, facts) == (replace(ATTEMPT, status=AttemptStatus(status)), ended(status, paid))
    assert not unwanted(attempt, CREATED, fields)


@pytest.mark.parametrize(("status", "paid"), [("expired", 0), ("cancelled", 0), ("paid", 500)])
def test_a_withdrawn_link_ends_as_razorpay_says(status: str, paid: int) -> None:
    withdrawing = replace(ATTEMPT, status=AttemptStatus.WITHDRAWING)
    attempt, facts = answered(withdrawing, WITHDRAWN, {"status": status, "link_id": "plink_1"})
    assert (attempt.status, facts) == (status, ended(status, paid))


def test_a_made_link_that_the_look_up_does_not_know_yet_is_not_over() -> None:
    withdrawing, fields = replace(ATTEMPT, status=AttemptStatus.WITHDRAWING), {"status": "cancelled"}
    assert answered(withdrawing, WITHDRAWN, {**fields, "link_id": None}) == (withdrawing, ())
    assert unwanted(withdrawing, WITHDRAWN, {**fields, "link_id": None})
    over = replace(ATTEMPT, status=AttemptStatus.EXPIRED)
    assert not unwanted(over, WITHDRAWN, {**fields, "link_id": None})
    assert not unwanted(replace(withdrawing, link_id=None), WITHDRAWN, {**fields, "link_id": None})


def test_a_link_that_was_never_made_ends_without_a_fact() -> None:
    attempt, facts = answered(CREATING, WITHDRAWN, {"status": "cancelled", "link_id": None})
    assert (attempt.status, attempt.link_id, facts) == ("cancelled", None, ())
    attempt, facts = answered(CREATING, WITHDRAWN, {"status": "cancelled", "link_id": "plink_1"})
    assert (attempt.link_id, facts) == ("plink_1", ended("cancelled"))


def test_word_of_a_link_only_moves_it_forward() -> None:
    paid = replace(ATTEMPT, status=AttemptStatus.PAID)
    answers: list[tuple[str, dict[str, Any]]] = [(CREATED, MADE), (REFUSED, {})]
    ends = [{"status": status, "link_id": "plink_1"} for status in ("cancelled", "expired")]
    answers += [(WITHDRAWN, fields) for fields in ends]
    for name, fields in answers:
        assert answered(paid, name, fields)[0].status is AttemptStatus.PAID


def test_a_status_that_razorpay_has_added_since_changes_nothing() -> None:
    assert answered(ATTEMPT, WITHDRAWN, {"status": "vanished", "link_id": "plink_1"}) == (ATTEMPT, ())


def test_a_refused_link_is_refused() -> None:
    assert answered(CREATING, REFUSED, {"reason": "no"}) == (
        replace(CREATING, status=AttemptStatus.REFUSED),
        (),
    )


def test_other_answers_are_refused() -> None:
    with pytest.raises(KeyError, match="unknown answer"):
        answered(ATTEMPT, "payment.captured", {})
