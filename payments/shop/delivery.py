"""Where and when the shop delivers, and for how much: `delivery:` of the flow file."""

import hashlib
import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from flows.document.shape import Count, Spec, Texts
from flows.document.words import has_words, normalise
from payments.shop.legal import LAST_STATE
from payments.shop.local_time import TimeOfDay, Times, Weekdays, show_time
from payments.shop.money import Rupees, RupeesOrZero
from payments.shop.pincodes import Pincodes
from payments.shop.states import code_of

MAX_DAYS_AHEAD: Final = 30
SLOT_ID: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_DAYS: Final = re.compile(r"([0-9]{1,3})( ?days?)?", re.ASCII)
_OTHER_TERRITORY: Final = 97


def _days_ahead(value: Any) -> int:
    match = None if isinstance(value, bool) else _DAYS.fullmatch(str(value).strip())
    if not match or int(match[1]) > MAX_DAYS_AHEAD:
        raise ValueError(f"'{value}' is not '0 days' (only today) to '{MAX_DAYS_AHEAD} days'")
    return int(match[1])


def _state(value: Any) -> str:
    """Two digits, of a code or a name. Source: GST state codes, the first two digits of a GSTIN."""
    text = str(value).strip()
    if code := code_of(text):
        return code
    is_code = not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,2}", text, re.ASCII)
    if not is_code or not (1 <= int(text) <= LAST_STATE or int(text) == _OTHER_TERRITORY):
        raise ValueError(f"'{value}' is not a state's code of GST: write for example 27 or Maharashtra")
    return text.zfill(2)


DaysAhead: TypeAlias = Annotated[int, BeforeValidator(_days_ahead)]
State: TypeAlias = Annotated[str, BeforeValidator(_state)]
"""The two digits of a state with which a GSTIN begins: `27` for Maharashtra. Its name may be written, too."""


class Area(Spec):
    """Pincodes that are delivered to at the same conditions."""

    pincodes: Annotated[Pincodes, Field(min_length=1)]
    """PIN codes and ranges of them, as `411001-411030`."""
    fee: RupeesOrZero
    """What delivery costs here, in rupees; kept in paise."""
    free_from: Rupees | None = None
    """Rupees of goods, before any discount, from which on delivery is free; kept in paise."""
    minimum: RupeesOrZero = 0
    """Rupees of goods, before any discount, below which nothing is delivered here; kept in paise."""
    cash: bool = True
    """Whether cash on delivery is taken here."""
    state: State | None = None
    """Where it is not the shop's own state."""


def _readable(name: Texts) -> Texts:
    for text in (name,) if isinstance(name, str) else name.values():
        if not has_words(normalise(text)):
            raise ValueError(f"'{text}' is no name of a slot: customers choose it by its words")
    return name


class Slot(Spec):
    """A span of time in which the shop delivers, on each of its days."""

    name: Annotated[Texts, AfterValidator(_readable)]
    """What customers see."""
    id: Annotated[str | None, Field(pattern=SLOT_ID, max_length=40)] = None
    """Needed only to keep the orders of a slot that gets another name, or to tell two of one name apart."""
    at: Times
    """From when until when, as `12:00-14:00`."""
    until: TimeOfDay | None = None
    """The cut-off on the slot's day: orders are taken before it. Without it, before the slot starts."""
    orders: Count | None = None
    """How many orders one day's slot takes."""
    days: Weekdays | None = None
    """Weekdays. Without them, every day that the shop is open."""

    @model_validator(mode="after")
    def _cut_off_is_before_the_end(self) -> "Slot":
        if self.until is not None and self.until >= self.at.end:
            cut_off = show_time(self.until)
            raise ValueError(f"the cut-off {cut_off} is behind its slot {self.at}: write an earlier 'until'")
        return self

    @property
    def key(self) -> str:
        """The name of the slot in ids: its `id`, or made from its name. ASCII.

        It depends on nothing but the name (English, else that of the first language in the alphabet), so it
        is the same wherever the slot stands in the file. A name without Latin letters gives a hash.
        """
        if self.id:
            return self.id
        names = {"": self.name} if isinstance(self.name, str) else self.name
        name = names.get("en") or names[min(names)]
        latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        words = re.findall(r"[a-z0-9]+", latin)
        return "-".join(words)[:40].strip("-") or hashlib.sha256(name.encode()).hexdigest()[:8]

    @property
    def cut_off(self) -> int:
        """Minutes from 0:00 of the slot's day at which it takes no more orders."""
        return self.at.start if self.until is None else self.until

    def is_on(self, day: date) -> bool:
        """Whether the slot is there on the weekday of `day`."""
        return self.days is None or day.weekday() in self.days


def _told_apart(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    keys = [slot.key for slot in slots]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise ValueError(f"two slots have the name '{twice[0]}': rename one, or give it an 'id'")
    return slots


class Delivery(Spec):
    """Where and when the shop delivers."""

    areas: tuple[Area, ...] = ()
    """The first that has the pincode counts. What is in none is not served."""
    slots: Annotated[tuple[Slot, ...], Field(max_length=50), AfterValidator(_told_apart)] = ()
    """Without any, goods come as soon as possible."""
    ahead: DaysAhead = 1
    """Slots of today and of as many days after it are offered."""
    pickup: bool = False
    """Whether customers may fetch their goods."""

    @model_validator(mode="after")
    def _goods_get_to_customers(self) -> "Delivery":
        if not self.areas and not self.pickup:
            raise ValueError("nothing is delivered or picked up: write 'areas', or 'pickup: true'")
        return self


def area_of(delivery: Delivery, pincode: str) -> Area | None:
    """Return the first area that has `pincode` (six digits), or None if it is not served."""
    code = int(pincode)
    return next((area for area in delivery.areas if any(code in codes for codes in area.pincodes)), None)


def fee_of(area: Area | None, goods: int) -> int:
    """Return the paise of delivery to `area` (None for pickup) of `goods` paise, before any discount."""
    if area is None or (area.free_from is not None and goods >= area.free_from):
        return 0
    return area.fee
