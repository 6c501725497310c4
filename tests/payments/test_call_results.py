"""What the results of calls to Razorpay make of an attempt."""

from dataclasses import replace
from typing import Final

import orjson
import pytest

from payments.ledger import link_ends
from payments.ledger.facts import Fact
from payments.processing import results
from payments.processing.results import (
    LinkCreated,
    LinkFound,
    LinkKept,
    LinkRefused,
    LinkWithdrawn,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Result,
    answered,
    unwanted,
)
from payments.shop.orders import LINK_STATUSES, AttemptStatus, LinkStatus, Mode
from tests.builders import attempt, captured, payment_link, unmade_attempt

CREATING: Final = unmade_attempt(amount=500)
MADE: Final = LinkCreated("c-1-1.1", "plink_1", "https://x", LinkStatus.CREATED, Mode.TEST)
ATTEMPT: Final = attempt(amount=500, mode="test")


def withdrawn(status: str, link_id: str | None = "plink_1") -> LinkWithdrawn:
    return LinkWithdrawn("c-1-1.1", link_id, LinkStatus(status))


def ended(state: str, paid: int = 0) -> tuple[Fact, ...]:
    return (payment_link(state, paid, at=0),)


def test_a_made_link_can_be_paid() -> None:
    assert answered(CREATING, MADE) == (ATTEMPT, ())
    assert not unwanted(ATTEMPT, MADE)


@pytest.mark.parametrize("status", [AttemptStatus.WITHDRAWING, AttemptStatus.CANCELLED])
def test_a_link_that_is_made_too_late_is_not_wanted(status: AttemptStatus) -> None:
    attempt, facts = answered(replace(CREATING, status=status), MADE)
    assert (attempt, facts) == (replace(ATTEMPT, status=status), ())
    assert unwanted(attempt, MADE)
    assert not unwanted(attempt, withdrawn("cancelled"))


@pytest.mark.parametrize(("status", "paid"), [("expired", 0), ("cancelled", 0), ("paid", 500)])
def test_an_adopted_link_may_have_ended(status: str, paid: int) -> None:
    made = replace(MADE, status=LinkStatus(status))
    attempt, facts = answered(CREATING, made)
    assert (attempt, facts) == (replace(ATTEMPT, status=AttemptStatus(status)), ended(status, paid))
    assert not unwanted(attempt, made)


@pytest.mark.parametrize(("status", "paid"), [("expired", 0), ("cancelled", 0), ("paid", 500)])
def test_a_withdrawn_link_ends_as_razorpay_says(status: str, paid: int) -> None:
    withdrawing = replace(ATTEMPT, status=AttemptStatus.WITHDRAWING)
    attempt, facts = answered(withdrawing, withdrawn(status))
    assert (attempt.status, facts) == (status, ended(status, paid))


def test_a_made_link_that_the_look_up_does_not_know_yet_is_not_over() -> None:
    withdrawing, unseen = replace(ATTEMPT, status=AttemptStatus.WITHDRAWING), withdrawn("cancelled", None)
    assert answered(withdrawing, unseen) == (withdrawing, ())
    assert unwanted(withdrawing, unseen)
    over = replace(ATTEMPT, status=AttemptStatus.EXPIRED)
    assert not unwanted(over, unseen)
    assert not unwanted(replace(withdrawing, link_id=None), unseen)


def test_a_link_that_was_never_made_ends_without_a_fact() -> None:
    attempt, facts = answered(CREATING, withdrawn("cancelled", None))
    assert (attempt.status, attempt.link_id, facts) == ("cancelled", None, ())
    attempt, facts = answered(CREATING, withdrawn("cancelled"))
    assert (attempt.link_id, facts) == ("plink_1", ended("cancelled"))


def test_word_of_a_link_only_moves_it_forward() -> None:
    paid = replace(ATTEMPT, status=AttemptStatus.PAID)
    for result in (MADE, withdrawn("cancelled"), withdrawn("expired")):
        assert answered(paid, result)[0].status is AttemptStatus.PAID


FACT: Final = captured(500, at=7, link="plink_1")
FOUND: Final = LinkFound(
    "c-1-1.1", "plink_1", "https://x", LinkStatus.PAID, 500, "INR", Mode.TEST, (FACT,), ("odd",)
)


def stored(result: Result, **changed: str) -> Result:
    """The result as it is read again, with these words in its stored fields."""
    value = orjson.loads(orjson.dumps(results.to_json(result)))
    return results.from_json({**value, "fields": {**value["fields"], **changed}})


def test_a_status_that_razorpay_has_added_since_changes_nothing() -> None:
    vanished = stored(withdrawn("cancelled"), status="vanished")
    assert isinstance(vanished, LinkWithdrawn)
    assert answered(ATTEMPT, vanished) == (ATTEMPT, ())


@pytest.mark.parametrize("result", [MADE, withdrawn("paid"), FOUND], ids=results.name_of)
def test_a_link_in_a_status_of_another_version_can_still_be_paid(result: Result) -> None:
    read = stored(result, status="vanished")
    assert isinstance(read, (LinkCreated, LinkWithdrawn, LinkFound))
    assert read.status not in LINK_STATUSES


def test_status_and_mode_are_read_as_their_enums() -> None:
    """They equal their words, so that a comparison of results alone would not tell."""
    for result in (MADE, FOUND):
        read = stored(result)
        assert isinstance(read, (LinkCreated, LinkFound))
        assert (read.status is result.status, read.mode is Mode.TEST) == (True, True)
    bare = stored(replace(MADE, mode=None))
    assert isinstance(bare, LinkCreated)
    assert bare.mode is None
    with pytest.raises(ValueError, match="is not a valid Mode"):
        stored(MADE, mode="sandbox")


def test_every_end_of_a_link_has_its_fact() -> None:
    assert link_ends.STATES.keys() == set(LINK_STATUSES.values())
    assert len(link_ends.ENDS) == len(link_ends.STATES)


@pytest.mark.parametrize(
    "result",
    [
        MADE,
        withdrawn("expired", None),
        LinkRefused("c-1-1.1", "no", again=False),
        LinkKept("c-1-1.1", "not today"),
        FOUND,
        PaymentsFetched("c-1-1.1", (FACT, FACT), ("odd",), asked=True),
        RefundMade("c-1-1", (FACT,)),
        RefundRefused("c-1-1", "pay_1-1"),
    ],
    ids=results.name_of,
)
def test_a_result_is_the_same_after_it_was_stored(result: Result) -> None:
    assert stored(result) == result
    assert results.order_of(result) == "c-1-1"


def test_other_answers_are_refused() -> None:
    for odd in (
        {"name": "payment.captured", "fields": {}},
        {"name": "payment_link.kept", "fields": {"x": 1}},
    ):
        with pytest.raises((KeyError, TypeError)):
            results.from_json(odd)
