"""The shop is open when its hours say so, in its time zone, past midnight too."""

import zoneinfo
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from payments.shop.hours import HORIZON, Hours, is_open, is_open_on, opens_at
from payments.shop.local_time import INDIA, Date, TimeZone, instant, local_date, show_time, time_range
from tests.payments.shop_yaml import issue_of, load, ms

MINUTE = 60_000


class Section(BaseModel):
    """A `shop:` of opening hours only."""

    hours: Hours | None = None
    timezone: TimeZone = INDIA
    day: Date | None = None


def hours_of(text: str) -> Hours:
    hours = load(Section, f"hours: {text}").hours
    assert hours
    return hours


WEEK = '{mon-fri: "9:00-13:00, 17:00-21:00", sat: "18:00-01:00", sun: ["10:00-12:00", "8:00-9:00"], closed: [2026-11-24]}'  # noqa: E501


@pytest.mark.parametrize(
    ("now", "open_", "next_"),
    [
        ("2026-11-23 08:59", False, "2026-11-23 09:00"),  # a Monday
        ("2026-11-23 09:00", True, None),
        ("2026-11-23 12:59", True, None),
        ("2026-11-23 13:00", False, "2026-11-23 17:00"),
        ("2026-11-23 21:00", False, "2026-11-25 09:00"),  # Tuesday is closed
        ("2026-11-24 10:00", False, "2026-11-25 09:00"),
        ("2026-11-28 18:00", True, None),
        ("2026-11-28 23:59", True, None),
        ("2026-11-29 00:00", True, None),  # Sunday, past midnight
        ("2026-11-29 00:59", True, None),
        ("2026-11-29 01:00", False, "2026-11-29 08:00"),
        ("2026-11-29 09:30", False, "2026-11-29 10:00"),
        ("2026-11-29 12:00", False, "2026-11-30 09:00"),
    ],
)
def test_open(now: str, open_: bool, next_: str | None) -> None:
    hours = hours_of(WEEK)
    assert is_open(hours, INDIA, ms(now)) is open_
    assert opens_at(hours, INDIA, ms(now)) == (ms(next_) if next_ else None)


def test_the_hours_are_those_of_the_time_zone() -> None:
    hours, now = hours_of('{mon-sun: "9:00-10:00"}'), ms("2026-11-29 09:30")
    assert is_open(hours, INDIA, now)
    assert not is_open(hours, ZoneInfo("Asia/Dubai"), now)
    assert opens_at(hours, ZoneInfo("Asia/Dubai"), now) == now + 60 * MINUTE


def test_without_hours_the_shop_is_always_open() -> None:
    assert is_open(None, INDIA, 0)
    assert is_open_on(None, date(2026, 11, 29))
    assert opens_at(None, INDIA, 0) is None


def test_a_night_goes_on_into_a_closed_date() -> None:
    hours = hours_of('{mon-sun: "18:00-02:00", closed: 2026-11-29}')
    assert is_open(hours, INDIA, ms("2026-11-29 01:59"))
    assert not is_open(hours, INDIA, ms("2026-11-29 20:00"))
    assert opens_at(hours, INDIA, ms("2026-11-29 02:00")) == ms("2026-11-30 18:00")
    assert not is_open_on(hours, date(2026, 11, 29))
    assert is_open_on(hours, date(2026, 11, 30))


def test_a_shop_that_stays_closed_opens_never() -> None:
    start = date(2026, 11, 29)
    closed = [str(start + timedelta(days=n)) for n in range(HORIZON + 1)]
    now = ms("2026-11-29 08:00")
    all_closed = Hours.model_validate({"mon-sun": "9:00-21:00", "closed": closed})
    assert opens_at(all_closed, INDIA, now) is None
    but_the_last = Hours.model_validate({"mon-sun": "9:00-21:00", "closed": closed[:-1]})
    assert opens_at(but_the_last, INDIA, now) == instant(INDIA, start + timedelta(days=HORIZON), 540)


def test_a_whole_day_is_open_to_its_end() -> None:
    hours = hours_of('{mon-sun: "0:00-24:00"}')
    assert all(is_open(hours, INDIA, ms("2026-11-29 00:00") + n * 30 * MINUTE) for n in range(100))


@st.composite
def written_hours(draw: st.DrawFn) -> dict[str, Any]:
    """Hours of single days, each with up to two ranges that do not reach into the next morning."""
    written: dict[str, Any] = {}
    for day in draw(st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)):
        ends = sorted(draw(st.lists(st.integers(6 * 60, 29 * 60), min_size=2, max_size=4, unique=True)))
        pairs = [(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False) if a < 1440 and b - a < 1440]
        if pairs:
            written[day] = [f"{show_time(a)}-{show_time(b)}" for a, b in pairs]
    return written or {"mon": "9:00-21:00"}


