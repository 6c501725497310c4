"""What goes wrong on a shop's day: prices, coupons, slots and addresses that change before the order."""

from dataclasses import replace
from typing import Final

import orjson
import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine import conversation as conversations
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger.state import PaymentStatus
from payments.processing.actions import SHOP
from payments.processing.step_input import EventKind
from payments.shop import quotas
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from tests.payments.day_shop import FAR, PUNE, SECTIONS, Day, text_of, words

LUNCH: Final = "slot:2026-01-01.lunch"
DEARER: Final = SECTIONS["products"].replace("price: 120", "price: 130")


# Price, cart


def test_price_rises_between_summary_and_order() -> None:
    day = Day()
    day.review("Veg thali")
    day.becomes(products=DEARER)
    assert day.taps("Pay now") == ["No: order: changed", "₹130 - ₹0 + ₹40 = ₹170"]
    assert not day.orders
    assert day.taps("Pay now") == ["Pay ₹170"]


def test_price_rises_after_the_order() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    day.becomes(products=DEARER)
    assert words(day.pay()) == ["Paid"]
    assert (day.state.order.total, day.state.status) == (16_000, PaymentStatus.PAID)


@pytest.mark.parametrize(
    "change",
    [
        {"areas": SECTIONS["areas"].replace("fee: 40", "fee: 50")},
        {"coupons": SECTIONS["coupons"].replace("percent: 10,", "percent: 20,")},
    ],
)
def test_a_fee_or_a_coupon_changes_between_summary_and_order(change: dict[str, str]) -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first-10")
    day.becomes(**change)
    assert day.taps("Pay now")[0] == "No: order: changed"


def test_another_language_is_not_another_price() -> None:
    day = Day()
    assert day.review("Veg thali") == ["₹120 - ₹0 + ₹40 = ₹160"]
    day.conversation = replace(day.conversation, language="hi")
    assert day.taps("Pay now") == ["Pay ₹160"]
    assert day.state.order.lines[0].name == "थाली"


def test_the_same_goods_in_another_order_are_not_another_price() -> None:
    day = Day()
    day.review("Veg thali", "Gift box")
    day.conversation.data["cart"].reverse()
    assert day.taps("Pay now") == ["Pay ₹309.50"]


def test_a_program_orders_at_its_price_and_the_old_summary_orders_nothing_else() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    assert day.api(("kaju", 2)) == ["Pay ₹520"]
    first = day.state.key
    assert day.taps("Pay now") == ["No: order: changed", "₹520 - ₹0 + ₹0 = ₹520"]
    assert day.state.key == first
    assert day.api() == ["Pay ₹520"], "what the cart holds, at the price shown last"


def test_a_program_that_orders_the_cart_as_it_is_relies_on_the_price_shown_last() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    day.becomes(slots="", products=DEARER)
    assert day.api() == ["No: order: changed", "₹130 - ₹0 + ₹40 = ₹170"]
    assert day.api(note="now") == ["Pay ₹170"], "a program that says more does not"


def test_size_removed_while_in_cart() -> None:
    day = Day()
    day.review("Veg thali", "Kaju katli")
    day.becomes(products=SECTIONS["products"].replace("sku: kaju,", "sku: barfi,"))
    assert day.taps("Pay now") == ["No: order: sold out"]
    assert day.conversation.data["cart"] == [["thali", 1]]
    assert day.taps("Pay now") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]


def test_coupon_makes_it_free() -> None:
    day = Day()
    day.review("Kaju katli", "Kaju katli", address="Flat 4, Lake Road, Pune 411005")
    day.typed("all")
    assert day.taps("Pay now") == ["No: order: too small"]
    assert not day.orders


def test_coupon_never_costs_free_delivery() -> None:
    day = Day()
    assert day.review("Kaju katli", "Kaju katli") == ["₹520 - ₹0 + ₹0 = ₹520"]
    assert day.typed("twice") == ["₹520 - ₹50 + ₹0 = ₹470"]


# Coupon


def test_last_use_by_two_at_once() -> None:
    day = Day()
    day.store.taken = {"coupon:TWICE": 1}
    other = day.beside()
    for one in (day, other):
        one.review("Veg thali")
        assert one.typed("TWICE") == ["₹120 - ₹50 + ₹40 = ₹110"]
    assert day.taps("Cash") == ["Ordered, ₹110 in cash"]
    assert other.taps("Cash") == ["No: coupon: used up"]
    assert other.taps("Cash") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]
    assert other.taps("Cash") == ["Ordered, ₹160 in cash"]
    assert day.taken["coupon:TWICE"] == 2


