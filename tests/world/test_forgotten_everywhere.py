"""Nothing in any table names a customer who was forgotten, whatever the shop and its staff did for them."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from bot.clock import ShiftedClock
from sandbox.world import World
from tests.tables import TABLES
from tests.world.desk_shop import TEXT, change, ordered
from tests.world.running_bot import Live, Start
from tests.world.test_bad_requests import text_message, webhook

MEENA: Final = "919812345671"
PHONE: Final = "919812345655"
WORDS: Final = ("zubeida", "lake road", "411005", "411006", PHONE)
"""Each is a part of what the customer said, or of what others said of her."""
STAFFED: Final = (
    TEXT.replace(
        "  cash: {up_to: 2000}\n",
        "  cash: {up_to: 2000}\n  keeps: [wish]\n"
        f'  staff: [{{name: Meena, phone: "+{MEENA}"}}]\n  handover: {{quiet: 2 h, back: [menu]}}\n',
    )
    .replace("messages:\n", 'variables:\n  wish: {max: 60}\nmessages:\n  which: "Which words?"\n', 1)
    .replace(
        "anywhere:\n",
        '  told: "#{{ order.number }} for {{ customer.name }}, {{ order.address }}, {{ order.note }}"\n'
        '  asks: "{{ customer.name }} asks for a person"\n'
        "anywhere:\n"
        "  wish: {words: [wish], to: wishing}\n"
        "  person: {words: [person], interrupts: true, do: handover, say: menu, tell: asks}\n"
        "  handover.ended: {say: menu}\n",
        1,
    )
    .replace("payment.cash], to: ordered", "payment.cash], tell: told, to: ordered")
    + "  wishing: {enter: {say: which}, ask: wish, on: {answered: {say: menu, to: browsing}}}\n"
)


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    file = tmp_path / "staffed.yaml"
    file.write_text(STAFFED, "utf-8")
    return file


async def test_nothing_in_any_table_names_the_person(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        order = await _everything_happens(live)
        before = await _traces(live)
        assert {trace.partition(".")[0] for trace in before} >= {
            "alias", "amendment", "conversation", "inbox", "orders", "outbox",
        }  # fmt: skip
        status, said = await live.until(live.api("POST", f"/customers/{PHONE}/forget"))
        assert (status, said["state"]) == (200, "forgotten")
        assert await _traces(live) == []
        status, shown = await live.api("GET", f"/orders/{order}")
        assert (shown["stage"], shown["paid"], shown["owed"]) == ("delivered", 12_000 + 4_000, 16_000)
        assert await live.parked() == []


async def _everything_happens(live: Live) -> str:
    """A customer orders, is talked about, and gets their order. Return its key."""
    her, meena = live.customer(PHONE, "Zubeida"), live.customer(MEENA, "Meena")
    await meena.write("hi")
    await her.write("wish")
    await her.write("Happy birthday Zubeida")
    order = await ordered(
        live, ("thali", 2), phone=PHONE, pays="cash", note="ask for Zubeida", slot=None,
        address="Zubeida House, Lake Road, Pune 411005",
    )  # fmt: skip
    assert any("Zubeida House" in text for text in meena.texts)
    await change(live, order, "note", note="zubeida rings")
    await change(live, order, "less", sku="thali", quantity=1, why="Zubeida wanted one")
    await meena.write("#10001")
    await meena.write("#10001 address Zubeida Villa, Pune 411006")
    await her.write("person")
    await her.write("a secret of Zubeida")
    forwarded = meena.person.messages[-1]
    assert "a secret of Zubeida" in forwarded.text
    await meena.person.reply("Yes, Zubeida", forwarded.wamid)
    await live.settle()
    await change(live, order, "stage", to="delivered", paid="cash")
    return order


async def _traces(live: Live) -> list[str]:
    """Return the columns, of whatever table, that hold one of WORDS."""
    found = set()
    for model in TABLES:
        table = model._meta.db_table
        for row in await live.rows(f"SELECT * FROM {table}"):
            cells = ((name, str(value).lower()) for name, value in row.items())
            found |= {f"{table}.{name}" for name, cell in cells if any(word in cell for word in WORDS)}
    return sorted(found)


async def test_what_the_staff_ask_behind_the_forgetting_is_done(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    """A change that waits in the same line is made, and its caller hears so."""
    async with start(world, clock, flow) as live:
        order = await ordered(live, ("thali", 2), phone=PHONE, pays="cash")
        await change(live, order, "stage", to="delivered", paid="cash")

        async def both() -> Any:
            forgets = asyncio.create_task(live.api("POST", f"/customers/{PHONE}/forget"))
            while not await live.rows("SELECT id FROM inbox WHERE kind = 'forget'"):
                await asyncio.sleep(0)
            headers = {"Idempotency-Key": "once"}
            allows = live.api("POST", f"/orders/{order}/allowance", {"amount": 3000}, **headers)
            return await asyncio.gather(forgets, allows)

        asked = asyncio.create_task(both())
        while len(await live.rows("SELECT id FROM inbox WHERE state = 'pending' AND kind = 'staff'")) < 1:
            await asyncio.sleep(0.001)
        forgotten, allowed = await live.until(asked)
        assert (forgotten[0], allowed[0]) == (200, 200), (forgotten, allowed)
        again = await change(live, order, "allowance", amount=3000, key="once")
        assert again[0] == 200
        assert [a["amount"] for a in again[1]["amendments"]] == [3000]
        status, said = await change(live, order, "address", address="Elsewhere, Pune 411006")
        assert (status, said["error"]) == (409, "the customer was forgotten: there is nobody to bring it to")


async def test_what_the_staff_typed_is_not_done_again_when_it_comes_again(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    """WhatsApp may deliver a message hours later once more; the customer was forgotten meanwhile."""
    async with start(world, clock, flow) as live:
        meena = live.customer(MEENA, "Meena")
        await meena.write("hi")
        order = await ordered(live, ("thali", 2), phone=PHONE, pays="cash")
        await change(live, order, "stage", to="delivered", paid="cash")
        typed = webhook(text_message(live, "wamid.typed", "#10001 cash 50 surplus", MEENA))

        async def paid() -> int:
            assert await live.whatsapp(typed) == 200
            await live.settle()
            amount: int = (await live.api("GET", f"/orders/{order}"))[1]["paid"]
            return amount

        once = await paid()
        assert once == (await live.api("GET", f"/orders/{order}"))[1]["total"] + 5_000
        await meena.write("#10001 refunded")
        status, said = await live.until(live.api("POST", f"/customers/{PHONE}/forget"))
        assert (status, said["state"]) == (200, "forgotten"), said
        assert await paid() == once
