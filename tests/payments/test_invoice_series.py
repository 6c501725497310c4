"""Numbers of invoices: never too long, never twice, and consecutive in each series, whatever the prefix."""

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.shop.invoice import LONGEST_NUMBER
from payments.shop.invoice_series import SERIES_OF_A_RESTORE, Chain

LETTERS: Final = st.builds(
    "{}{}".format, st.text("ABCXYZ019", min_size=1, max_size=4), st.sampled_from(["", "B", "C"])
)
YEARS: Final = st.sampled_from(["26-27", "27-28", "99-00"])
EPOCHS: Final = st.integers(10**6, 36**6 - 2 * SERIES_OF_A_RESTORE)
CHAINS: Final = st.builds(Chain, LETTERS, YEARS, st.none() | EPOCHS)


STARTS: Final = st.builds(
    lambda digits, series, before: max(1, (10**digits - 1) * series - before),
    st.integers(3, 6), st.integers(1, 3), st.integers(0, 99),
)  # fmt: skip
"""Shortly before a series is full."""


@given(CHAINS, STARTS, st.integers(2, 300))
def test_numbers_are_short_and_follow_each_other(chain: Chain, start: int, count: int) -> None:
    numbers = [chain.number(start + n) for n in range(count)]
    assert max(map(len, numbers)) <= LONGEST_NUMBER
    assert len(set(numbers)) == count
    split = [(series, int(nth)) for series, _, nth in (number.rpartition("/") for number in numbers)]
    for (series, nth), (later, then) in pairwise(split):
        assert then == (nth + 1 if later == series else 1)
    assert len({number.rpartition("/")[0] for number in numbers}) <= 2, "no series of one number"


PLACES: Final = st.integers(0, 26**2 - 1)
"""Of series that anybody comes to: 90 million documents a year in the shortest ones."""


@given(LETTERS, YEARS, YEARS, EPOCHS, PLACES, PLACES)
def test_years_and_restores_have_no_series_in_common(
    letters: str, year: str, other: str, epoch: int, nth: int, mth: int
) -> None:
    name = Chain(letters, year).name(nth)
    assert (name == Chain(letters, other).name(mth)) == ((year, nth) == (other, mth))
    assert name != Chain(letters, year, epoch).name(mth)


@given(LETTERS, EPOCHS)
@settings(max_examples=20)
def test_the_next_restore_has_series_of_its_own(letters: str, epoch: int) -> None:
    one, other = (Chain(letters, "26-27", epoch + n * SERIES_OF_A_RESTORE) for n in range(2))
    assert {one.name(nth) for nth in range(26**2)}.isdisjoint(other.name(nth) for nth in range(26**2))


def test_numbers_as_people_read_them() -> None:
    assert Chain("AN", "26-27").number(123) == "AN/26-27/000123"
    assert Chain("AN", "26-27").number(1_234_567) == "AN/26-27/1234567"
    long = Chain("ANNAC", "26-27")
    assert long.number(123) == "ANNAC/26-27/0123"
    assert [long.number(n) for n in (9999, 10_000)] == ["ANNAC/26-27/9999", "ANNAC/26B/000001"]
    assert [long.number(9999 + n * 999_999 + 1) for n in (1, 24, 25)] == [
        "ANNAC/26C/000001", "ANNAC/26Z/000001", "ANNAC/26BA/00001",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("letters", "first", "then"),
    [("ANNAC", "ANNAC/ZZZZZ/9999", "ANNAC/100000/001"), ("M", "M/ZZZZZ/99999999", "M/100000/000001")],
)
def test_after_a_restore_its_number_counts_on(letters: str, first: str, then: str) -> None:
    chain = Chain(letters, "26-27", 36**5 - 1)
    full = int(first.rpartition("/")[2])
    assert [chain.number(full), chain.number(full + 1)] == [first, then]
