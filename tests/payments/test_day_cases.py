"""What goes wrong on a shop's day: prices, coupons, slots and addresses that change before the order."""

import re
from dataclasses import replace
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.ledger.state import PaymentStatus
from payments.processing import views
from payments.processing.actions import SHOP
from payments.processing.changes import ChangeSet
from payments.processing.shop_state import ShopState
from payments.processing.turn import begin
from payments.shop import quotas
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from payments.shop.quotas import Booking
from tests.payments.day_shop import FAR, PUNE, SECTIONS, Day, text_of, words

LUNCH: Final = "slot:2026-01-01.lunch"
DEARER: Final = SECTIONS["products"].replace("price: 120", "price: 130")
ELSEWHERE: Final = "Flat 99, Other Street, Pune 411009"
SLOT: Final = "2026-01-01.lunch"


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


def test_an_address_that_the_summary_did_not_show_gets_no_goods() -> None:
    day = Day(slots="")
    day.review("Veg thali", slot="")
    assert day.api(address=ELSEWHERE) == ["Pay ₹160"]
    assert day.state.to.address == ELSEWHERE
    assert day.taps("Pay now") == ["No: order: changed", "₹120 - ₹0 + ₹40 = ₹160"]


@pytest.mark.parametrize(
    ("items", "said", "reason"),
    [
        ([("kaju", 1)], {"address": FAR, "slot": SLOT}, "below minimum"),
        ([("kaju", 9)], {"address": ELSEWHERE, "slot": SLOT}, "sold out"),
        ([("kaju", 1)], {"address": FAR, "slot": "2026-01-01.brunch"}, "no slot"),
        ([("kaju", 4)], {"address": FAR, "slot": SLOT, "pays": "cash"}, "no cash"),
        ([], {"address": ELSEWHERE, "coupon": "OLD9"}, "unknown"),
        ([], {"address": ELSEWHERE, "note": "x" * 600}, "too long"),
        ([("kaju", 1)], {"address": ELSEWHERE, "pickup": True}, "no slot"),
        ([("cake", 1)], {"address": ELSEWHERE}, "unknown"),
    ],
)
def test_a_request_that_is_refused_leaves_cart_and_checkout_as_they_were(
    items: list[tuple[str, int]], said: dict[str, str | bool], reason: str
) -> None:
    day = Day()
    day.review("Veg thali", slot="Today, Lunch" if "slot" in said else "")
    before = day.conversation.data
    day.api(*items, **said)
    assert (day.refusal, day.orders) == (reason, {})
    assert day.conversation.data == before


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
    assert day.staff("cancel") == ["Stage cancelled by Meena, back ₹148"]
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
    assert [row for row in other.offered() if "Lunch" in row] == ["Tomorrow, Lunch"]
    assert words(day.pay()) == ["Paid"]


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


def test_a_late_payment_takes_no_place_that_another_takes_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = Day()
    day.review("Veg thali")
    day.typed("first10")
    day.taps("Pay now")
    day.lapses()
    stored: list[Booking] = []
    save = day.store.save

    def saving(changes: ChangeSet) -> None:
        stored.extend(changes.bookings)
        save(changes)

    monkeypatch.setattr(day.store, "save", saving)
    assert day.pays_late() == ["Paid"]
    limits = {booking.name: booking.limit for booking in stored}
    assert limits == {LUNCH: 2, "coupon:FIRST10": None}, "money that came is honoured for a coupon only"


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
    assert day.offered() == ["Today, Lunch", "Today, Dinner"]


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


# Two orders


def two_orders(**changed: str) -> Day:
    """The first is paid and to be delivered; the second lapsed, and the chat is about it."""
    day = Day(**changed)
    day.review("Veg thali")
    day.taps("Pay now")
    day.pay()
    day.review("Kaju katli")
    day.taps("Pay now")
    day.lapses()
    assert [order.lapsed for order in day.orders.values()] == [False, True]
    return day


def test_cancel_order_means_the_order_that_is_under_way() -> None:
    day = two_orders(cancel="cancel: {before: out}")
    first, second = day.orders
    assert day.typed("cancel order")[0] == "Stage cancelled by customer, back ₹160"
    assert day.state.key == first
    assert day.state.lifecycle is Lifecycle.RETURNED
    assert day.orders[second].lapsed


def test_an_order_that_can_be_paid_goes_before_an_older_one() -> None:
    day = Day(cancel="cancel: {before: out}")
    day.review("Veg thali")
    day.taps("Cash")
    first = day.state
    day.review("Kaju katli")
    day.taps("Pay now")
    second = day.state.key
    day.typed("cancel order")
    assert (day.state.key, day.state.lifecycle) == (second, Lifecycle.RETURNED)
    assert day.orders[first.key] == first
    day.typed("cancel order")
    assert day.orders[first.key].lifecycle is Lifecycle.RETURNED, "the next one is meant then"


def test_a_refused_cancel_is_about_the_order_that_it_was_refused_for() -> None:
    day = two_orders(cancel="cancel: {before: accepted}")
    first, _ = day.orders
    day.staff("stage", "out", first)
    assert day.typed("cancel order") == ["No: order: too late"]
    assert day.state.key == first


def test_what_an_order_says_of_cancelling_is_what_happens() -> None:
    day = Day(cancel="")
    day.review("Veg thali")
    day.taps("Pay now")
    day.lapses()
    shown = views.of(shop_state(day), day._flow.statics["en"])["order"]
    assert shown["can_cancel"] is True
    assert day.typed("cancel order") == ["Stage cancelled by customer"]


def shop_state(day: Day) -> ShopState:
    """The state that the next step of the chat begins with."""
    return begin(day._flow, day.store.given(day.conversation.id, []), day.now).shop


def test_a_button_rates_the_order_that_its_message_was_about() -> None:
    text = re.sub('stage: "Stage .*"', lambda _: _STARS, text_of())
    text = text.replace(
        "  cancel_it:", '  rate: {do: {order.rate: "{{ event.value }}"}, say: thanks}\n  cancel_it:'
    )
    day = Day()
    day._flow = load(text, "day.yaml", SHOP, limits=LIMITS)
    day.review("Veg thali")
    day.taps("Cash")
    first = day.state.key
    day.staff("stage", "delivered cash")
    [stars] = [say.message.replies for say in day.said if say.name == "stage"]
    day.review("Kaju katli")
    day.taps("Cash")
    assert day.state.key != first
    assert words(day.tap_reply(stars[0].id, "Good")) == ["Thanks"]
    assert (day.orders[first].rating, day.state.rating) == (5, None)
    assert words(day.tap_reply(stars[1].id, "Bad")) == ["No: order: rated before"]
    forged = stars[0].id.replace(first, "sim-77-1abcdefghij")
    assert words(day.tap_reply(forged, "Good")) == ["No: order: not delivered"]


_STARS = """thanks: Thanks
  stage:
    text: "Stage {{ event.stage }} by {{ event.by }}"
    buttons:
      - {on: rate, with: "{{ order.key }} 5", title: Good}
      - {on: rate, with: "{{ order.key }} 1", title: Bad}"""
