"""What counts as an answer to a question."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.document.words import visible
from flows.engine.variables import Variable, default_of, parse

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


INVISIBLE = st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\u20e3\u202a\u2069\U000e0061")
DIGITS = "".join(c for c in map(chr, range(0x110000)) if c.isdecimal())
"""Every decimal digit of Unicode: ten of each script and style, in order."""
ANSWERS = [
    ("integer", "-12", -12),
    ("pincode", "411004", "411004"),
    ("phone", "98000 00001", "+919800000001"),
    ("phone", "+91 98000 00001", "+919800000001"),
    ("email", "asha12@shop.example", "asha12@shop.example"),
]


def test_there_are_all_digits() -> None:
    assert len(DIGITS) >= 660
    assert len(DIGITS) % 10 == 0


@pytest.mark.parametrize(("kind", "text", "value"), ANSWERS)
@given(dice=st.data())
def test_digits_of_any_script_are_read_alike(kind: Any, text: str, value: Any, dice: st.DataObject) -> None:
    styles = [DIGITS[start : start + 10] for start in range(0, len(DIGITS), 10)]
    written = "".join(dice.draw(st.sampled_from(styles))[int(c)] if c.isdecimal() else c for c in text)
    assert parse(Variable(type=kind), written) == value


@pytest.mark.parametrize("digits", [DIGITS[start : start + 10] for start in range(0, len(DIGITS), 10)])
def test_ten_digits_are_in_order_in_every_script(digits: str) -> None:
    assert [parse(NUMBER, digit) for digit in digits] == list(range(10))


@pytest.mark.parametrize(("kind", "text", "value"), ANSWERS)
@given(dice=st.data())
def test_invisible_characters_anywhere_change_no_answer(
    kind: Any, text: str, value: Any, dice: st.DataObject
) -> None:
    for _ in range(3):
        place = dice.draw(st.integers(0, len(text)))
        text = text[:place] + dice.draw(INVISIBLE) + text[place:]
    assert parse(Variable(type=kind), text) == value


@pytest.mark.parametrize(
    "text", ["411 004", "411-004", " 4 1 1 0 0 4 ", "411\u00a0004", "४११ ००४", "411–004"]
)
def test_a_pin_code_may_be_written_in_groups(text: str) -> None:
    assert parse(Variable(type="pincode"), text) == "411004"


@pytest.mark.parametrize("text", ["011004", "41100", "4110045", "411,004", "411a004", "四一一〇〇四", ""])
def test_anything_else_is_no_pin_code(text: str) -> None:
    assert parse(Variable(type="pincode"), text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" क्\u200dष ✔️ ", "क्\u200dष ✔️"),
        ("\u202b 2 mild \u202c", "2 mild"),
        ("\u200b \ufeff", None),
        ("४ cups", "४ cups"),
        ("abcde\u200b\u200bf", "abcde\u200b\u200bf"),
        ("abcdefg", None),
    ],
)
def test_a_text_is_kept_as_it_was_written_and_counted_as_it_is_seen(text: str, value: str | None) -> None:
    assert parse(Variable(type="text", max=6), text) == value


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_none(text: str) -> None:
    value = parse(NUMBER, text)
    shown = visible(text).strip()
    assert (value is not None) == (shown.removeprefix("-").isdecimal() and len(shown.strip("-")) <= 18)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (Variable(type="integer", default="५"), 5),
        (Variable(type="integer", default=0), 0),
        (Variable(type="integer"), ""),
        (Variable(type="pincode", default=411004), "411004"),
        (Variable(type="text", default=5), "5"),
        (Variable(type="phone", default=""), ""),
    ],
)
def test_a_default_is_what_an_answer_would_be(variable: Variable, value: object) -> None:
    assert default_of(variable) == value
    assert type(default_of(variable)) is type(value)
