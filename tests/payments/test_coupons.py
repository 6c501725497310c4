"""A coupon is known by its code however it is typed, and refused for the first reason that holds."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from payments.shop.coupons import Coupon, Coupons, find, refusal
from payments.shop.pricing import AmountOff, PercentOff, discount_of
from tests.payments.shop_yaml import issue_of, load

TODAY = date(2026, 11, 5)


class Section(BaseModel):
    """A `shop:` of coupons only."""

    coupons: Coupons = ()


def coupon(**values: Any) -> Coupon:
    return Coupon.model_validate({"code": "DIWALI", "percent": 10, **values})


SHOP = """
coupons:
  - {code: FIRST10, percent: 10, up_to: 100, per_customer: 1}
  - {code: DIWALI-26, off: 50, minimum: 400, from: 2026-11-01, until: 2026-11-10, uses: 200, only: sweets}
  - {code: 2026, percent: 5, only: [sweets, gifts]}
"""


def test_what_an_operator_writes() -> None:
    first, diwali, year = load(Section, SHOP).coupons
    assert (first.discount, first.per_customer, first.only) == (PercentOff(10, 10_000), 1, ())
    assert (diwali.discount, diwali.minimum, diwali.uses) == (AmountOff(5000), 40_000, 200)
    assert (diwali.from_, diwali.until) == (date(2026, 11, 1), date(2026, 11, 10))
    assert year.code == "2026"
    assert [year.is_for("gifts"), year.is_for("tiffin"), year.is_for(None)] == [True, False, False]
    assert [diwali.is_for("sweets"), first.is_for(None)] == [True, True]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FIRST10", "FIRST10"), ("first10", "FIRST10"), (" First 10 ", "FIRST10"), ("FIRST-10", "FIRST10"),
        ("first–10", "FIRST10"), ("FIRST\u201110", "FIRST10"), ("FIRST\u200d10!", "FIRST10"),
        ("ＦＩＲＳＴ１０", "FIRST10"),
        ("first१०", "FIRST10"), ("diwali26", "DIWALI-26"), ("diwali−26", "DIWALI-26"),
        ("DIWALI—26", "DIWALI-26"),
        ("2026", "2026"), ("FIRST1", None), ("FIRST100", None), ("", None), ("-", None), ("🎉", None),
    ],
)  # fmt: skip
def test_a_code_is_found_however_it_is_typed(text: str, code: str | None) -> None:
    found = find(load(Section, SHOP).coupons, text)
    assert (found and found.code) == code


@given(st.text(max_size=12))
def test_any_text_finds_at_most_one_coupon(text: str) -> None:
    found = find(load(Section, SHOP).coupons, text)
    assert found is None or any(c.isalnum() for c in text)


@pytest.mark.parametrize(
    ("values", "counts", "reason"),
    [
        ({}, {}, None),
        ({"from": "2026-11-05", "until": "2026-11-05"}, {}, None),
        ({"from": "2026-11-06"}, {}, "not yet"),
        ({"until": "2026-11-04"}, {}, "over"),
        ({"per_customer": 2}, {"used_by_customer": 1}, None),
        ({"per_customer": 2}, {"used_by_customer": 2}, "used"),
        ({"uses": 200}, {"used_total": 199}, None),
        ({"uses": 200}, {"used_total": 200}, "used up"),
        ({"uses": 200}, {"used_total": 201}, "used up"),
        ({}, {"eligible": 0}, "not for these"),
        ({"minimum": 400}, {"goods": 40_000}, None),
        ({"minimum": 400}, {"goods": 39_999}, "below minimum"),
        # All goods count for the minimum, not only those that the coupon is for.
        ({"minimum": 400}, {"goods": 40_000, "eligible": 1}, None),
        ({}, {"used_total": 10**6, "used_by_customer": 10**6}, None),
    ],
)
def test_reasons(values: dict[str, Any], counts: dict[str, int], reason: str | None) -> None:
    state = {"goods": 50_000, "eligible": 50_000, "used_total": 0, "used_by_customer": 0, **counts}
    assert refusal(coupon(**values), TODAY, **state) == reason


ORDER = ["not yet", "over", "used", "used up", "not for these", "below minimum"]


@given(st.sets(st.sampled_from(ORDER)))
def test_the_first_reason_that_holds_is_given(hold: set[str]) -> None:
    if {"not yet", "over"} <= hold:
        hold.remove("over")  # no date is both
    values: dict[str, Any] = {"per_customer": 1, "uses": 5, "minimum": 400}
    values |= {"from": "2026-12-01"} if "not yet" in hold else {}
    values |= {"until": "2026-11-01"} if "over" in hold else {}
    reason = refusal(
        coupon(**values),
        TODAY,
        goods=39_999 if "below minimum" in hold else 40_000,
        eligible=0 if "not for these" in hold else 100,
        used_total=5 if "used up" in hold else 4,
        used_by_customer=1 if "used" in hold else 0,
    )
    assert reason == next((name for name in ORDER if name in hold), None)


@given(st.integers(1, 100), st.integers(1, 10**6), st.integers(1, 10**9))
def test_what_may_be_used_takes_something_off(percent: int, up_to: int, eligible: int) -> None:
    for usable in (coupon(percent=percent, up_to=up_to), coupon(percent=None, off=up_to)):
        assert refusal(usable, TODAY, eligible, eligible, 0, 0) is None
        assert 0 < discount_of(usable.discount, eligible) <= min(eligible, up_to * 100)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (" - {code: A}", "the coupon A needs either 'percent' or 'off'", 6),
        (" - {code: A, percent: 5, off: 5}", "the coupon A needs either 'percent' or 'off'", 6),
        (" - {code: A, off: 50, up_to: 5}", "'up_to' of the coupon A belongs to 'percent'", 6),
        (" - {code: A, off: 5}\n - {code: B, off: 5, from: 2026-11-02, until: 2026-11-01}",
         "B ends before it starts", 7),
        (" - {code: A, off: 5, until: 2026-02-30}", "the calendar has no 2026-02-30", 6),
        (" - {code: A, off: 0}", "0 is not a price", 6),
        (" - {code: A, percent: 0}", "percent", 6),
        (" - {code: A, percent: 101}", "percent", 6),
        (" - {code: A, percent: 2.5}", "percent", 6),
        (" - {code: A, percent: 5, uses: 0}", "uses", 6),
        (" - {code: A, percent: 5, per_customer: 0}", "per_customer", 6),
        (" - {code: A, percent: 5, only: []}", "only", 6),
        (" - {code: '--', percent: 5}", "'--' is no code", 6),
        (" - {code: true, percent: 5}", "true is no code", 6),
        (" - {code: abcdefghijklmnopqrstuvwxyz0123456, percent: 5}", "write 1 to 32 characters", 6),
        (" - {code: First 10, off: 5}\n - {code: FIRST-10, off: 9}", "FIRST-10' are the same", 5),
    ],
)  # fmt: skip
def test_slips_in_coupons_are_named_where_they_are(text: str, message: str, line: int) -> None:
    issue = issue_of(Section, f"coupons:\n{text}")
    assert message in issue.message
    assert issue.line == line
