"""What goes wrong on a shop's day: slots that fill or end, and hours that change."""

from typing import Final

import pytest

from payments.ledger.state import PaymentStatus
from payments.processing.changes import ChangeSet
from payments.shop import quotas
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from payments.shop.quotas import Booking
from tests.payments.day_shop import SECTIONS, Day, words

LUNCH: Final = "slot:2026-01-01.lunch"


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
