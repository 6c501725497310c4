"""The shop's clock and calendar: its time zone, dates, times of day and weekdays as an operator writes them.

Times of day are minutes from 0:00 of a date. A range may end past midnight: its end is then over 1440.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator

from flows.document.errors import close

INDIA: Final = ZoneInfo("Asia/Kolkata")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS: Final = range(2000, 2200)
"""Years of the dates that people write. At the calendar's ends there is no next or earlier day."""
DAY_MINUTES: Final = 1440
_LATEST: Final = 6 * 60
"""A range past midnight ends at 6:00 at the latest. A later end is a slip: `21:00-9:00` for `9:00-21:00`."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INDIAN: Final = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})", re.ASCII)
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_DASH: Final = re.compile(r"\s*[-–]\s*")


def time_zone(name: Any) -> ZoneInfo:
    """Return the time zone of this name. Raises ValueError if the IANA database has none."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = close(str(name), available_timezones()) or "write for example Asia/Kolkata"
        raise ValueError(f"there is no time zone '{name}': {hint}") from None


def calendar_date(value: Any) -> date:
    """Return the date written as `2026-11-08`. Raises ValueError if there is none in the years of `YEARS`."""
    found = value if type(value) is date else _date_in(str(value))
    if found.year not in YEARS:
        raise ValueError(f"{found} is too far away: the year is from {YEARS.start} to {YEARS.stop - 1}")
    return found


def date_as_written(text: str) -> date:
    """Return a date as people here write it: day, month and year, `8/11/2026` or `08-11-26`; or `2026-11-08`.

    Raises ValueError as `calendar_date` does.
    """
    if found := _INDIAN.fullmatch(text):
        day, _, month, year = found.groups()
        return calendar_date(f"{year if len(year) == 4 else f'20{year}'}-{month:0>2}-{day:0>2}")
    return calendar_date(text)


def _date_in(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the calendar has no {text}") from None
    raise ValueError(f"'{text}' is not a date: write year-month-day, for example 2026-11-08")


def time_of_day(value: Any) -> int:
    """Return the minutes of a time written as `9:00` or `21:30`. Raises ValueError if it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        hint = f"'{value}:00'" if 0 <= value < 24 else "for example '9:00' or '21:30', in quotes"
        raise ValueError(f"{value} is not a time of day: write {hint}")  # noqa: TRY004
    match = _TIME.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"'{value}' is not a time of day: write for example '9:00' or '21:30'")
    return int(match[1]) * 60 + int(match[2]) if match[1] else DAY_MINUTES


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `start` up to, not including, `end`, in minutes from 0:00 of its day."""

    start: int
    end: int
    """Over 1440 past midnight."""

    def __str__(self) -> str:
        return f"{show_time(self.start)}-{show_time(self.end)}"


def show_time(minute: int) -> str:
    """Return a time of day as people read it: `9:00`, `24:00`; past midnight as on the next day."""
    hours, minutes = divmod(minute if minute <= DAY_MINUTES else minute - DAY_MINUTES, 60)
    return f"{hours}:{minutes:02}"


def time_range(value: Any) -> TimeRange:
    """Return the range written as `9:00-21:00`, or `18:00-01:00` past midnight.

    Raises ValueError if it is empty, upside down or no range.
    """
    ends = _DASH.split(str(value).strip())
    if len(ends) != 2:
        raise ValueError(f"'{value}' is not a range of times: write for example '9:00-21:00'")
    start, end = map(time_of_day, ends)
    if start in (DAY_MINUTES, end):
        raise ValueError(f"'{value}' is empty: a whole day is '0:00-24:00'")
    if end < start and end > _LATEST:
        mend = "a range past midnight ends at 6:00 at the latest; write a longer one as two, split at 24:00"
        raise ValueError(f"'{value}' is upside down: {mend}")
    return TimeRange(start, end if end > start else end + DAY_MINUTES)


def time_ranges(value: Any) -> tuple[TimeRange, ...]:
    """Return one or more ranges in order: `9:00-13:00, 17:00-21:00`, or a list of them.

    Raises ValueError if there is none, or two overlap.
    """
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    ranges = tuple(sorted(map(time_range, parts), key=lambda found: found.start))
    if not ranges:
        raise ValueError("no times: leave out a day on which the shop is closed")
    for earlier, later in pairwise(ranges):
        if later.start < earlier.end:
            raise ValueError(f"'{earlier}' and '{later}' overlap")
    return ranges


def weekdays(value: Any) -> tuple[int, ...]:
    """Return the days (0 is Monday) of `mon-sat`, `sat-mon` or `mon, wed-fri`, or of a list of these.

    Raises ValueError if a day is unknown or given twice, or there is none.
    """
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    days = [day for part in parts for day in _span(part)]
    twice = [WEEKDAYS[day] for day in days if days.count(day) > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' is given twice in '{value}'")
    if not days:
        raise ValueError("no days: write for example mon-sat")
    return tuple(days)


def _span(part: Any) -> list[int]:
    first, *last = (_weekday(name) for name in _DASH.split(str(part).strip(), maxsplit=1))
    return [(first + n) % 7 for n in range((last[0] - first) % 7 + 1)] if last else [first]


def _weekday(name: str) -> int:
    if name.lower() not in WEEKDAYS:
        raise ValueError(f"'{name}' is not a day of the week: {close(name, WEEKDAYS) or ', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name.lower())


TimeZone: TypeAlias = Annotated[ZoneInfo, BeforeValidator(time_zone)]
Date: TypeAlias = Annotated[date, BeforeValidator(calendar_date)]
TimeOfDay: TypeAlias = Annotated[int, BeforeValidator(time_of_day)]
"""Minutes."""
Times: TypeAlias = Annotated[TimeRange, BeforeValidator(time_range)]
TimesOfDay: TypeAlias = Annotated[tuple[TimeRange, ...], BeforeValidator(time_ranges)]
Weekdays: TypeAlias = Annotated[tuple[int, ...], BeforeValidator(weekdays)]
"""0 is Monday."""


def local_date(zone: ZoneInfo, now: int) -> date:
    """Return the date in `zone` at `now` (milliseconds)."""
    return (_EPOCH + timedelta(milliseconds=now)).astimezone(zone).date()


def local_time(zone: ZoneInfo, now: int) -> tuple[date, int]:
    """Return the date in `zone` at `now` (milliseconds), and the minutes since its midnight."""
    there = datetime.fromtimestamp(now / 1000, zone)
    return there.date(), there.hour * 60 + there.minute


def instant(zone: ZoneInfo, day: date, minute: int) -> int:
    """Return the milliseconds at which clocks in `zone` show `minute` minutes after 0:00 of `day`."""
    days, rest = divmod(minute, DAY_MINUTES)
    local = datetime.combine(day + timedelta(days=days), time(*divmod(rest, 60)), tzinfo=zone)
    return (local - _EPOCH) // timedelta(milliseconds=1)
