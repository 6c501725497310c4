"""Phone numbers as people and as WhatsApp write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.phones import spellings, valid


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("525512345679", "5215512345679"),
        ("541123456789", "5491123456789"),
        ("5511987654321", "551187654321"),
    ],
)
def test_what_is_one_subscriber_is_found_under_each_spelling(one: str, other: str) -> None:
    assert spellings(one) == [one, other]
    assert spellings(other) == [other, one]


@given(st.from_regex(r"[1-9][0-9]{7,14}", fullmatch=True))
def test_a_number_comes_first_and_each_spelling_leads_back(number: str) -> None:
    found = spellings(number)
    assert found[0] == number
    assert all(number in spellings(other) for other in found)


def test_a_landline_of_brazil_has_one_spelling() -> None:
    assert spellings("551134567890") == ["551134567890"]


@given(st.from_regex(r"\+?91[ -]?98123[ -]?45601", fullmatch=True))
def test_signs_between_digits_mean_nothing(written: str) -> None:
    assert valid(written) == "919812345601"
    assert spellings(written) == ["919812345601"]


@pytest.mark.parametrize("written", ["9812345601", "098123 45601", "+91 98123 45601"])
def test_at_home_the_country_may_be_left_out(written: str) -> None:
    assert valid(written, "IN") == "919812345601"


@pytest.mark.parametrize(
    "written",
    ["", "+", "91981234560", "9198123456012", "+919812345601;ext=5", "919812345601x5", "91+9812345601",
     "+91 98123 CHAIS", "+९१९८१२३४५६०१", "00", "9812345601", "+9812345601\n"],
)  # fmt: skip
def test_what_is_no_number_of_any_country_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"not a phone number|has no country code"):
        valid(written)