def test_order_lapses() -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    assert day.taken == {LUNCH: 1, "coupon:FIRST10": 1}
    day.lapses()
    assert day.state.lifecycle is Lifecycle.LAPSED
    assert day.taken == {}
    day.typed("repeat")
    assert day.typed("first10") == ["₹120 - ₹12 + ₹40 = ₹148"], "it can be used again"


def test_whole_order_cancelled() -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    day.pay()
    assert day.taken == {LUNCH: 1, "coupon:FIRST10": 1}
    assert day.staff("cancel") == ["Stage cancelled by Meena", "₹148 goes back"]
    assert day.taken == {}
    assert day.conversation.data.get("coupons") is None


def test_late_payment_after_last_use() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    day.typed("twice")
    day.taps("Pay now")
    day.lapses()
    day.store.taken = {"coupon:TWICE": 2}
    assert day.pays_late() == ["Paid"]
    assert (day.state.lifecycle, day.taken) == (Lifecycle.FULFILLED, {"coupon:TWICE": 3})


def test_a_link_is_not_renewed_after_the_last_use() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    day.typed("twice")
    day.taps("Pay now")
    day.lapses()
    day.store.taken = {"coupon:TWICE": 2}
    day.typed("pay")
    assert day.state.lapsed
    assert day.taken == {"coupon:TWICE": 2}


def test_piece_refunded() -> None:
    day = Day()
    day.review("Veg thali", "Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    day.pay()
    assert day.staff("less", "thali 1 sold out") == ["Missing 1 × Veg thali: ₹108 less, ₹108 back"]
    assert day.taken["coupon:FIRST10"] == 1


def test_coupon_ends_before_payment() -> None:
    day = Day(now="2026-01-01 20:50", slots="", hours="")
    day.review("Veg thali", slot="")
    assert day.typed("old") == ["₹120 - ₹20 + ₹40 = ₹140"]
    day.at("2026-01-01 23:55")
    day.taps("Pay now")
    day.at("2026-01-02 00:05")
    assert words(day.pay()) == ["Paid"]
    assert day.state.order.discount == 2_000


# Slot, hours


def test_last_place_while_paying() -> None:
    day = Day()
    day.store.taken = {LUNCH: 1}
    other = day.beside()
    day.review("Veg thali")
    day.taps("Pay now")
    assert [row for row in titles(other) if "Lunch" in row] == ["Tomorrow, Lunch"]
    assert words(day.pay()) == ["Paid"]


def titles(day: Day) -> list[str]:
    """The slots that the customer is offered."""
    day.write("menu")
    day.tap("Veg thali")
    return [reply.title for message in day.write(PUNE) for reply in message.replies]


def test_two_take_the_last_place() -> None:
    day = Day()
    day.store.taken = {LUNCH: 1}
    other = day.beside()
    for one in (day, other):
        one.review("Veg thali")
    assert day.taps("Cash") == ["Ordered, ₹160 in cash"]
    assert other.taps("Cash") == ["No: slot: slot full"]
    assert day.taken == {LUNCH: 2}


def test_cut_off_passes_while_paying() -> None:
    day = Day()
    day.at("2026-01-01 11:20")
    day.review("Veg thali")
    day.taps("Pay now")
    day.at("2026-01-01 11:35")
    assert words(day.pay()) == ["Paid"]
    assert (day.state.stage, day.taken) == (Stage.PLACED, {LUNCH: 1})


def test_cut_off_passes_between_summary_and_order() -> None:
    day = Day()
    day.review("Veg thali")
    day.at("2026-01-01 11:30")
    assert day.taps("Pay now") == ["No: slot: slot over"]


def test_late_payment_slot_over() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    day.at("2026-01-01 11:40")
    assert day.pays_late() == ["₹160 goes back"]
    assert (day.state.lifecycle, day.taken) == (Lifecycle.RETURNED, {})


def test_late_payment_while_the_next_order_holds_the_last_place() -> None:
    day = Day()
    day.store.taken = {LUNCH: 1}
    day.review("Veg thali")
    day.taps("Pay now")
    first = day.state.key
    day.lapses()
    day.review("Kaju katli")
    day.taps("Pay now")
    assert day.pays_late(first) == ["₹160 goes back"]
    assert day.taken == {LUNCH: 2}


def test_link_renewed_slot_full() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    day.lapses()
    day.store.taken = {LUNCH: 2}
    assert day.typed("pay") == ["No: order: slot full"]
    assert (day.state.lifecycle, day.state.status) == (Lifecycle.LAPSED, PaymentStatus.UNPAID)


def test_link_renewed() -> None:
    day = Day()
    day.review("Veg thali")
    day.taps("Pay now")
    day.lapses()
    assert day.typed("pay") == ["Pay ₹160"]
    assert (day.state.lifecycle, day.taken) == (Lifecycle.OPEN, {LUNCH: 1})


def test_order_20_59_paid_21_05() -> None:
    day = Day(slots="")
    day.at("2026-01-01 20:59")
    day.review("Veg thali", slot="")
    day.taps("Pay now")
    day.at("2026-01-01 21:05")
    assert words(day.pay()) == ["Paid"]
    day.review("Veg thali", slot="")
    assert day.taps("Pay now") == ["No: order: closed"]


def test_holiday_added_over_orders() -> None:
    day = Day()
    day.review("Veg thali", slot="Tomorrow, Lunch")
    day.taps("Cash")
    day.becomes(hours='hours: {mon-sun: "9:00-21:00", closed: 2026-01-02}')
    assert day.staff("stage", "accepted") == ["Stage accepted by Meena"]
    assert day.taken == {"slot:2026-01-02.lunch": 1}
    assert titles(day) == ["Today, Lunch", "Today, Dinner"]


def test_a_slot_is_counted_until_its_cut_off_behind_its_start() -> None:
    late = SECTIONS["slots"].replace('until: "11:30"', 'until: "13:30"')
    day = Day(slots=late)
    day.review("Veg thali")
    day.taps("Cash")
    [taken] = quotas.bookings(day.state.order, 1)
    assert taken.ends > day.state.order.to.slot_starts + 90 * 60_000, "at 13:30 it still takes orders"


def test_slots_that_the_shop_gives_up_block_nobody_who_chose_one() -> None:
    day = Day()
    day.review("Veg thali")
    day.becomes(slots="")
    assert day.taps("Pay now") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]
    assert day.taps("Pay now") == ["Pay ₹160"]
    assert day.state.order.to.slot == ""


