"""Days of the shop: what they span, how they are named, and when their report is due."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.shop.business_day import day_named, period_of, report_due
from payments.shop.local_time import INDIA, instant, local_date

DAY = date(2026, 11, 29)
ZONES = st.sampled_from([INDIA, ZoneInfo("Europe/Berlin"), ZoneInfo("America/Sao_Paulo")])


@given(ZONES, st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_days_follow_each_other_without_gap_or_overlap(zone: ZoneInfo, day: date) -> None:
    period, following = period_of(zone, day), period_of(zone, day + timedelta(days=1))
    assert period.end == following.start
    assert local_date(zone, period.start) == local_date(zone, period.end - 1) == day
    assert period.has(period.start)
    assert not period.has(period.end)
    assert period_of(zone, day, day + timedelta(days=1)).end == following.end


@given(ZONES, st.integers(0, 1440), st.integers(0, 4 * 1440))
def test_each_day_has_one_span_in_which_its_report_is_due(zone: ZoneInfo, at: int, later: int) -> None:
    """It begins at the time that the file says, and lasts until 6:00 at the latest."""
    now = instant(zone, DAY, 0) + later * 60_000
    due = report_due(zone, at, now)
    if due is not None:
        begins = instant(zone, due, at if at >= 360 else at + 1440)
        assert begins <= now < instant(zone, due + timedelta(days=1), 360) + 3_600_000, "an hour for DST"


@pytest.mark.parametrize(
    ("at", "now", "due"),
    [
        (21 * 60 + 30, 21 * 60 + 29, None),
        (21 * 60 + 30, 21 * 60 + 30, DAY),
        (21 * 60 + 30, 24 * 60 + 100, DAY),
        (21 * 60 + 30, 30 * 60, None),
        (90, 90, date(2026, 11, 28)),
        (90, 24 * 60 + 89, None),
        (90, 24 * 60 + 90, DAY),
        (1440, 24 * 60, DAY),
    ],
)
def test_when_a_report_is_due(at: int, now: int, due: date | None) -> None:
    assert report_due(INDIA, at, instant(INDIA, DAY, now)) == due


def test_how_a_day_is_named() -> None:
    now = instant(INDIA, DAY, 5)
    assert [day_named(INDIA, words, now) for words in ("", " Today ", "yesterday", "2026-01-02")] == [
        DAY, DAY, date(2026, 11, 28), date(2026, 1, 2),
    ]  # fmt: skip
    written = ("8/11/2026", "08-11-2026", "8.11.26", "30/11/2026")
    assert [day_named(INDIA, words, now) for words in written] == [
        *[date(2026, 11, 8)] * 3,
        date(2026, 11, 30),
    ]
    for words in ("11/30/2026", "8/11", "8/11-2026"):
        with pytest.raises(ValueError, match=r"no 2026-30-11|is not a date"):
            day_named(INDIA, words, now)
    with pytest.raises(ValueError, match="no 2026-02-30"):
        day_named(INDIA, "2026-02-30", now)
