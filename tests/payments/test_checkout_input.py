"""What may be said about an order by mistake or in bad faith, and chats that are joined or fail."""

from dataclasses import replace
from typing import Final

import orjson
import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine import conversation as conversations
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.processing.checkout_changes import joined, say
from payments.processing.quoting import Quote
from payments.processing.shop_state import ShopState
from payments.processing.step_input import EventKind, StepInput
from payments.processing.turn import begin
from payments.shop.checkout import Checkout, CheckoutFault
from payments.shop.order_terms import Fulfilment
from payments.shop.orders import Lifecycle
from payments.shop.pincodes import with_pincode
from tests.payments.day_shop import PUNE, Day, text_of, words

LUNCH: Final = "slot:2026-01-01.lunch"


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("2026-01-01.breakfast", "no slot"),
        ("2026-01-03.lunch", "no slot"),
        ("2025-12-31.lunch", "slot over"),
        ("0001-01-01.lunch", "no slot"),
        ("9999-12-31.lunch", "no slot"),
        ("2026-02-30.lunch", "no slot"),
        ("२०२६-०१-०१.lunch", "no slot"),
        ("2026-01-01.lunch\0", "no slot"),
        (".", "no slot"),
        ("2026-01-01.lunch.lunch", "no slot"),
        ("x" * 5000, "no slot"),
    ],
)
def test_a_forged_slot_is_refused(slot: str, reason: str) -> None:
    day = Day()
    day.api(("thali", 1), address=PUNE, slot=slot)
    assert (day.refusal, day.parked) == (reason, [])
    day.offered()
    place = day.said[-1].message.replies[0].id.split("|")[0]
    day.tap_reply(f"{place}|slot|{slot}"[:2000])
    assert not day.parked
    assert day.conversation.data["checkout"].get("slot") is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("x", "too short"),
        ("\u200d" * 30 + "Pune 1", "too short"),
        ("Flat 4, Lake Road, Pune", "no pincode"),
        ("is it without eggs?", "a question"),
        ("Flat 4, Lake Road? Pune", "no pincode"),
        ("Flat 4, Lake Road, Pune 400001", "not served"),
        ("x" * 10_000 + " 411005", "too long"),
        ("😀" * 501 + " 411005", "too long"),
        ("\0" * 600, "too short"),
    ],
)
def test_an_address_that_cannot_be_used(address: str, reason: str) -> None:
    day = Day()
    assert day.api(("thali", 1), address=address, slot="2026-01-01.lunch") == [f"No: address: {reason}"]
    assert "checkout" not in day.conversation.data
    assert "cart" not in day.conversation.data
    assert not day.parked


def test_an_address_is_kept_as_it_can_be_written() -> None:
    day = Day()
    written = "Flat 4\0,\n Lake\x07 Road\t😀, क\u200dष Pune\u00a0411005"
    day.api(("thali", 1), address=written, slot="2026-01-01.lunch", note="no\0 nuts\nplease")
    assert day.state.to.address == "Flat 4, Lake Road 😀, क\u200dष Pune 411005"
    assert day.state.to.note == "no nuts\nplease"


def test_a_note_that_is_too_long_is_refused_and_not_cut() -> None:
    day = Day()
    assert day.api(("thali", 1), address=PUNE, note="no nuts " * 100) == ["No: note: too long"]


@pytest.mark.parametrize("code", ["", "  ", "ｆｉｒｓｔ１０", "First\u200b-10 🎉", "first 10"])
def test_a_code_is_found_however_it_is_typed(code: str) -> None:
    day = Day()
    day.api(("thali", 1), address=PUNE, slot="2026-01-01.lunch", coupon=code)
    assert day.state.order.terms.coupon == ("FIRST10" if code.strip() else "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("NOPE", "unknown"),
        ("🎉", "unknown"),
        ("\0", "unknown"),
        ("x" * 5000, "unknown"),
        ("GIFT", "not for these"),
    ],
)
def test_a_code_that_cannot_be_used(code: str, reason: str) -> None:
    day = Day()
    answer = day.api(("thali", 1), address=PUNE, slot="2026-01-01.lunch", coupon=code)
    assert answer == [f"No: coupon: {reason}"]
    assert not day.orders


def test_who_fetches_the_goods_may_give_an_address() -> None:
    day = Day()
    day.api(("thali", 1), pickup=True, address=PUNE, slot="2026-01-01.lunch")
    assert (day.state.to.how, day.state.to.address, day.state.order.delivery) == ("pickup", "", 0)


@pytest.mark.parametrize("wanted", ["no", "false", "", 0, None])
def test_only_yes_is_a_wish_to_fetch_the_goods(wanted: object) -> None:
    day = Day()
    day.api(("thali", 1), address=PUNE, slot="2026-01-01.lunch", pickup=wanted)
    assert day.state.to.how is Fulfilment.DELIVERY


