"""When Razorpay is polled about a link."""

from itertools import pairwise
from typing import Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger import polling
from payments.ledger.polling import GAPS, REFUND_WINDOW, Poll, goes_on
from payments.shop.orders import AttemptStatus
from tests.builders import attempt

SINCE: Final = 1_800_000_000_000
DAY: Final = 86_400_000
LATE: Final = 5 * DAY
LIFE: Final = 2 * DAY


def test_the_gaps_grow_from_a_minute_to_a_day() -> None:
    assert GAPS[0] == 60_000
    assert all(sooner < later <= 2 * sooner for sooner, later in pairwise(GAPS))
    dues = [Poll("c-1-1.1", SINCE, nth).due - SINCE for nth in range(len(GAPS) + 3)]
    assert dues[0] == GAPS[0]
    assert dues[len(GAPS) - 1] == sum(GAPS)
    assert [due - sum(GAPS) for due in dues[len(GAPS) :]] == [DAY, 2 * DAY, 3 * DAY]


@given(st.integers(0, 40 * DAY), st.integers(0, 5))
def test_the_next_poll_is_the_first_that_is_still_to_come(passed: int, nth: int) -> None:
    now = SINCE + passed
    found = Poll("c-1-1.1", SINCE, nth).after(now)
    assert (found.reference_id, found.since) == ("c-1-1.1", SINCE)
    assert found.due > now
    assert found.nth > nth
    assert found.nth == nth + 1 or Poll("c-1-1.1", SINCE, found.nth - 1).due <= now


def test_a_poll_that_was_made_early_is_followed_by_another() -> None:
    """After a restore all polls are due at once. A key that exists already would end the chain."""
    poll = Poll("c-1-1.1", SINCE, 4)
    assert poll.after(poll.due - 60_000).nth == 5


def test_a_lost_link_costs_few_calls() -> None:
    """A chain over the late window of which each answer is lost; each poll starts the next one."""
    polls, poll = 0, Poll("c-1-1.1", SINCE, 0)
    while poll.due - SINCE <= LATE and polls < 99:
        polls, poll = polls + 1, poll.after(poll.due)
    assert polls <= 15


def test_a_poll_survives_json() -> None:
    poll = Poll("c-1-1.1", SINCE, 3)
    assert polling.from_json(orjson.loads(orjson.dumps(polling.to_json(poll)))) == poll
    for broken in ({}, {"reference_id": "x", "since": 1, "nth": 2, "more": 3}):
        with pytest.raises(TypeError):
            polling.from_json(broken)


@pytest.mark.parametrize(
    ("status", "paid_in_full", "refunding", "passed", "more"),
    [
        ("created", False, False, 0, True),
        ("created", False, False, LIFE + LATE - 1, True),
        ("created", False, False, LIFE + LATE, False),
        ("cancelled", True, False, LIFE + LATE - 1, True),  # it may be paid all the same
        ("expired", False, False, LIFE, True),
        ("paid", False, False, 0, True),  # its capture is missing
        ("paid", True, False, 0, False),
        ("paid", True, True, LIFE + LATE, True),
        ("paid", True, True, REFUND_WINDOW - 1, True),
        ("paid", True, True, REFUND_WINDOW, False),
    ],
)
def test_a_chain_goes_on_until_nothing_more_can_come(
    status: str, paid_in_full: bool, refunding: bool, passed: int, more: bool
) -> None:
    link = attempt(status=AttemptStatus(status), expires_at=SINCE + LIFE)
    flags = {"paid_in_full": paid_in_full, "refunding": refunding}
    assert goes_on(link, **flags, since=SINCE, now=SINCE + passed, late=LATE) is more
