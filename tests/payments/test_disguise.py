"""What tells who a customer is goes out of their texts; what the flow understands stays."""

import pytest

from payments.simulator.disguise import Disguise


@pytest.fixture
def disguise() -> Disguise:
    return Disguise(["words: [hi, menu, नमस्ते]", "Masala chai 250 g", "Flat"], ["Farhan Qureshi"])


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Hi! menu", "Hi! menu"),
        ("2 masala chai, 250g", "2 masala chai, 250g"),
        ("नमस्ते, मेन्यू", "नमस्ते, word1"),
        ("FARHAN qureshi", "Asha Asha"),
        ("Flat 402, Gulmohar Lane 411004", "Flat 402, word1 word2 411004"),
        ("Gulmohar, gulmohar!", "word1, word1!"),
        ("+91 98123-45601", "9800000001"),
        ("९८१२३ ४५६०१ or 98123 45601", "9800000001 word2 9800000001"),
        ("farhan.q@okaxis", "asha1@example.com"),
        ("https://shop.example/farhan", "word1://word2.word3/Asha"),
    ],
)
def test_what_is_left_of_a_text(disguise: Disguise, written: str, left: str) -> None:
    assert disguise.text(written) == left


def test_the_number_of_an_order_is_that_of_the_scenario(disguise: Disguise) -> None:
    disguise.orders = {"10482": "10001"}
    assert disguise.text("menu #10482, 10483") == "menu #10001, 10483"


def test_an_address_form_keeps_its_pincode(disguise: Disguise) -> None:
    form = {"name": "Zoya", "address": "9 Rose Villa", "pincode": "411004", "phone": "+919812345601"}
    assert disguise.address(form) == {
        "name": "Asha",
        "address": "9 word1 word2",
        "pincode": "411004",
        "phone": "9800000003",
    }
