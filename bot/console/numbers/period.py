"""The days that somebody asks for in the address of the page. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from storage.reports.numbers import Days

LENGTHS: Final = (7, 30, 90)
"""Days, until today, that can be chosen with one press."""
USUAL: Final = 30
LONGEST: Final = 366
"""Days at most: so many bars can still be told apart."""


def last_days(length: int, last: date) -> Days:
    """Return `length` days of which `last` is the last."""
    return Days(last - timedelta(days=length - 1), last)


def chosen(first: str, last: str, today: date) -> Days:
    """Return the days from `first` to `last` (`2026-09-21`), both included.

    Without `first`, or if it is no date, these are the usual days. The days end today at the latest, are
    turned round if they run backwards, and of too many the latest are taken.
    """
    start, end = _date(first), _date(last) or today
    if start is None:
        return last_days(USUAL, today)
    start, end = sorted((min(start, today), min(end, today)))
    return last_days(min(LONGEST, (end - start).days + 1), end)


def address(days: Days) -> Mapping[str, str]:
    """Return the days as the address of the page has them."""
    return {"from": days.first.isoformat(), "to": days.last.isoformat()}


def length_of(days: Days, today: date) -> int | None:
    """Return which of `LENGTHS` these days are; None if they are others."""
    length = (days.last - days.first).days + 1
    return length if days.last == today and length in LENGTHS else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
