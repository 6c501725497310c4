"""The shop of the day: areas, slots with few places, coupons with few uses, cash, stages and staff.

What the checks need of its terms is written here a second time, as plain numbers: they trust no code that
reads the flow file.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from tests.simulation.setting import FLOW

MEENA: Final = "919812345671"
RAMESH: Final = "919812345672"
STAFF: Final[Mapping[str, frozenset[str]]] = {
    MEENA: frozenset({"orders", "money", "chat"}),
    RAMESH: frozenset({"orders"}),
}
"""What each of the staff may do, by phone number."""
RIGHTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("less", "return", "allowance", "refunded", "undo", "delivery"), "money"),
    **dict.fromkeys(("reply", "last_reply", "done", "handover", "wrote", "hears"), "chat"),
}
"""The right that each verb needs, if not `orders`."""

PRICES: Final[Mapping[str, int]] = {"masala-250": 180_00, "ginger-250": 140_00, "kulhad-6": 320_00}
"""What is ordered over the API or taken out of orders, in paise."""
TEAS: Final = frozenset({"masala-250", "ginger-250", "assam-500"})
ADDRESSES: Final = (
    *("Flat 4, Lake Road, Pune 411005",) * 6,
    "12 Hill Street, Pune 411030",
    "7 Far Lane, Pune 411040",
    "1 Marine Drive, Mumbai 400001",
    "somewhere in Pune",
    "pickup",
)
"""Near (cash is taken), far (it is not), not served, without a pincode, and to be collected."""
FAR: Final = frozenset({"411040"})
CAPACITY: Final[Mapping[str, int]] = {"night": 3, "late": 3, "morning": 5, "noon": 20}
"""How many orders one day's slot takes, by the slot's key. The first two end while customers act."""
CUT_OFFS: Final[Mapping[str, int]] = {
    "night": 20 * 60 + 10,
    "late": 20 * 60 + 35,
    "morning": 480,
    "noon": 660,
}
"""Minutes after midnight, Indian time, from which on a slot of the day takes no more orders."""
SLOTS: Final = (
    "2026-09-21.night",
    "2026-09-21.late",
    "2026-09-22.morning",
    "2026-09-22.noon",
    "2026-09-20.noon",
)
"""What programs ask for; nobody can have the last."""
COUPON_USES: Final[Mapping[str, int]] = {"LAST3": 3, "TEA20": 5}
PER_CUSTOMER: Final[Mapping[str, int]] = {"FIRST10": 1, "TEA20": 2}
CODES: Final = ("first 10", "LAST3", "last-3", "tea20", "NONE")
CANCEL_WITHIN: Final = 30 * 60_000
"""Milliseconds after placing in which a customer may cancel an order whose goods are due."""
MOST_CASH: Final = 700_00
QUIET: Final = 20 * 60_000
"""Milliseconds without a word after which the bot has a chat again."""

_TERMS: Final = f"""\
  staff:
    - {{name: Meena, phone: "+{MEENA}"}}
    - {{name: Ramesh, phone: "+{RAMESH}", may: [orders]}}
  legal: {{name: Meena Tea, address: "1 Lake Road, Pune 411005"}}
  gst: {{number: "27ABCDE1234F1Z0", rate: 5, prefix: MT}}
  minimum_order: 150
  cash: {{up_to: 700, refusals: 1}}
  stages: [accepted, preparing, out, delivered]
  cancel: {{within: 30 min, before: out}}
  handover: {{quiet: 20 min, back: [menu, bot]}}
  delivery:
    areas:
      - {{pincodes: 411001-411030, fee: 40, free_from: 500}}
      - {{pincodes: 411031-411044, fee: 80, minimum: 300, cash: false}}
    slots:
      - {{name: Night, at: "21:30-22:30", until: "20:10", orders: {CAPACITY["night"]}, days: mon}}
      - {{name: Late, at: "22:30-23:30", until: "20:35", orders: {CAPACITY["late"]}, days: mon}}
      - {{name: Morning, at: "9:00-12:00", until: "8:00", orders: {CAPACITY["morning"]}}}
      - {{name: Noon, at: "12:00-15:00", until: "11:00", orders: {CAPACITY["noon"]}}}
    ahead: 1 day
    pickup: true
"""
_COUPONS: Final = """\
    - {code: LAST3, off: 50, minimum: 200, uses: 3}
    - {code: TEA20, percent: 20, up_to: 60, only: [tea], uses: 5, per_customer: 2}
"""


def cut_off(slot: str) -> int:
    """Return from when on a slot takes no more orders, in milliseconds since 1970, UTC."""
    day, _, key = slot.partition(".")
    midnight = datetime.fromisoformat(f"{day}T00:00+05:30")
    return round(midnight.timestamp() * 1000) + CUT_OFFS[key] * 60_000


@cache
def day_shop() -> Flow:
    """Return the shipped flow with the terms of this shop, less stock and a shorter late window."""
    text = FLOW.read_text().replace("late_window: 5 days", "late_window: 1 day")
    lines = text.replace("stock: 12", "stock: 14").splitlines(keepends=True)
    lines = [line for line in lines if not line.startswith(("  cancel: {within", "  handover: {quiet"))]
    first10 = next(n for n, line in enumerate(lines) if "code: FIRST10" in line)
    lines[first10 + 1 : first10 + 1] = [_COUPONS, _TERMS]
    return load("".join(lines), str(FLOW), SHOP, limits=LIMITS)