def test_a_second_use_of_one_customer_is_refused_while_the_first_is_paid() -> None:
    day = Day()
    day.api(("thali", 1), address=PUNE, slot="2026-01-01.lunch", coupon="FIRST10")
    day.pay()
    answer = day.api(("thali", 1), slot="2026-01-01.lunch", coupon="FIRST10")
    assert answer == ["No: coupon: used"]


def test_a_second_use_of_an_order_that_the_next_one_ends_is_the_same_use() -> None:
    day = Day()
    day.api(("thali", 1), address=PUNE, slot="2026-01-01.lunch", coupon="FIRST10")
    day.api(("thali", 2), slot="2026-01-01.lunch", coupon="FIRST10")
    assert (day.state.order.goods, day.taken) == (24_000, {LUNCH: 1, "coupon:FIRST10": 1})


def test_a_cart_at_its_limits_is_ordered() -> None:
    day = Day(cash="", products="products: [{sku: thali, name: Gold, price: 1000000000}]")
    day.api(("thali", 99), address=PUNE, slot="2026-01-01.lunch")
    assert day.state.order.total == 99 * 10**11


def test_what_is_paid_or_on_its_way_is_for_a_person() -> None:
    day = Day(cancel="")
    assert day.typed("cancel order") == ["No: order: nothing to cancel"]
    day.review("Veg thali")
    day.taps("Pay now")
    day.allow()
    assert day.typed("cancel order") == ["No: order: too late"]
    day.pay()
    assert day.typed("cancel order") == ["No: order: too late"]


# Conversations


def test_a_joined_chat_keeps_what_was_said_and_how_often_coupons_were_used() -> None:
    mine, other = Day(), Day()
    other.review("Veg thali")
    other.typed("first10")
    other.taps("Cash")
    other.review("Kaju katli")
    before = other.conversation
    snapshot = orjson.dumps(conversations.to_json(replace(before, id="sim-7"))).decode()
    mine._take(EventKind.JOINED, {"conversation": "sim-7", "heard_last": False, "snapshot": snapshot})
    data = mine.conversation.data
    assert data["checkout"] == before.data["checkout"]
    assert (data["coupons"], data["cart"]) == ({"FIRST10": 1}, [["kaju", 1]])
    said = mine.api(coupon="FIRST10")
    assert said == ["No: coupon: used"]


def test_what_the_surviving_chat_has_said_goes_before_what_the_other_has() -> None:
    mine, other = Day(), Day()
    mine.review("Veg thali")
    other.review("Veg thali", address="House 1, Old Road, Pune 411009")
    checkout = mine.conversation.data["checkout"]
    snapshot = orjson.dumps(conversations.to_json(replace(other.conversation, id="sim-7"))).decode()
    mine._take(EventKind.JOINED, {"conversation": "sim-7", "heard_last": True, "snapshot": snapshot})
    assert mine.conversation.data["checkout"] == checkout


def test_of_who_is_forgotten_nothing_stays_that_they_said() -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    day.pay()
    day.staff("stage", "delivered")
    day.write("menu")
    day.review("Kaju katli")
    day._take(EventKind.FORGET, {"by": "operator"})
    assert day.conversation.data == {"orders": 1}
    assert day.taken == {LUNCH: 1, "coupon:FIRST10": 1}, "of its uses, that one is gone"
    day.store.forgotten.clear()
    day.review("Kaju katli")
    assert day.typed("first10") == ["₹260 - ₹26 + ₹40 = ₹274"], "and nobody knows whose it was"


def test_an_order_whose_rule_fails_takes_no_place_and_is_placed_once_when_it_is_replayed() -> None:
    day = Day()
    day.review("Veg thali")
    told, day._flow = day._flow, failing()
    tap = next(reply.id for reply in day.said[-1].message.replies if reply.title == "Cash")
    day.tap_reply(tap, "Cash")
    assert day.parked
    assert (day.orders, day.taken) == ({}, {})
    day._flow = told
    assert words(day.tap_reply(tap, "Cash")) == ["Ordered, ₹160 in cash"]
    assert (len(day.orders), day.taken) == (1, {LUNCH: 1})


def failing() -> Flow:
    """The flow with a message that cannot be filled in."""
    text = text_of().replace('placed: "Ordered,', 'placed: "{{ 1 // (order.total - order.total) }} Ordered,')
    return load(text, "day.yaml", SHOP, limits=LIMITS)


def test_cash_that_is_not_taken_places_no_order() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    first = day.state
    day.review("Kaju katli")
    day.typed("first10")
    day.becomes(cash="cash: {up_to: 100}")
    before, number, calls = day.conversation.data, day.store.next_number, len(day.store.calls)
    assert day.taps("Cash") == ["No: order: no cash"]
    assert day.orders == {first.key: first}, "the earlier order can still be paid"
    assert (day.conversation.data, day.store.next_number, len(day.store.calls)) == (before, number, calls)
    assert day.taken == {LUNCH: 1}
    assert day.taps("Pay now") == ["Pay ₹382"]


