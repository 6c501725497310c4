"""Products are switched off and on while the bot runs, and stay so over a restart."""

import getpass
from pathlib import Path
from typing import Any

from bot.clock import ShiftedClock
from sandbox.world import World
from tests.world.running_bot import Live, Start
from tests.world.test_operators import munshi

SWEETS = Path("tests/payments/sweets/flows.yaml")
PHONE = "919812345601"


async def order(live: Live, sku: str) -> tuple[int, Any]:
    body = {"phone": PHONE, "items": [{"sku": sku, "quantity": 1}]}
    return await live.until(live.api("POST", "/payments/create", body))


async def test_off_for_everybody_at_once_and_over_a_restart(
    world: World, clock: ShiftedClock, start: Start
) -> None:
    async with start(world, clock, SWEETS) as live:
        assert (await order(live, "kaju-250"))[0] == 200
        told = await munshi(live, "product", "kaju", "off", MUNSHI_FLOW=str(SWEETS))
        assert told.exit_code == 0
        assert told.output.endswith("'kaju' is off now\n")
        status, said = await order(live, "kaju-250")
        assert status == 409
        why = "nothing was ordered: there is not enough left of what was asked for"
        assert said == {"error": why, "reason": "sold out"}
        asha = live.customer(PHONE)
        await asha.pay()
        assert asha.texts[-1] == "Paid.", "what was ordered before"
    async with start(world, clock, SWEETS) as live:
        assert (await order(live, "kaju-1kg"))[0] == 409
        assert (await order(live, "laddu"))[0] == 200
        assert await switch(live, "kaju", {"available": True}) == (
            200, {"sku": "kaju", "available": True, "changed": True},
        )  # fmt: skip
        assert (await order(live, "kaju-1kg"))[0] == 200


async def switch(live: Live, sku: str, body: Any, **how: str) -> tuple[int, Any]:
    return await live.api("POST", f"/products/{sku}", body, **how)


async def test_the_api_of_a_switch(world: World, clock: ShiftedClock, start: Start) -> None:
    async with start(world, clock, SWEETS) as live:
        off = {"sku": "kaju-1kg", "available": False}
        assert await switch(live, "kaju-1kg", {"available": False}) == (200, {**off, "changed": True})
        body = {"available": False, "by": "Meena"}
        assert await switch(live, "kaju-1kg", body) == (200, {**off, "changed": False})
        assert (await live.rows("SELECT * FROM product_off")) == [
            {"sku": "kaju-1kg", "off_since": clock.now(), "switched_by": "API"}
        ]
        assert (await switch(live, "kaju-1kg", {"available": True}, token="wrong"))[0] == 401
        known = "the shop has no 'kaju-1k'; did you mean 'kaju-1kg'? If the flow file has it: munshi reload"
        assert await switch(live, "kaju-1k", {"available": False}) == (404, {"error": known})
        unknown = "the shop has no 'zz'. If the flow file has it: munshi reload"
        assert await switch(live, "zz", {"available": False}) == (404, {"error": unknown})
        for nonsense in (
            {},
            {"available": "no"},
            {"available": True, "at": 1},
            {"available": True, "by": ""},
        ):
            assert (await switch(live, "kaju", nonsense))[0] == 422, nonsense
        assert (await order(live, "kaju-1kg"))[0] == 409
        status, said = await order(live, "kaju")
        assert status == 422
        assert said == {"error": "items.0.sku: 'kaju' comes in variants: order kaju-250 or kaju-1kg"}


async def test_the_command_beside_a_server(live: Live) -> None:
    by = getpass.getuser()
    for word, said in (("off", "off now"), ("off", "off already"), ("on", "on now"), ("on", "on already")):
        told = await munshi(live, "product", "masala-250", word)
        expected = f"'masala-250' {'was' if 'already' in said else 'is'} {said}\n"
        assert told.exit_code == 0
        assert told.output.endswith(expected), "after what the server logs, which runs in this process"
        [listed] = (await munshi(live, "product", "masala-250")).output.splitlines()
        assert listed.startswith("masala-250  Masala chai 250 g  ₹180")
        assert (f", by {by}" in listed) is (word == "off")


async def test_a_product_that_only_the_file_has_is_not_switched(live: Live) -> None:
    told = await munshi(live, "product", "thali", "off", MUNSHI_FLOW=str(SWEETS))
    assert told.exit_code == 1
    assert told.output == "the shop has no 'thali'. If the flow file has it: munshi reload\n"
