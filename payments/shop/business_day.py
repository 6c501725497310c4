"""A day of the shop as a span of time, and when its report is due. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from payments.shop.local_time import DAY_MINUTES, date_as_written, instant, local_date

_NIGHT: Final = 6 * 60
"""Minutes after midnight that still belong to the evening before, as in the hours of a shop."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, not including, `end`, in milliseconds since 1970, UTC."""

    start: int
    end: int

    def has(self, time: int) -> bool:
        """Return whether `time` (milliseconds) lies in the period."""
        return self.start <= time < self.end


def period_of(zone: ZoneInfo, first: date, last: date | None = None) -> Period:
    """Return the whole days from `first` to `last`, both included, in `zone`; without `last`, one day."""
    return Period(instant(zone, first, 0), instant(zone, (last or first) + timedelta(days=1), 0))


def day_named(zone: ZoneInfo, words: str, now: int) -> date:
    """Return the date that `words` mean at `now`: nothing or `today`, `yesterday`, `8/11/2026`, `2026-11-08`.

    Raises ValueError, with words for people, if they mean none.
    """
    today, said = local_date(zone, now), words.strip().lower()
    if said in ("", "today"):
        return today
    return today - timedelta(days=1) if said == "yesterday" else date_as_written(said)


def report_due(zone: ZoneInfo, minute: int, now: int) -> date | None:
    """Return the day whose report is due at `now`, if it is sent daily at `minute`; None if none is due.

    A report stays due until 6:00 of the next day, so that one that the shop missed in the evening still comes
    in the night. A time before 6:00 means the night after the day.
    """
    day = local_date(zone, now - _NIGHT * 60_000)
    at = minute if minute >= _NIGHT else minute + DAY_MINUTES
    return day if now >= instant(zone, day, at) else None
