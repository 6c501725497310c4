"""Time in the search: every stored time is kept as seen from one moment, which never moves.

When time passes, the stored times move back instead. What lies so far back that no rule can tell it from what
lies further back is put to one and the same time. So two places that only differ in when they came about are
one place.
"""

from typing import Final

from payments.processing.payment_actions import ASK_AGAIN, USABLE_FOR
from payments.processing.updates import TOLD_CUSTOMER
from payments.simulator.simulator import START

NOW: Final = START
"""Milliseconds since 1970, UTC: the time of every step of the search."""
WINDOW: Final = 24 * 3_600_000
"""Milliseconds of silence after which only templates can be sent, if the flow's channel has such a time."""

_TINY: Final = 20


def less(due: int, passed: int) -> int:
    """Return what is left of a span when `passed` milliseconds of it have gone.

    What is tiny beside the span takes nothing of it away: else 15 seconds, again and again, would lead to
    ever other places that differ in nothing that matters.
    """
    return due if passed * _TINY <= due else max(0, due - passed)


__all__ = ["ASK_AGAIN", "NOW", "TOLD_CUSTOMER", "USABLE_FOR", "WINDOW", "less"]
