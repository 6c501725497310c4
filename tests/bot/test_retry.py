"""The retry schedule, as a table and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.retry import DOUBT, TRIES, UNKNOWN_TRIES, Failure, GiveUp, RetryAt, decide

NOW = 1_785_000_000_000
JITTER = st.floats(0, 1, exclude_max=True)
RETRYABLE = [failure for failure in Failure if failure is not Failure.PERMANENT]
LAST = {failure: UNKNOWN_TRIES if failure is Failure.UNKNOWN else TRIES for failure in RETRYABLE}


@st.composite
def tried(draw: st.DrawFn, before_last: int = 1) -> tuple[Failure, int]:
    """A failure, and a number of attempts that is at least `before_last` short of the last one."""
    failure = draw(st.sampled_from(RETRYABLE))
    return failure, draw(st.integers(1, LAST[failure] - before_last))


def gap(failure: Failure, attempts: int, *, retry_after: float | None = None, jitter: float = 0) -> int:
    """Milliseconds until the next try; the test fails if there is none."""
    decision = decide(attempts=attempts, failure=failure, retry_after=retry_after, now=NOW, jitter=jitter)
    assert isinstance(decision, RetryAt)
    return decision.at - NOW


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (Failure.RETRY, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (Failure.THROTTLED, [1, 2, 4, 8]),
        (Failure.UNKNOWN, [DOUBT, 120, 480, 1800, 1800]),
        (Failure.PAIR_RATE, [1, 4, 16, 64, 256, 1024, 3600, 3600]),
        (Failure.HALT, [30] * 17),
    ],
)
def test_schedule(failure: Failure, seconds: list[int]) -> None:
    assert [gap(failure, n) for n in range(1, len(seconds) + 1)] == [s * 1000 for s in seconds]


def test_a_permanent_failure_is_given_up_at_once() -> None:
    decision = decide(attempts=1, failure=Failure.PERMANENT, retry_after=5, now=NOW, jitter=0)
    assert decision == GiveUp("refused for good")


@pytest.mark.parametrize("failure", [Failure.RETRY, Failure.THROTTLED, Failure.PAIR_RATE])
def test_others_are_given_up_after_their_last_try(failure: Failure) -> None:
    gap(failure, TRIES - 1)
    decision = decide(attempts=TRIES, failure=failure, retry_after=None, now=NOW, jitter=0)
    assert decision == GiveUp(f"still failing ({failure}) after {TRIES} tries")


@pytest.mark.parametrize("attempts", [UNKNOWN_TRIES, UNKNOWN_TRIES + 1, TRIES])
def test_what_may_have_been_sent_is_not_sent_for_ever(attempts: int) -> None:
    decision = decide(attempts=attempts, failure=Failure.UNKNOWN, retry_after=9, now=NOW, jitter=0)
    assert decision == GiveUp(f"outcome unknown after {attempts} tries")


def test_the_life_of_a_message_is_a_day() -> None:
    hours = sum(gap(Failure.RETRY, n) for n in range(1, TRIES)) / 3_600_000
    assert 23.9 <= hours <= 24.1


@given(st.integers(1, 10**9))
def test_halt_is_never_given_up(attempts: int) -> None:
    assert gap(Failure.HALT, attempts) <= 900_000


@given(tried(before_last=2), JITTER)
def test_gaps_are_positive_and_never_shrink(failed: tuple[Failure, int], jitter: float) -> None:
    failure, attempts = failed
    assert 0 < gap(failure, attempts, jitter=jitter) <= gap(failure, attempts + 1, jitter=jitter)


@given(tried(), st.floats(0, 86_400), JITTER)
def test_never_before_what_was_asked_for(
    failed: tuple[Failure, int], retry_after: float, jitter: float
) -> None:
    failure, attempts = failed
    assert gap(failure, attempts, retry_after=retry_after, jitter=jitter) >= retry_after * 1000


@given(tried(), JITTER)
def test_jitter_only_ever_adds_up_to_a_quarter(failed: tuple[Failure, int], jitter: float) -> None:
    failure, attempts = failed
    plain = gap(failure, attempts)
    assert plain <= gap(failure, attempts, jitter=jitter) <= plain * 1.25 + 1


@pytest.mark.parametrize(
    ("attempts", "retry_after", "jitter"),
    [
        (0, None, 0.0),
        (-1, None, 0.0),
        (1, None, 1.0),
        (1, None, -0.1),
        (1, -1.0, 0.0),
        (1, float("inf"), 0.0),
        (1, float("nan"), 0.0),
    ],
)
def test_arguments_out_of_range_are_refused(attempts: int, retry_after: float | None, jitter: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        decide(attempts=attempts, failure=Failure.RETRY, retry_after=retry_after, now=NOW, jitter=jitter)
