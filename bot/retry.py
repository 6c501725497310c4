"""Decides when a failed call is tried again. Pure: the caller passes the time and the random number.

Gaps after the n-th failure in a row, before jitter (which adds up to a quarter):

    RETRY      1 s, 2 s, 4 s … 5 min       gives up after `TRIES` (about a day)
    THROTTLED  the same
    UNKNOWN    30 s, 2 min, 8 min, 30 min  gives up after `UNKNOWN_TRIES` (about a day)
    PAIR_RATE  1 s, 4 s, 16 s … 1 h         gives up after `TRIES`
    HALT       30 s                        never gives up, and is not counted as a failure
    PERMANENT  gives up at once

The gaps of UNKNOWN are long because each try may send the customer one more message. It is retried all the
same, because an outage at Meta's edge looks just like it, and a confirmation must not be lost.

A gap is never shorter than what the other side asked for. The caller counts the failures of one call, of any
kind but HALT, so that days with an expired token do not use up a message's tries.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

TRIES: Final = 296
"""Failures in a row after which a call is given up. The gaps of RETRY and THROTTLED add up to 24 hours.

Those of PAIR_RATE would add up to 12 days, but Meta lifts that limit within minutes.
"""
UNKNOWN_TRIES: Final = 50
"""Failures in a row after which a call of unknown outcome is given up."""
DOUBT: Final = 30
"""Seconds to wait for news of a call with unknown outcome (for a message: its status webhook)."""

_GROWTH_CAP: Final = 300
_PAIR_CAP: Final = 3600
_UNKNOWN_CAP: Final = 1800
_HALT_GAP: Final = 30
"""Equal to the pause between two probes of a circuit (`bot.workers.circuit_breaker`)."""
_JITTER_SHARE: Final = 0.25


class Failure(StrEnum):
    """What a failed call means for the next try."""

    RETRY = "retry"
    """It may be tried again soon: refused for now, never sent, or harmless to repeat."""
    THROTTLED = "throttled"
    """Too much at once for our number or account: this call must wait, and all later ones slow down."""
    PAIR_RATE = "pair_rate"
    """Too many messages to this one customer; the others are not affected."""
    UNKNOWN = "unknown"
    """It may have been carried out: the answer was lost or does not say."""
    PERMANENT = "permanent"
    """This call will never be accepted."""
    HALT = "halt"
    """The account or its token is refused: every call fails until a person acts."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at `at` (milliseconds since 1970, UTC), not before."""

    at: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Never try again; `reason` is for people."""

    reason: str


Decision: TypeAlias = RetryAt | GiveUp


def decide(
    *, attempts: int, failure: Failure, retry_after: float | None, now: int, jitter: float
) -> Decision:
    """Decide what to do after the `attempts`-th failure in a row (1 or more), which was a `failure`.

    `retry_after` is the gap that the other side asked for, in seconds; `now` is milliseconds since 1970, UTC;
    `jitter` is a random number in [0, 1), so that callers which failed together do not return together.
    Raises ValueError if `attempts`, `jitter` or `retry_after` is out of range.

    Source: Meta, WhatsApp Cloud API, "Throughput" and "Error codes" (4^n seconds after 131056).
    """
    if attempts < 1:
        raise ValueError(f"attempts must be at least 1, not {attempts}")
    if not 0 <= jitter < 1:
        raise ValueError(f"jitter must be in [0, 1), not {jitter}")
    asked = 0.0 if retry_after is None else retry_after
    if not (math.isfinite(asked) and asked >= 0):
        raise ValueError(f"retry_after must be finite and not negative, not {retry_after}")
    if failure is Failure.PERMANENT:
        return GiveUp("refused for good")
    if failure is Failure.UNKNOWN and attempts >= UNKNOWN_TRIES:
        return GiveUp(f"outcome unknown after {attempts} tries")
    if attempts >= TRIES and failure is not Failure.HALT:
        return GiveUp(f"still failing ({failure}) after {attempts} tries")
    seconds = max(_gap(failure, attempts), asked)
    return RetryAt(now + math.ceil(seconds * (1 + jitter * _JITTER_SHARE) * 1000))


def _gap(failure: Failure, attempts: int) -> int:
    """Return the seconds to wait after the `attempts`-th failure, without jitter."""
    steps = min(attempts - 1, 16)  # every gap is at its cap by then
    match failure:
        case Failure.RETRY | Failure.THROTTLED:
            return min(1 << steps, _GROWTH_CAP)
        case Failure.UNKNOWN:
            return min(DOUBT << 2 * steps, _UNKNOWN_CAP)
        case Failure.PAIR_RATE:
            return min(1 << 2 * steps, _PAIR_CAP)
        case Failure.HALT:
            return _HALT_GAP
        case Failure.PERMANENT:
            raise AssertionError("a permanent failure has no next try")
        case _:
            assert_never(failure)
