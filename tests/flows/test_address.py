"""What an address form becomes when it comes back."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.engine import address
from flows.engine.events import Received
from flows.engine.variables import Variable, parse
from flows.messages.address_form import ADDRESS
from flows.messages.limits import length

WHOLE = {
    "name": "Meera Nair",
    "phone": "98000 00021",
    "house": "4B",
    "floor": "2nd floor",
    "tower": "Tower C",
    "building": "Palm Court",
    "address": "Lake Road,",
    "landmark": "opp.  the\nstation",
    "city": "Kochi",
    "state": "Kerala",
    "pincode": "६८२ ००१",
}
TEXTS = st.text(st.characters(codec="utf-8"), max_size=400) | st.sampled_from(
    ["", " ", ",", "x" * 5000, "😀" * 400]
)
FORMS = st.dictionaries(st.sampled_from(address.FIELDS), TEXTS)


def test_a_whole_form_is_one_line_in_the_order_in_which_addresses_are_read() -> None:
    assert WHOLE.keys() == set(address.FIELDS)
    line = "4B, 2nd floor, Tower C, Palm Court, Lake Road, opp. the station, Kochi, Kerala, 682001"
    assert address.answer(WHOLE) == Received(
        ADDRESS,
        {
            "address": line,
            "pincode": "682001",
            "name": "Meera Nair",
            "phone": "+919800000021",
            "city": "Kochi",
            "state": "Kerala",
        },
    )


@pytest.mark.parametrize(
    ("written", "pincode", "line"),
    [
        ("682001", "682001", "Lake Road, 682001"),
        ("682-001", "682001", "Lake Road, 682001"),
        ("6820", "", "Lake Road, 6820"),
        ("012345", "", "Lake Road, 012345"),
        ("not known", "", "Lake Road, not known"),
        (" , ", "", "Lake Road"),
    ],
)
def test_a_pincode_is_six_digits_or_empty_and_nothing_written_is_lost(
    written: str, pincode: str, line: str
) -> None:
    answer = address.answer({"address": "Lake Road", "pincode": written})
    assert answer is not None
    assert (answer.fields["pincode"], answer.fields["address"]) == (pincode, line)


@pytest.mark.parametrize(
    "form", [{}, {"name": "Meera", "phone": "9800000021", "pincode": "682001"}, {"city": " ", "address": ","}]
)
def test_a_form_without_a_place_is_no_address(form: dict[str, str]) -> None:
    assert address.answer(form) is None
    with pytest.raises(ValueError, match="the form holds no address: fill in one of house, floor"):
        address.filled_in(form)


def test_a_person_hears_which_field_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"no field 'citi': .*'city'"):
        address.filled_in({"citi": "Kochi"})


@given(FORMS)
@example({"house": "\x1b"})
def test_whatever_is_filled_in_a_flow_can_store_it(form: dict[str, str]) -> None:
    answer = address.answer(form)
    if answer is None:
        return
    fields = answer.fields
    assert fields.keys() == {"address", "pincode", "name", "phone", "city", "state"}
    assert 0 < length(fields["address"]) <= address.LONGEST
    assert parse(Variable(type="address", min=1), fields["address"]) is not None
    assert re.fullmatch("([1-9][0-9]{5})?", fields["pincode"], re.ASCII)
    assert re.fullmatch(r"(\+[0-9]+)?", fields["phone"], re.ASCII)
    for text in fields.values():
        assert text == " ".join(text.split())


@given(FORMS)
def test_the_pincode_ends_the_line_however_long_the_rest_is(form: dict[str, str]) -> None:
    answer = address.answer({**form, "address": "x" * 900, "pincode": "682001"})
    assert answer is not None
    assert answer.fields["address"].endswith(", 682001")
