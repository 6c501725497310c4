"""Rupees are read into whole paise, and paise are written as people read them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.shop.money import MAX_PAISE, money, paise, paise_or_zero


@pytest.mark.parametrize(
    ("rupees", "amount"),
    [
        (180, 18_000), ("180", 18_000), ("249.50", 24_950), (Decimal("249.50"), 24_950), (Decimal("249.5"),
        24_950),
        ("0.01", 1), ("1.10", 110), ("0.29", 29), ("1000000000", MAX_PAISE), (" 5 ", 500), ("1.000", 100),
    ],
)  # fmt: skip
def test_paise(rupees: Any, amount: int) -> None:
    assert paise(rupees) == amount
    assert type(paise(rupees)) is int


@pytest.mark.parametrize(
    "rupees",
    [
        0, "0", "0.00", -1, "-0.01", Decimal("-180"), "1.005", Decimal("0.001"), "NaN", "sNaN",
        Decimal("NaN"),
        "Infinity", "-Infinity", Decimal("Infinity"), True, False, 1.0, 249.5, float("nan"), None, [], {},
        b"1",
        1_000_000_001, "1000000000.01", "1e12", "1e999999", "9" * 5000, "", " ", "₹180", "1,000", "abc",
        "1.2.3",
    ],
)  # fmt: skip
def test_refuses(rupees: Any) -> None:
    with pytest.raises(ValueError):
        paise(rupees)


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("1,700", "write 1700 without the comma"),
        ("1,23,456", "write 123456 without the comma"),
        ("Rs 170", "write 170, the digits alone"),
        ("₹1,700.50", "write 1700.50, the digits alone"),
        ("170/-", "write 170, the digits alone"),
        ("170 rupees", "write 170, the digits alone"),
        ("1,70", "write for example 180"),  # 1.70, or 170?
        ("a hundred", "write for example 180"),
    ],
)
def test_an_amount_as_people_write_it_is_refused_with_the_digits_to_write(written: str, mend: str) -> None:
    with pytest.raises(ValueError, match=f"^'{written}' is not an amount in rupees: {mend}"):
        paise(written)


@pytest.mark.parametrize(("rupees", "amount"), [(0, 0), ("0.00", 0), (Decimal("0.5"), 50), (40, 4000)])
def test_a_fee_may_be_nothing(rupees: Any, amount: int) -> None:
    assert paise_or_zero(rupees) == amount


@pytest.mark.parametrize("rupees", [-1, "-0.01", True, False, None, "0.001", "NaN", 1_000_000_001])
def test_other_fees_are_refused(rupees: Any) -> None:
    with pytest.raises(ValueError):
        paise_or_zero(rupees)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (50_000, "₹500"), (24_950, "₹249.50"), (12_345_600, "₹1,23,456"), (5, "₹0.05"), (0, "₹0"), (100,
        "₹1"),
        (101, "₹1.01"), (1_00_00_000_00, "₹1,00,00,000"), (12_34_567_89, "₹12,34,567.89"), (-500, "-₹5"),
    ],
)  # fmt: skip
def test_money(amount: int, text: str) -> None:
    assert money(amount) == text


@pytest.mark.parametrize("amount", [1.0, 500.0, True, False, "500", None, Decimal(5)])
def test_only_whole_paise_are_money_whatever_was_shown_before(amount: Any) -> None:
    for known in (0, 1, 500):
        money(known, "en_IN")  # 0 == 0.0 == False: a careless cache would answer for them
    with pytest.raises(TypeError):
        money(amount, "en_IN")


@given(st.integers(1, MAX_PAISE))
def test_there_and_back(amount: int) -> None:
    assert paise(str(Decimal(amount) / 100)) == amount
    assert paise(Decimal(amount) / 100) == amount
    assert paise(money(amount).removeprefix("₹").replace(",", "")) == amount


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        amount = paise(text)
    except ValueError:
        return
    assert 0 < amount <= MAX_PAISE
