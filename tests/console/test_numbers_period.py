"""Which days the page of the numbers shows, and how it writes what it shows."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.numbers.charts import scale
from bot.console.numbers.period import LENGTHS, LONGEST, address, chosen, last_days, length_of
from bot.console.numbers.tables import Unit, Value
from bot.console.numbers.values import cell, shown
from bot.console.numbers.words import NUMBERS
from bot.console.words import Words
from storage.reports.numbers import Days

TODAY = date(2026, 9, 21)
TYPED = st.one_of(st.text(max_size=12), st.dates().map(date.isoformat))


@given(TYPED, TYPED)
def test_whatever_is_asked_for_is_some_days_until_today(first: str, last: str) -> None:
    days = chosen(first, last, TODAY)
    assert days.first <= days.last <= TODAY
    assert (days.last - days.first).days < LONGEST


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2026-09-01", "2026-09-05", (date(2026, 9, 1), date(2026, 9, 5))),
        ("2026-09-05", "2026-09-01", (date(2026, 9, 1), date(2026, 9, 5))),
        ("2026-09-20", "2026-12-31", (date(2026, 9, 20), TODAY)),
        ("2020-01-01", "", (date(2025, 9, 21), TODAY)),
        ("'); --", "2026-09-05", (date(2026, 8, 23), TODAY)),
    ],
)
def test_the_days_that_are_asked_for(first: str, last: str, found: tuple[date, date]) -> None:
    assert chosen(first, last, TODAY) == Days(*found)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_is_found_again_in_its_address(length: int) -> None:
    asked = address(last_days(length, TODAY))
    assert length_of(chosen(asked["from"], asked["to"], TODAY), TODAY) == length


@pytest.mark.parametrize(
    ("unit", "value", "english", "exported"),
    [
        (Unit.DAY, TODAY, "21 Sep", "2026-09-21"),
        (Unit.MONEY, -18_050, "-₹180.50", Decimal("-180.50")),
        (Unit.COUNT, 123_456, "1,23,456", 123_456),
        (Unit.TIME, 59_960, "60.0 s", Decimal("59.960")),
        (Unit.TIME, 3_725_000, "62 min 5 s", Decimal("3725.000")),
        (Unit.KEY, "by_hand", "by hand", "by hand"),
        (Unit.TEXT, "by_hand", "by_hand", "by_hand"),
    ],
)
def test_a_value_as_people_and_as_spreadsheets_read_it(
    unit: Unit, value: Value, english: str, exported: object
) -> None:
    words = Words("en").of(NUMBERS)
    assert (shown(unit, value, words), cell(unit, value, words)) == (english, exported)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1))
def test_every_bar_is_within_the_chart_and_none_is_drawn_for_nothing(values: list[int]) -> None:
    on = scale(values)
    for value in values:
        assert 0 <= on.bottom(value) <= 100
        assert on.bottom(value) + on.share(value) <= 100.01
    assert on.share(0) == 0
