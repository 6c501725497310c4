"""What counts as a whole number when a customer is asked for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.variables import Variable, parse

NUMBER = Variable(type="integer")


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), (" 007 ", 7), ("-5", -5), ("५", 5), ("१२३", 123), ("٣", 3), ("9" * 18, 10**18 - 1)],
)
def test_a_whole_number(text: str, value: int) -> None:
    assert parse(NUMBER, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "1_0", "+5", "²", "①", "½", "三", "Ⅷ", "5.0", "5,000", "1 0", "--5", "-", "", "-+5", "0x10", "1e3",
        "5\n6", "−5", "9" * 19, "9" * 5000,
    ],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    assert parse(NUMBER, text) is None


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_none(text: str) -> None:
    value = parse(NUMBER, text)
    assert (value is not None) == (text.strip().removeprefix("-").isdecimal() and len(text.strip("- ")) <= 18)
