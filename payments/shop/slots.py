"""Which slots of delivery a customer can choose now, and how they are called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from flows.document.shape import text_in
from payments.shop.delivery import Delivery, Slot
from payments.shop.hours import Hours, is_open_on
from payments.shop.local_time import calendar_date, instant, local_date

SlotFault: TypeAlias = Literal["no slot", "slot over", "slot full"]

_NEAR_DAYS: Final[Mapping[str, tuple[str, str]]] = {"en": ("Today", "Tomorrow"), "hi": ("आज", "कल")}
"""By language: the names of this day and the next."""


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """One slot on one day."""

    id: str
    """`2026-11-29.lunch`, the same for ever."""
    slot: Slot
    day: date
    starts_at: int
    """Milliseconds."""
    cut_off: int
    """Milliseconds. Orders are taken before it."""
    left: int | None
    """How many more orders it takes; None if they are not counted."""


def slots_at(
    delivery: Delivery, hours: Hours | None, zone: ZoneInfo, now: int, taken: Mapping[str, int]
) -> tuple[SlotChoice, ...]:
    """Return the slots that can be chosen at `now` (milliseconds), the earliest first.

    `taken` has the orders of each slot by the slot's id. Left out are slots past their cut-off, full ones,
    and days on which the shop does not open.
    """
    choices = _choices(delivery, hours, zone, now, taken)
    return tuple(sorted((c for c in choices if fault_of(c, now) is None), key=lambda c: (c.starts_at, c.id)))


def why_not(
    delivery: Delivery,
    hours: Hours | None,
    zone: ZoneInfo,
    now: int,
    taken: Mapping[str, int],
    slot_id: str | None,
) -> SlotFault | None:
    """Return why `slot_id` cannot be had at `now`, or None if it can.

    `no slot`: there is none of this id on that day, or none was chosen although the shop has slots;
    `slot over`: its cut-off has passed; `slot full`: no place is left. The first that holds is returned.
    """
    if not slot_id and not delivery.slots:
        return None
    found = slot_of(delivery, slot_id or "")
    if not found:
        return "no slot"
    slot, day = found
    last = local_date(zone, now) + timedelta(days=delivery.ahead)
    if day > last or not slot.is_on(day) or not is_open_on(hours, day):
        return "no slot"
    return fault_of(_choice(slot, day, zone, taken), now)


def fault_of(choice: SlotChoice, now: int) -> SlotFault | None:
    """Return why `choice` cannot be had at `now` (milliseconds), or None if it can."""
    if now >= choice.cut_off:
        return "slot over"
    return "slot full" if choice.left == 0 else None


def slot_of(delivery: Delivery, slot_id: str) -> tuple[Slot, date] | None:
    """Return the slot and the day that `slot_id` stands for, or None if the shop has no such slot."""
    _, _, key = slot_id.partition(".")
    slot, day = next((slot for slot in delivery.slots if slot.key == key), None), day_of(slot_id)
    return (slot, day) if slot and day else None


def day_of(slot_id: str) -> date | None:
    """Return the day of a slot, also of one that the shop gave up; None if it is no slot's id."""
    try:
        return calendar_date(slot_id.partition(".")[0])
    except ValueError:
        return None


def starts_at(slot: Slot, day: date, zone: ZoneInfo) -> int:
    """Return when `slot` begins on `day`, in milliseconds since 1970, UTC."""
    return instant(zone, day, slot.at.start)


def _choices(
    delivery: Delivery, hours: Hours | None, zone: ZoneInfo, now: int, taken: Mapping[str, int]
) -> Iterator[SlotChoice]:
    today = local_date(zone, now)
    for day in (today + timedelta(days=n) for n in range(delivery.ahead + 1)):
        for slot in delivery.slots:
            if slot.is_on(day) and is_open_on(hours, day):
                yield _choice(slot, day, zone, taken)


def _choice(slot: Slot, day: date, zone: ZoneInfo, taken: Mapping[str, int]) -> SlotChoice:
    slot_id = f"{day.isoformat()}.{slot.key}"
    left = None if slot.orders is None else max(0, slot.orders - taken.get(slot_id, 0))
    starts_at, cut_off = (instant(zone, day, minute) for minute in (slot.at.start, slot.cut_off))
    return SlotChoice(slot_id, slot, day, starts_at, cut_off, left)


def slot_name(slot: Slot, day: date, today: date, language: str, fallback: str) -> str:
    """Return a slot as people read it: `Today, Lunch 12:00-14:00`; `Mon 30 Nov, Lunch 12:00-14:00`."""
    return f"{day_name(day, today, language)}, {text_in(slot.name, language, fallback)} {slot.at}"


def day_name(day: date, today: date, language: str) -> str:
    """Return `day` as people read it in `language`: today, tomorrow, or weekday and date.

    The words for today and tomorrow are known in English and Hindi; other languages have the date.
    """
    base = language.partition("-")[0]
    near = _NEAR_DAYS.get(base, ())
    distance = (day - today).days
    if 0 <= distance < len(near):
        return near[distance]
    locale = _locale(language) or _locale(base)
    return format_date(day, "EEE d MMM", locale=locale) if locale else day.isoformat()


def _locale(language: str) -> Locale | None:
    """The locale of `language`, or None if it has no names of days and months for it."""
    try:
        return Locale.parse(language, sep="-")
    except UnknownLocaleError:
        return None
