"""What goes wrong on a shop's day: addresses that change, and areas that the shop gives up."""

from typing import Final

import pytest

from tests.payments.day_shop import FAR, PUNE, Day, words

ELSEWHERE: Final = "Flat 99, Other Street, Pune 411009"


def test_pincode_in_devanagari() -> None:
    day = Day()
    day.review("Veg thali", address="फ्लॅट ४, तलाव रस्ता, पुणे ४११ ००५")
    day.taps("Cash")
    assert (day.state.to.pincode, day.state.order.delivery) == ("411005", 4_000)


def test_address_changed_same_area() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Cash")
    day.staff("address", "House 7, Lake Road, Pune 411006")
    assert (day.state.to.pincode, day.state.owed) == ("411006", 16_000)
    assert day.state.order.to.pincode == "411005", "the order itself stays as it was placed"
    assert day.state.to.slot == day.state.order.to.slot


def test_address_to_dearer_area() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Cash")
    day.staff("address", FAR)
    assert (day.state.to.address, day.state.amendments) == (PUNE, ())
    assert "another price" in day.results[-1].trace[0]["refused"]


def test_address_after_out() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Cash")
    day.staff("stage", "out")
    day.staff("address", "House 7, Lake Road, Pune 411006")
    assert (day.state.to.address, day.state.amendments) == (PUNE, ())


def test_area_shrinks_after_payment() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    day.pay()
    day.becomes(areas="areas: [{pincodes: [411031-411044], fee: 80}]")
    assert day.staff("stage", "out") == ["Stage out by Meena"]
    assert day.state.to.address == PUNE


def test_a_note_of_the_staff_is_not_told_and_a_new_address_is() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Cash")
    assert day.staff("note", "ring twice, rude customer") == []
    assert day.state.to.note == "ring twice, rude customer"
    day.staff("address", ELSEWHERE)
    entries = [entry for entry in day.results[-1].trace if entry.get("event") == "order.amended"]
    assert len(entries) == 1
    assert words([day.said[-1].message]) == ["Missing : ₹0 less, ₹0 back"]


MORE_AREAS = """areas:
      - {pincodes: [411001-411005], fee: 40, free_from: 500}
      - {pincodes: 411006, fee: 40, free_from: 100}
      - {pincodes: 411007, fee: 40, free_from: 500, minimum: 300}
      - {pincodes: 411008, fee: 40, free_from: 500, cash: false}
      - {pincodes: 411009, fee: 40, free_from: 500}"""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("Flat 9, Other Street, Pune 411006", "another price"),
        ("Flat 9, Other Street, Pune 411007", "must come to ₹300 at least"),
        ("Flat 9, Other Street, Pune 411008", "no cash is taken there"),
        ("Flat 9, Other Street, Pune 999999", "does not deliver there"),
        ("Flat 9, Other Street, Pune", "has no pincode"),
        ("x" * 490 + " Pune 411009", "too long"),
        ("", "say the new address"),
    ],
)
def test_an_address_that_the_order_cannot_go_to_at_its_price_is_refused(address: str, said: str) -> None:
    day = Day(areas=MORE_AREAS)
    day.review("Veg thali")
    day.taps("Cash")
    before = day.state
    day.staff("address", address)
    assert said in day.results[-1].trace[0]["refused"]
    assert day.state == before
    day.staff("address", ELSEWHERE)
    assert day.state.to.address == ELSEWHERE


def test_an_order_again_keeps_what_the_cart_holds() -> None:
    day = Day()
    day.review("Kaju katli", "Kaju katli")
    day.taps("Cash")
    day.review("Veg thali", "Kaju katli")
    day.typed("repeat")
    assert day.conversation.data["cart"] == [["thali", 1], ["kaju", 2]]
    day.typed("repeat")
    assert day.conversation.data["cart"] == [["thali", 1], ["kaju", 2]], "twice is once"