def test_areas_that_the_shop_gives_up_leave_pickup() -> None:
    day = Day()
    day.review("Veg thali")
    day.becomes(areas="")
    assert day.taps("Pay now") == ["No: order: changed", "₹120 - ₹0 + ₹0 = ₹120"]
    assert day.taps("Pay now") == ["Pay ₹120"]
    assert (day.state.to.how, day.state.to.address) == ("pickup", "")


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("2026-01-01.breakfast", "no slot"),
        ("2026-01-03.lunch", "no slot"),
        ("2025-12-31.lunch", "slot over"),
        ("0001-01-01.lunch", "slot over"),
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
    titles(day)
    place = day.said[-1].message.replies[0].id.split("|")[0]
    day.tap_reply(f"{place}|slot|{slot}"[:2000])
    assert not day.parked
    assert day.conversation.data["checkout"].get("slot") is None


# Delivery


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


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("x", "too short"),
        ("\u200d" * 30 + "Pune 1", "too short"),
        ("Flat 4, Lake Road, Pune", "no pincode"),
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
    assert day.taken == {LUNCH: 1, "coupon:FIRST10": 1}, "the coupon is used all the same"


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
    text = text_of().replace('placed: "Ordered,', 'placed: "{{ event.missing }} Ordered,')
    return load(text, "day.yaml", SHOP, limits=LIMITS)


def test_an_order_for_which_no_cash_is_taken_keeps_no_goods_and_can_be_paid_online() -> None:
    day = Day()
    day.review("Kaju katli")
    day.becomes(cash="cash: {up_to: 100}")
    assert day.taps("Cash") == ["No: order: no cash"]
    assert (day.state.lifecycle, day.taken, day.left["kaju"]) == (Lifecycle.LAPSED, {}, 5)
    assert day.typed("pay") == ["Pay ₹300"]
    assert (day.state.lifecycle, day.taken, day.left["kaju"]) == (Lifecycle.OPEN, {LUNCH: 1}, 4)


def test_a_program_gets_an_order_in_cash_or_none() -> None:
    day = Day(cash="cash: {up_to: 100}")
    answer = day.api(("kaju", 1), address=PUNE, slot="2026-01-01.lunch", pays="cash")
    assert (answer, day.orders) == (["No: order: no cash"], {})
