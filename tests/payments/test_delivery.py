"""Where the shop delivers, for how much, and which slots can be chosen at a moment."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from flows.document.reader import read
from payments.shop.delivery import Area, Delivery, Slot, area_of, fee_of
from payments.shop.hours import Hours
from payments.shop.local_time import INDIA, local_date
from payments.shop.pincodes import pincode_of
from payments.shop.slots import day_name, slot_name, slot_of, slots_at, why_not
from tests.payments.shop_yaml import issue_of, ms

SHOP = """
areas:
  - {pincodes: [411001-411030, 411045], fee: 40, free_from: 500}
  - {pincodes: [411020-411044, "560 001"], fee: 80, minimum: 300, cash: false, state: 7}
slots:
  - {name: {en: Lunch, hi: दोपहर}, at: "12:00-14:00", until: "10:30", orders: 2}
  - {name: Dinner, at: 19:00-21:00, until: 17:30, days: mon-sat}
ahead: 2 days
pickup: true
"""
HOURS = Hours.model_validate({"mon-sun": "9:00-21:00", "closed": ["2026-11-30"]})


class Section(BaseModel):
    """A `shop:` of a delivery only."""

    delivery: Delivery


def delivery_of(text: str) -> Delivery:
    return Delivery.model_validate(read(text, "shop.yaml").data)


@pytest.mark.parametrize(
    ("address", "pincode"),
    [
        ("12 FC Road, Pune 411004", "411004"),
        ("एफसी रोड, पुणे ४११०३०", "411030"),
        ("Pune ４１１０３０", "411030"),
        ("Pune ৪১১ ০৩০", "411030"),
        ("Pune 411 030", "411030"),
        ("Pune 411\u00a0030", "411030"),
        ("Pune 411\u200d030", "411030"),
        ("Pune-411030.", "411030"),
        ("PIN:411030\nMaharashtra", "411030"),
        ("411030", "411030"),
        ("was 411001, now 411045", "411045"),
        ("411030 Pune, Flat 12", "411030"),
        ("Pune 411030, 9876543210", "411030"),
        ("Pune 411030 98765 43210", "411030"),
        ("Pune 411030, call +91 9876 543210", "411030"),
        ("Pune 411030, +91-98765 43210", "411030"),
        ("Pune 411 030 9876543210", "411030"),
        ("House 12 411 030", "411030"),
        ("House 9876 411030", "411030"),
        ("Flat 5, Lake Road, Pune 411004, 9812 345671", "411004"),
        ("9812 345671, Lake Road, Pune 411 004", "411004"),
        ("9876543210", None),
        ("+919876543210", None),
        ("+91 987 654 3210", None),
        ("987 654 3210", None),
        ("9876 543 210", None),
        ("9876-543210", None),
        ("09876-543210", None),
        ("02172-234567", None),
        ("02172 234 567", None),
        ("Flat 1204, 12 FC Road", None),
        ("House 12345", None),
        ("Plot 1234567", None),
        ("Pune 011030", None),
        ("Pune 411  030", None),
        ("Pune 411\n030", None),
        ("Pune 4110 30", None),
        ("", None),
    ],
)
def test_the_pincode_in_an_address(address: str, pincode: str | None) -> None:
    assert pincode_of(address) == pincode


@given(st.integers(100_000, 999_999), st.sampled_from("0०০૦௦０"), st.booleans())
def test_a_pincode_is_read_in_every_script(code: int, zero: str, apart: bool) -> None:
    digits = "".join(chr(ord(zero) + int(digit)) for digit in str(code))
    written = f"{digits[:3]} {digits[3:]}" if apart else digits
    assert pincode_of(f"12 FC Road, Pune, {written}, India") == str(code)


@given(st.text(st.sampled_from("0123456789 -+\n,Pune०१२"), max_size=40))
def test_what_is_found_is_a_pincode_of_the_text(text: str) -> None:
    found = pincode_of(text)
    if found is not None:
        assert found.isascii()
        assert len(found) == 6
        assert found[0] != "0"
        assert found in "".join(str(int(c)) if c.isdecimal() else "" for c in text)


@pytest.mark.parametrize(
    ("pincode", "fee"),
    [
        ("411001", 4000), ("411030", 4000), ("411045", 4000), ("411031", 8000), ("411044", 8000),
        ("560001", 8000), ("411046", None), ("411000", None),
        ("411020", 4000),  # in both areas: the first counts
    ],
)  # fmt: skip
def test_the_first_area_that_has_the_pincode_counts(pincode: str, fee: int | None) -> None:
    area = area_of(delivery_of(SHOP), pincode)
    assert (area and area.fee) == fee


def test_what_an_operator_writes() -> None:
    near, far = delivery_of(SHOP).areas
    assert (near.minimum, near.cash, near.state, near.free_from) == (0, True, None, 50_000)
    assert (far.minimum, far.cash, far.state, far.free_from) == (30_000, False, "07", None)
    assert delivery_of("{pickup: true}") == Delivery(pickup=True)
    assert delivery_of("{pickup: true}").ahead == 1
    assert delivery_of("{areas: [{pincodes: 411001, fee: 0}], ahead: 0 days}").ahead == 0


@pytest.mark.parametrize(("goods", "fee"), [(1, 4000), (49_999, 4000), (50_000, 0), (50_001, 0)])
def test_delivery_is_free_from_an_amount(goods: int, fee: int) -> None:
    area = area_of(delivery_of(SHOP), "411001")
    assert fee_of(area, goods) == fee
    assert fee_of(None, goods) == 0
    assert fee_of(Area.model_validate({"pincodes": 411001, "fee": 40}), goods) == 4000


def ids(now: str, taken: dict[str, int] | None = None, hours: Hours | None = HOURS) -> list[str]:
    return [choice.id for choice in slots_at(delivery_of(SHOP), hours, INDIA, ms(now), taken or {})]


def test_slots_of_today_and_the_days_ahead() -> None:
    # 2026-11-28 is a Saturday, Dinner has no Sunday, and the 30th is closed.
    assert ids("2026-11-28 10:29") == ["2026-11-28.lunch", "2026-11-28.dinner", "2026-11-29.lunch"]
    assert ids("2026-11-28 10:30") == ["2026-11-28.dinner", "2026-11-29.lunch"]
    assert ids("2026-11-28 17:30") == ["2026-11-29.lunch"]
    assert ids("2026-11-28 17:30", hours=None) == [
        "2026-11-29.lunch", "2026-11-30.lunch", "2026-11-30.dinner",
    ]  # fmt: skip
    weekdays = Hours.model_validate({"mon-fri": "9:00-21:00"})
    assert ids("2026-11-28 08:00", hours=weekdays) == ["2026-11-30.lunch", "2026-11-30.dinner"]


def test_a_full_slot_is_not_offered() -> None:
    taken = {"2026-11-28.lunch": 2, "2026-11-29.lunch": 1, "2026-11-28.dinner": 500}
    assert ids("2026-11-28 08:00", taken) == ["2026-11-28.dinner", "2026-11-29.lunch"]
    (dinner, lunch) = slots_at(delivery_of(SHOP), HOURS, INDIA, ms("2026-11-28 08:00"), taken)
    assert (dinner.left, lunch.left) == (None, 1)
    assert lunch.day == date(2026, 11, 29)
    assert (lunch.starts_at, lunch.cut_off) == (ms("2026-11-29 12:00"), ms("2026-11-29 10:30"))
    assert lunch.slot.orders == 2


@pytest.mark.parametrize(
    ("slot_id", "now", "fault"),
    [
        ("2026-11-28.lunch", "2026-11-28 10:29", None),
        ("2026-11-28.lunch", "2026-11-28 10:30", "slot over"),
        ("2026-11-27.lunch", "2026-11-28 08:00", "slot over"),
        ("2026-11-29.lunch", "2026-11-28 08:00", "slot full"),
        ("2026-11-29.lunch", "2026-11-29 11:00", "slot over"),  # over before full
        ("2026-11-29.dinner", "2026-11-28 08:00", "no slot"),  # a Sunday
        ("2026-11-30.lunch", "2026-11-28 08:00", "no slot"),  # closed
        ("2026-12-01.lunch", "2026-11-28 08:00", "no slot"),  # too far ahead
        ("2026-12-01.lunch", "2026-11-29 08:00", None),
        ("2026-11-28.brunch", "2026-11-28 08:00", "no slot"),
        ("2026-11-31.lunch", "2026-11-28 08:00", "no slot"),
        ("lunch", "2026-11-28 08:00", "no slot"),
        (".", "2026-11-28 08:00", "no slot"),
        ("", "2026-11-28 08:00", "no slot"),
        (None, "2026-11-28 08:00", "no slot"),
    ],
)
def test_why_a_slot_cannot_be_had(slot_id: str | None, now: str, fault: str | None) -> None:
    taken = {"2026-11-29.lunch": 2}
    assert why_not(delivery_of(SHOP), HOURS, INDIA, ms(now), taken, slot_id) == fault


def test_a_shop_without_slots_asks_for_none() -> None:
    delivery = delivery_of("{pickup: true}")
    assert why_not(delivery, HOURS, INDIA, 0, {}, None) is None
    assert why_not(delivery, HOURS, INDIA, 0, {}, "2026-11-28.lunch") == "no slot"
    assert slots_at(delivery, HOURS, INDIA, 0, {}) == ()


@given(
    st.integers(0, 10 * 1440),
    st.dictionaries(
        st.builds("2026-11-{:02}.{}".format, st.integers(20, 30), st.sampled_from(["lunch", "dinner"])),
        st.integers(0, 3),
    ),
)
def test_what_is_offered_can_be_had_and_nothing_else(minute: int, taken: dict[str, int]) -> None:
    delivery, now = delivery_of(SHOP), ms("2026-11-20 00:00") + minute * 60_000
    offered = [choice.id for choice in slots_at(delivery, HOURS, INDIA, now, taken)]
    days = [local_date(INDIA, now) + timedelta(days=n) for n in range(-3, 6)]
    every = [f"{day}.{key}" for day in days for key in ("lunch", "dinner")]
    assert {one for one in every if why_not(delivery, HOURS, INDIA, now, taken, one) is None} == set(offered)
    assert len(set(offered)) == len(offered)


def slot(**values: Any) -> Slot:
    return Slot.model_validate({"at": "12:00-14:00", **values})


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Lunch", "lunch"), ("  Late  Lunch! ", "late-lunch"), ({"hi": "दोपहर", "en": "Lunch"}, "lunch"),
        ({"hi": "दोपहर"}, "33062e38"), ("शाम", "f8f87171"),
        ({"bn": "Dupur", "en": "Lunch"}, "lunch"),
        ({"ta": "Madiyam", "hi": "Dopahar"}, "dopahar"),
        ("Café", "cafe"), ("L" * 60, "l" * 40), ("🍛 Lunch", "lunch"),
    ],
)  # fmt: skip
def test_a_slot_keeps_its_key(name: Any, key: str) -> None:
    assert slot(name=name).key == key
    assert slot(name=name, at="9:00-10:00", orders=3, days="mon").key == key
    assert slot(name="Midday", id=key).key == key


def test_the_ids_do_not_depend_on_the_order_in_the_file() -> None:
    delivery, now = delivery_of(SHOP), ms("2026-11-28 08:00")
    turned = delivery.model_copy(update={"slots": delivery.slots[::-1]})
    assert slots_at(turned, HOURS, INDIA, now, {}) == slots_at(delivery, HOURS, INDIA, now, {})
    for choice in slots_at(delivery, HOURS, INDIA, now, {}):
        assert slot_of(turned, choice.id) == (choice.slot, choice.day)


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("en", ["Today, Lunch", "Tomorrow, Lunch", "Mon 30 Nov, Lunch"]),
        ("en-IN", ["Today, Lunch", "Tomorrow, Lunch", "Mon 30 Nov, Lunch"]),
        ("hi", ["आज, दोपहर", "कल, दोपहर", "सोम 30 नव॰, दोपहर"]),
        ("mr", ["शनि 28 नोव्हें, Lunch", "रवि 29 नोव्हें, Lunch", "सोम 30 नोव्हें, Lunch"]),
        ("ta-US", ["சனி 28 நவ., Lunch", "ஞாயி. 29 நவ., Lunch", "திங். 30 நவ., Lunch"]),
        ("xx", ["2026-11-28, Lunch", "2026-11-29, Lunch", "2026-11-30, Lunch"]),
    ],
)
def test_names_for_people(language: str, days: list[str]) -> None:
    lunch, today = delivery_of(SHOP).slots[0], date(2026, 11, 28)
    dates = [today + timedelta(days=n) for n in range(3)]
    names = [slot_name(lunch, day, today, language, "en") for day in dates]
    assert names == [f"{day} 12:00-14:00" for day in days]
    assert day_name(today - timedelta(days=1), today, "en") == "Fri 27 Nov"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("  areas:\n  - {pincodes: [411001, 411030-411001], fee: 40}", "'411030-411001' is upside down", 7),
        ("  areas: [{pincodes: [41100], fee: 40}]", "'41100' is no pincode", 6),
        ("  areas: [{pincodes: [011001], fee: 40}]", "'011001' is no pincode", 6),
        ("  areas: [{pincodes: [], fee: 40}]", "'pincodes'", 6),
        ("  areas: [{pincodes: [411001]}]", "'fee' is missing", 6),
        ("  areas: [{pincodes: [411001], fee: -1}]", "-1 is out of range", 6),
        ("  areas: [{pincodes: [411001], fee: 1, free_from: 0}]", "0 is not a price", 6),
        ("  areas: [{pincodes: [411001], fee: 1, state: 39}]", "'39' is not a state's code of GST", 6),
        ("  areas: [{pincodes: [411001], fee: 1, state: MH}]", "'MH' is not a state's code of GST", 6),
        ("  pickup: false", "nothing is delivered or picked up", 5),
        ("  pickup: true\n  ahead: 31 days", "'31 days' is not '0 days' (only today) to '30 days'", 7),
        ("  pickup: true\n  ahead: 48 h", "'48 h' is not '0 days'", 7),
        ("  pickup: true\n  slots:\n  - {name: L, at: 12:00-14:00, until: 22:30}", "22:30 is behind", 8),
        ("  pickup: true\n  slots:\n  - {name: L, at: 12:00-14:00, until: 14:00}", "14:00 is behind", 8),
        ("  pickup: true\n  slots:\n  - {name: L, at: 12:00-14:00, until: noon}", "not a time of day", 8),
        ("  pickup: true\n  slots:\n  - {name: L, at: 14:00-12:00}", "'14:00-12:00' is upside down", 8),
        ("  pickup: true\n  slots:\n  - {name: L, at: 12:00-14:00, days: mon-sot}", "did you mean 'sat'?", 8),
        ("  pickup: true\n  slots:\n  - {name: L, at: 12:00-14:00, orders: 0}", "orders", 8),
        ("  pickup: true\n  slots:\n  - {name: L, at: 12:00-14:00}\n  - {name: l!, at: 15:00-16:00}",
         "two slots have the name 'l'", 7),
    ],
)  # fmt: skip
def test_slips_in_a_delivery_are_named_where_they_are(text: str, message: str, line: int) -> None:
    issue = issue_of(Section, f"delivery:\n{text}")
    assert message in issue.message
    assert issue.line == line


def test_a_cut_off_is_the_start_unless_it_is_written() -> None:
    assert slot(name="Lunch").cut_off == 12 * 60
    assert slot(name="Lunch", until="13:59").cut_off == 14 * 60 - 1
    late = slot(name="Night", at="22:00-01:00", until="24:00")
    assert (late.cut_off, late.at.end) == (24 * 60, 25 * 60)