def test_an_order_that_was_placed_before_keeps_no_goods_when_no_cash_is_taken_for_it() -> None:
    day = Day()
    day.review("Kaju katli")
    text = text_of(cash="cash: {up_to: 100}").replace(
        "cash: {do: [order.place, payment.cash, cart.settle], say", "cash: {do: order.place, say"
    )
    day._flow = load(
        text.replace("renew:", "cod: {words: [cod], do: payment.cash}\n  renew:"),
        "day.yaml",
        SHOP,
        limits=LIMITS,
    )
    day.taps("Cash")
    assert day.typed("cod") == ["No: order: no cash"]
    assert (day.state.lifecycle, day.taken, day.left["kaju"]) == (Lifecycle.LAPSED, {}, 5)
    assert day.typed("pay") == ["Pay ₹300"]
    assert (day.state.lifecycle, day.taken, day.left["kaju"]) == (Lifecycle.OPEN, {LUNCH: 1}, 4)


def test_a_program_gets_an_order_in_cash_or_none() -> None:
    day = Day(cash="cash: {up_to: 100}")
    answer = day.api(("kaju", 1), address=PUNE, slot="2026-01-01.lunch", pays="cash")
    assert (answer, day.orders) == (["No: order: no cash"], {})


def _said(state: ShopState, **said: str) -> ShopState | CheckoutFault:
    return say(state, said, "en")


def _of_the_form(**more: str) -> ShopState:
    day = Day()
    given = StepInput(day.conversation, (), "abcdefghij")
    found = _said(begin(day._flow, given, day.now).shop, address=PUNE, name="Granny  Rao", **more)
    assert isinstance(found, ShopState)
    return found


def test_who_takes_the_goods_goes_with_the_address() -> None:
    found = _of_the_form(phone="98111 12222")
    assert (found.checkout.name, found.checkout.phone) == ("Granny Rao", "+919811112222")
    to = Quote(found, "en").destination
    assert (to.name, to.phone, to.recipient) == ("Granny Rao", "+919811112222", "Granny Rao +919811112222")
    other = _said(found, address=PUNE)
    assert isinstance(other, ShopState)
    assert (other.checkout.name, other.checkout.phone) == ("", "")
    picked_up = _said(found, pickup="true")
    assert isinstance(picked_up, ShopState)
    assert Quote(picked_up, "en").destination.recipient == "", "who fetches the goods is the customer"


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("name", "x" * 101, "too long"),
        ("phone", "call me", "no phone number"),
        ("phone", "12", "no phone number"),
    ],
)
def test_a_name_or_number_that_is_none_is_refused(field: str, text: str, reason: str) -> None:
    found = _said(_of_the_form(), **{field: text})
    assert isinstance(found, CheckoutFault)
    assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize(
    ("before", "given", "address"),
    [
        ("", "411005", "411005"),
        ("411004", "pin 411005", "pin 411005"),
        ("Flat 4, Lake Road, Pune", "411005", "Flat 4, Lake Road, Pune, 411005"),
        ("Flat 4, Lake Road, Pune ,", "Pincode: 411 005.", "Flat 4, Lake Road, Pune, 411005"),
        ("Flat 4, Lake Road ४००००१ Pune", "पिनकोड ४११००५", "Flat 4, Lake Road 411005 Pune"),
        ("Flat 4, call 98123 45671", "411005", "Flat 4, call 98123 45671, 411005"),
        ("Flat 4, Lake Road, Pune", "House 7, Hill Road 411005", "House 7, Hill Road 411005"),
        ("411004", "House 7, Hill Road", "House 7, Hill Road, 411004"),
        ("411004", "House 7, Hill Road 411005", "House 7, Hill Road 411005"),
        ("Flat 4, Lake Road, Pune", "1100051", "1100051"),
    ],
)
def test_a_pincode_alone_is_joined_to_the_address(before: str, given: str, address: str) -> None:
    assert joined(Checkout(unfinished=before), given) == address


def test_a_pincode_alone_changes_the_address_that_was_taken() -> None:
    assert joined(Checkout(address=PUNE, pincode="411004"), "411006") == with_pincode(PUNE, "411006")


def test_a_program_gives_an_address_of_its_own() -> None:
    """What a customer left unfinished is not put into an order that a program asks for."""
    day = Day()
    day.offered()
    kept = day.conversation.data.get("checkout", {})
    day.conversation = replace(
        day.conversation, data={**day.conversation.data, "checkout": {**kept, "unfinished": "411005"}}
    )
    day.api(("thali", 1), address="Flat 4, Lake Road, Pune", slot="2026-01-01.lunch")
    assert day.refusal == "no pincode"