@given(written_hours(), st.integers(0, 8 * 1440))
def test_the_shop_opens_when_it_says_and_was_closed_until_then(written: dict[str, Any], minute: int) -> None:
    hours = Hours.model_validate(written)
    now = ms("2026-11-23 00:00") + minute * MINUTE
    opens = opens_at(hours, INDIA, now)
    if is_open(hours, INDIA, now):
        assert opens is None
        return
    assert opens is not None
    assert opens > now
    assert is_open(hours, INDIA, opens)
    between = range(now, opens, 17 * MINUTE)
    assert not any(is_open(hours, INDIA, moment) for moment in (*between, opens - 1))


@given(st.integers(0, 4 * 10**12), st.sampled_from(["Asia/Kolkata", "Asia/Kathmandu", "America/New_York"]))
def test_a_date_holds_its_moments(now: int, name: str) -> None:
    zone = ZoneInfo(name)
    day = local_date(zone, now)
    assert instant(zone, day, 0) <= now < instant(zone, day, 1440)


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_a_range_is_shown_as_it_is_written(start: int, length: int) -> None:
    text = f"{show_time(start)}-{show_time(start + length)}"
    try:
        times = time_range(text)
    except ValueError:
        assert start + length > 1440 + 6 * 60 or length == 1440
        return
    assert str(times) == text
    assert (times.start, times.end) == (start, start + length)


@pytest.mark.parametrize("text", ["9:00-24:00", "0:00-24:00", "18:00-1:30", "20:00-0:30"])
def test_midnight_is_shown_as_the_end_of_the_day(text: str) -> None:
    assert str(time_range(text)) == text


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('hours: {mon-sat: "21:00-9:00"}', "'21:00-9:00' is upside down", 5),
        ('hours:\n    mon: "9:00-21:00"\n    tue: "9:00-9:00"', "'9:00-9:00' is empty", 7),
        ('hours: {mon: "9:00-13:00, 12:00-21:00"}', "'9:00-13:00' and '12:00-21:00' overlap", 5),
        ('hours: {mon: "18:00-2:00", tue: "1:00-9:00"}', "'18:00-2:00' of mon and '1:00-9:00' of tue", 5),
        ('hours: {sun: "18:00-2:00", mon: "1:00-9:00"}', "of sun and '1:00-9:00' of mon overlap", 5),
        ('hours:\n    mon-sat: "9:00-21:00"\n    sunn: "9:00-13:00"', "did you mean 'sun'?", 7),
        ('hours: {monday: "9:00-13:00"}', "'monday' is not a day of the week: did you mean 'mon'?", 5),
        ('hours: {mon-sat: "9:00-21:00", sat: "9:00-13:00"}', "twice: in 'mon-sat' and in 'sat'", 5),
        ('hours: {"mon-wed, tue": "9:00-21:00"}', "'tue' is given twice in 'mon-wed, tue'", 5),
        ('hours: {mon: "24:00-2:00"}', "'24:00-2:00' is empty", 5),
        ("hours: {mon: 9-21}", "'9' is not a time of day", 5),
        ("hours: {mon: 9}", "'9' is not a range of times", 5),
        ('hours: {mon: "9:00-25:00"}', "'25:00' is not a time of day", 5),
        ("hours: {mon: []}", "leave out a day on which the shop is closed", 5),
        ("hours: {}", "hours without a day", 5),
        ("hours: {closed: [2026-11-08]}", "hours without a day", 5),
        ("hours: 9:00-21:00", "hours without a day", 5),
        ('hours:\n    mon: "9:00-21:00"\n    closed: [2026-11-31]', "the calendar has no 2026-11-31", 7),
        ("day: 8.11.2026", "'8.11.2026' is not a date: write year-month-day", 5),
        ("day: 20261108", "is not a date", 5),
        ("timezone: Asia/Calcuta", "there is no time zone 'Asia/Calcuta': did you mean 'Asia/", 5),
        ("timezone: IST+5", "there is no time zone 'IST+5'", 5),
        ("timezone: ../etc/passwd", "there is no time zone", 5),
    ],
)  # fmt: skip
def test_slips_are_named_where_they_are(text: str, message: str, line: int) -> None:
    issue = issue_of(Section, text)
    assert message in issue.message
    assert issue.line == line


def test_what_an_operator_may_write() -> None:
    section = load(
        Section,
        "timezone: Asia/Kathmandu\nday: 2026-11-08\n"
        "hours:\n  sat-mon: 9:00 – 21:00\n"
        "  Tue, thu-fri: [9:00-12:00, 13:00-24:00]\n  closed: [2026-11-08]\n",
    )
    assert section.timezone.key == "Asia/Kathmandu"
    assert section.day == date(2026, 11, 8)
    assert section.hours
    open_days = [len(section.hours.of_weekday(day)) for day in range(7)]
    assert open_days == [1, 2, 0, 2, 2, 1, 1]
    assert section.hours.closed == (date(2026, 11, 8),)


@pytest.fixture
def _no_time_zones_of_the_system() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=())
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("_no_time_zones_of_the_system")
def test_time_zones_are_known_where_the_system_has_none() -> None:
    zone = ZoneInfo.no_cache("Asia/Kolkata")
    assert instant(zone, date(1970, 1, 1), 330) == 0
