"""Card numbers and the codes beside them: taken out of what people write; other numbers stay."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card_data import CARD, CODE, is_card, json_without_card_data, without_card_data
from bot.log import mask
from flows.document.words import with_ascii_digits
from payments.razorpay.entities import ORDER_NOTE, REFUND_NOTE
from payments.razorpay.webhook import read

CARDS = {
    "Visa": "4111111111111111",
    "Mastercard": "5555555555554444",
    "Mastercard since 2017": "2223000048400011",
    "RuPay": "6073840000000008",
    "American Express": "378282246310005",
    "Diners Club": "36227206271667",
    "JCB": "3566002020360505",
    "Maestro": "5018000000000009",
}
BEGINNINGS = ("4", "51", "2221", "60", "65", "81", "82", "508", "34", "37", "36", "62")
DIGITS = ("0123456789", "०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "௦௧௨௩௪௫௬௭௮௯", "０１２３４５６７８９")
BETWEEN = (" ", "-", ".", "\u00a0", "\u200b", "\u202f", " - ", "\t", "    ", "_", "\u2011", "\ufe0f\u20e3")
WORDS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Po"], exclude_characters="#"), max_size=12)


def with_check_digit(body: str) -> str:
    return next(body + str(digit) for digit in range(10) if luhn(body + str(digit)))


def luhn(digits: str) -> bool:
    """The check, written another way than the one under test."""
    table = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    return not sum(table[int(d)] if at % 2 else int(d) for at, d in enumerate(reversed(digits))) % 10


@st.composite
def cards(draw: st.DrawFn) -> str:
    begins = draw(st.sampled_from(BEGINNINGS))
    size = {"34": 15, "37": 15, "36": 14}.get(begins, 16)
    rest = draw(st.text("0123456789", min_size=size - 1 - len(begins), max_size=size - 1 - len(begins)))
    return with_check_digit(begins + rest)


@st.composite
def written(draw: st.DrawFn, card: str) -> str:
    """`card` as somebody may write it: in groups, in the digits of their script."""
    usual = {14: (4, 6, 4), 15: (4, 6, 5)}.get(len(card), (4, 4, 4, 4))
    sizes = draw(st.sampled_from([usual, (len(card),), (1,) * len(card)]))
    ends = [sum(sizes[:count]) for count in range(len(sizes) + 1)]
    groups = [card[start:end] for start, end in pairwise(ends)]
    digits = str.maketrans("0123456789", draw(st.sampled_from(DIGITS)))
    return draw(st.sampled_from(BETWEEN)).join(groups).translate(digits)


def bare(text: str) -> str:
    return "".join(character for character in with_ascii_digits(text) if character.isdecimal())


@pytest.mark.parametrize("scheme", CARDS)
def test_a_card_of_each_scheme_is_known(scheme: str) -> None:
    assert without_card_data(f"it is {CARDS[scheme]}, thanks") == f"it is {CARD}, thanks"


@given(st.data(), cards(), WORDS, WORDS)
def test_no_card_is_left_however_it_is_written(data: Any, card: str, before: str, after: str) -> None:
    text = f"{before} {data.draw(written(card))} {after}"
    kept = without_card_data(text)
    assert bare(kept) == ""
    assert CARD in kept
    assert card not in bare(mask(text))


@given(st.text())
def test_twice_is_the_same_as_once(text: str) -> None:
    kept = without_card_data(text)
    assert without_card_data(kept) == kept


@given(st.text(st.characters(exclude_categories=["Nd"])))
def test_a_text_without_digits_stays(text: str) -> None:
    assert without_card_data(text) == text


PHONES = st.from_regex(r"[6-9][0-9]{9}", fullmatch=True)


@given(PHONES, PHONES, st.from_regex(r"[1-8][0-9]{5}", fullmatch=True))
def test_phones_pincodes_and_orders_stay(one: str, other: str, pincode: str) -> None:
    for text in (
        f"{one} {other}",
        f"{one[:5]} {one[5:]} {pincode}",
        f"{one[:5]} {one[5:]}\n{other[:5]} {other[5:]}",
        f"+91 {one}, 0{other}, 91{one}",
        f"00 91 {one} {pincode}",
        f"Flat 4, 2nd floor, MG Road, Pune {pincode}, ph {one}",
        f"order #{one[:5]} otp not received, order {pincode} also",
        f"otp for #{one[:5]}?",
        f"pin {pincode}, pincode {pincode}, pin code: {pincode}",
        f"UPI ref {one}12, of ₹{pincode}.00 on 21/09/2026 at 10:45",
    ):
        assert without_card_data(text) == text


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True), st.sampled_from(["", " ", "-"]))
def test_a_number_with_a_plus_is_a_phones(number: str, between: str) -> None:
    text = f"call {number[:3]}{between}{number[3:]}"
    assert without_card_data(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my card 4111 1111 1111 1111 cvv 123", f"my card {CARD} cvv {CODE}"),
        ("4111-1111-1111-1111 12/27 123", f"{CARD} 12/27 {CODE}"),
        ("card4111111111111111cvv123", f"card{CARD}cvv{CODE}"),
        ("CVV: 123, cvc is 4567", f"CVV: {CODE}, cvc is {CODE}"),
        ("OTP is 482113", f"OTP is {CODE}"),
        ("the otp for my card is 482 113.", f"the otp for my card is {CODE}."),
        ("482113 is your one-time password", f"{CODE} is your one-time password"),
        ("Use 4821 as OTP", f"Use {CODE} as OTP"),
        ("upi pin 1234", f"upi pin {CODE}"),
        ("ATM pin code is 1234", f"ATM pin code is {CODE}"),
        ("1234 is my atm pin", f"{CODE} is my atm pin"),
        ("OTP 482113 Rs 500 at Munshi", f"OTP {CODE} Rs 500 at Munshi"),
        ("OTP: 482113 Rs.500, ₹ 500", f"OTP: {CODE} Rs.500, ₹ 500"),
        ("otp no 482113", f"otp no {CODE}"),
        ("41111111-11111111", CARD),
        ("411111 1111111111", CARD),
        ("41111 11111 111111", CARD),
        ("4111/1111/1111/1111", CARD),
        ("4111,1111,1111,1111", CARD),
        ("4111_1111_1111_1111", CARD),
        ("3782/822463/10005", CARD),
        ("4111    1111    1111    1111", CARD),
        ("4111/1111/1111/1111/12/27/123", f"{CARD}/12/27/{CODE}"),
        ("one-time pin 482113", f"one-time pin {CODE}"),
        ("ओटीपी ४८२११३", f"ओटीपी {CODE}"),
        ("OTP (one time password) - 482113", f"OTP (one time password) - {CODE}"),
    ],
)
def test_codes_that_a_word_names_are_taken_out(text: str, kept: str) -> None:
    assert without_card_data(text) == kept
    assert without_card_data(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "12 MG Road, opp. HDFC ATM pin code 560034",
        "near SBI ATM Pin-560034",
        "Shop 4, ATM PIN: 411001",
        "Shop 4, ATM PIN: 411 001",
        "560034 is the ATM pin code",
        "no otp, 500 g kaju",
        "I got no otp 500 rupees was cut",
        "it is not otp 4821",
        "otp, 500 g kaju and 250 gm elaichi",
        "otp? 2500 rs gone, otp: 2500 ₹, otp ₹2500",
        "10034 is otp order",
        "10034 is not my otp",
        "landlines 41111111 11111111",
        "41111111  11111111",
        "41111111/11111111",
        "36,22,72,06,27,16,67",
        "36/22/72/06/27/16/67",
        "411001 9812345600",
        "65432 10987 560006",
        "4111, 1111, 1111, 1111",
        "4111\n1111\n1111\n1111",
        "4111\r\n1111\r\n1111\r\n1111",
    ],
)
def test_what_people_honestly_write_stays(text: str) -> None:
    assert without_card_data(text) == text


def test_every_text_number_and_key_of_json_but_no_id() -> None:
    card = CARDS["Visa"]
    spelled = "".join(f"\\u{ord(digit):04x}" for digit in card)
    body = {
        "id": card, "wa_id": "919812345601", "from": card, "phone_number_id": card, "payload": card,
        "text": {"body": f"pay by {card}"}, "list": [{"caption": card, "n": int(card)}], card: True,
        "nfm_reply": {"response_json": f'{{"card": "{spelled}", "pin": "560001"}}'},
        "broken": {"response_json": f"{{{card}"}, "amount": 4999, "yes": True, "none": None,
    }  # fmt: skip
    kept = json_without_card_data(body)
    assert {name: kept[name] for name in ("id", "from", "phone_number_id", "payload", "wa_id")} == {
        name: body[name] for name in ("id", "from", "phone_number_id", "payload", "wa_id")
    }
    assert (kept["text"], kept["list"]) == ({"body": f"pay by {CARD}"}, [{"caption": CARD, "n": CARD}])
    assert (kept[CARD], kept["amount"], kept["yes"], kept["none"]) == (True, 4999, True, None)
    assert json.loads(kept["nfm_reply"]["response_json"]) == {"card": CARD, "pin": "560001"}
    assert kept["broken"] == {"response_json": f"{{{CARD}"}


@pytest.mark.parametrize("key", ["abcd1otp-1234-1zjmxiv", "otp12345-27-4", "4111111111111111-27-4"])
def test_what_names_an_order_stays_and_what_a_payer_wrote_beside_it_does_not(key: str) -> None:
    """A key is random letters and digits, so it may hold `otp` and a number, or look like a card."""
    link = {
        "id": "plink_Ra7RmPd8KyWe33", "reference_id": f"{key}.2", "short_url": f"https://rzp.io/{key}",
        "callback_url": f"https://shop.example/{key}", "notes": {ORDER_NOTE: key},
    }  # fmt: skip
    order = {"id": "order_Ra7SgHj5NcVu02", "receipt": f"{key}.2", "notes": {ORDER_NOTE: key}}
    refund = {"id": "rfnd_Rb1XcVn4MqTy55", "receipt": key, "notes": {REFUND_NOTE: key}}
    payload = {"payment_link": {"entity": link}, "order": {"entity": order}, "refund": {"entity": refund}}
    body = {"event": "payment_link.paid", "payload": payload}
    assert json_without_card_data(body) == body
    assert read(json_without_card_data(body)).order_key == key
    link["notes"] = {ORDER_NOTE: key, "gift": "otp 482113"}
    link["description"] = "cvv 123"
    kept = json_without_card_data(body)["payload"]["payment_link"]["entity"]
    assert kept["notes"] == {ORDER_NOTE: key, "gift": f"otp {CODE}"}
    assert kept["description"] == f"cvv {CODE}"


def test_what_is_nested_without_end_is_cut() -> None:
    deep: Any = "4111111111111111"
    for _ in range(200):
        deep = [{"a": deep}]
    assert "4111" not in json.dumps(json_without_card_data(deep))


def test_a_long_text_takes_no_time() -> None:
    cards = ("4", "4 ", "4/", "4,", "4111,", "4    ", "4111 ", "4111 1111 1111 1112 ", "+")
    for piece in (*cards, "otp ", "otp is ", "cvv (", "is as otp"):
        assert without_card_data(piece * 50_000) is not None


@given(st.text("0123456789", min_size=1, max_size=24))
def test_what_is_called_a_card_passes_the_check(digits: str) -> None:
    assert not is_card(digits) or (luhn(digits) and 14 <= len(digits) <= 19)
