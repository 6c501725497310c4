"""Orders over the shop's own API that say where and when: what is placed, and why one is refused."""

from pathlib import Path
from typing import Any, Final

import pytest

from bot.clock import ShiftedClock
from bot.http.orders_api import _WHY
from sandbox.world import World
from tests.payments.day_shop import FAR, PUNE, SECTIONS, text_of
from tests.world.running_bot import Live, Start

CREATE: Final = "/payments/create"
TOMORROW: Final = "2026-09-22.lunch"
THALI: Final = [{"sku": "thali"}]
GOOD: Final[dict[str, Any]] = {"items": THALI, "address": PUNE, "slot": TOMORROW}

REFUSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "no address": ({"address": None}, "the shop needs an address"),
    "too short": ({"address": "Pune"}, "the address is too short"),
    "a question": (
        {"address": "Do you come to Pune?"}, "the address asks something and has no number",
    ),
    "no pincode": ({"address": "Flat 4, Lake Road, Pune"}, "the address has no pincode"),
    "not served": (
        {"address": "Flat 4, Lake Road, Delhi 110001"}, "the shop does not deliver to that pincode",
    ),
    "below the area's minimum": (
        {"address": FAR}, "the goods come to less than the shop or the area asks for",
    ),
    "below the shop's minimum": (
        {"items": [{"sku": "roti"}]}, "the goods come to less than the shop or the area asks for",
    ),
    "no slot": ({"slot": None}, "there is no such delivery slot, or none was chosen"),
    "no such slot": ({"slot": "tomorrow"}, "there is no such delivery slot, or none was chosen"),
    "slot over": ({"slot": "2026-09-21.lunch"}, "the slot takes no orders any more"),
    "slot full": ({"slot": "2026-09-22.dinner"}, "the slot is full"),
    "unknown coupon": ({"coupon": "NOPE"}, "the coupon cannot be used (unknown)"),
    "coupon of the past": ({"coupon": "OLD"}, "the coupon cannot be used (over)"),
    "coupon for other goods": ({"coupon": "GIFT"}, "the coupon cannot be used (not for these)"),
    "all of it free": (
        {"coupon": "ALL", "address": None, "pickup": True},
        "the sum is too small, an order must come to ₹1 at least",
    ),
    "no cash there": (
        {"items": [{"sku": "thali", "quantity": 3}], "address": FAR, "pays": "cash"},
        "the shop takes no cash for this order",
    ),
    "cash over the limit": (
        {"items": [{"sku": "thali", "quantity": 20}], "pays": "cash"},
        "the shop takes no cash for this order",
    ),
}  # fmt: skip


def menu(**changed: str) -> str:
    """The shop's file, in which dinner takes one order, and one dish is cheap."""
    products = SECTIONS["products"] + "\n    - {sku: roti, name: Roti, category: tiffin, price: 20}"
    slots = SECTIONS["slots"].replace('until: "17:30"}', 'until: "17:30", orders: 1}')
    return text_of(**{"products": products, "slots": slots, "cancel": "", **changed})


async def create(live: Live, phone: int, said: dict[str, Any]) -> tuple[int, Any]:
    kept = {name: value for name, value in said.items() if value is not None}
    return await live.until(live.api("POST", CREATE, {"phone": f"9198123{phone:05}", **kept}))


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    return tmp_path / "flows.yaml"


async def test_what_is_said_is_ordered_and_each_refusal_has_its_reason(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    flow.write_text(menu())
    async with start(world, clock, flow) as live:
        dinner = {**GOOD, "slot": "2026-09-22.dinner", "note": "ring twice", "coupon": "first-10"}
        status, made = await create(live, 45600, {**dinner, "pays": "cash"})
        assert (status, made["status"], made["amount"]) == (200, "cash", 14_800)
        assert made["razorpay_short_url"] is None
        view = await live.context.store.order(made["order_id"])
        assert view is not None
        to = view.order.to
        assert (to.address, to.slot, to.note, view.order.terms.coupon) == (
            PUNE, "2026-09-22.dinner", "ring twice", "FIRST10",
        )  # fmt: skip

        status, linked = await create(live, 45601, {**GOOD, "address": None, "pickup": True})
        assert (status, linked["status"], linked["amount"]) == (200, "created", 12_000)

        for place, (name, (said, why)) in enumerate(REFUSED.items()):
            status, answer = await create(live, 45610 + place, {**GOOD, **said})
            assert (status, answer["error"]) == (409, f"nothing was ordered: {why}"), name
            code = answer["reason"]
            assert _WHY.get(code) == why or code in why, "the reason in one word, for programs"
            assert answer.get("field") in (None, *said), name
        assert await live.parked() == []
        orders = await live.rows("SELECT COUNT(*) AS n FROM orders")
        assert orders[0]["n"] == 2


async def test_a_closed_shop(world: World, clock: ShiftedClock, start: Start, flow: Path) -> None:
    flow.write_text(menu(hours='hours: {mon-sun: "9:00-19:00"}', slots=""))
    async with start(world, clock, flow) as live:
        answer = await create(live, 45601, {"items": THALI, "address": PUNE})
        expected = {"error": "nothing was ordered: the shop is closed now", "reason": "closed"}
        assert answer == (409, expected)


async def test_a_request_that_is_no_order(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    flow.write_text(menu())
    async with start(world, clock, flow) as live:
        before = await live.stored()
        for said, place in (
            ({"address": "x" * 501}, "address"),
            ({"note": "x" * 501}, "note"),
            ({"slot": 5}, "slot"),
            ({"coupon": "x" * 65}, "coupon"),
            ({"pickup": "yes"}, "pickup"),
            ({"pays": "later"}, "pays"),
        ):
            status, problem = await create(live, 45601, {**GOOD, **said})
            assert status == 422, said
            assert problem["error"].startswith(place)
        assert await live.stored() == before
