"""The shop's staff over HTTP: told of an order, talking to a customer, found by their numbers."""

from pathlib import Path
from typing import Any

import pytest

from bot.app import bot
from bot.clock import ShiftedClock
from bot.settings import Settings, SettingsInvalid
from sandbox.world import World
from tests.databases import made
from tests.payments.shops_with_staff import MEENA, RAMESH, TEXT
from tests.world.running_bot import Customer, Live, Start, StillClock

NUMBER = "919812345671"


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    file = tmp_path / "staffed.yaml"
    file.write_text(TEXT.replace("STAFF", f"{MEENA}, {RAMESH}"), "utf-8")
    return file


def people(live: Live) -> tuple[Customer, Customer]:
    return live.customer(), live.customer(NUMBER, "Meena Rao")


async def a_day_after_meena_wrote(live: Live) -> tuple[Customer, Customer]:
    """Asha begins a chat when only a template reaches Meena."""
    asha, meena = people(live)
    await meena.write("hi")
    await live.wait(25 * 60)
    await asha.write("hi")
    return asha, meena


async def test_a_day_of_the_staff(world: World, clock: ShiftedClock, start: Start, flow: Path) -> None:
    async with start(world, clock, flow) as live:
        asha, meena = people(live)
        await meena.write("hi")
        await asha.write("hi")
        await asha.tap("Yes please")
        await asha.pay()
        [new_order] = meena.person.messages[1:]
        assert "A glass for Asha +919812345601" in new_order.text
        assert live.customer("919812345672", "Ramesh").heard("A glass for Asha") == 1
        await meena.tap("I call them")
        assert meena.texts[-1].startswith("The chat with Asha (+919812345601) is yours.")
        assert await asha.write("two more?") == []
        forwarded = meena.person.messages[-1]
        assert forwarded.text == "Asha (+919812345601): two more?"
        await meena.person.reply("On their way!", forwarded.wamid)
        await live.settle()
        assert asha.texts[-1] == "On their way!"
        await meena.tap("The bot goes on", forwarded)
        assert asha.texts[-1] == "The bot talks (done)."
        assert [m.text for m in await asha.write("hi")] == ["Lemonade?"]
        assert await live.parked() == []


async def test_owner_window_closed(world: World, clock: ShiftedClock, start: Start, flow: Path) -> None:
    """A day after the staff last wrote they get the template. Without one, no chat waits for them."""
    flow.write_text(flow.read_text("utf-8").replace("    template: {name: asks, ", "    # "), "utf-8")
    async with start(world, clock, flow) as live:
        asha, meena = await a_day_after_meena_wrote(live)
        await asha.tap("Yes please")
        await asha.pay()
        assert [message.kind for message in meena.person.messages[1:]] == ["template"]
        assert [said.text for said in await asha.write("agent")] == ["The bot talks (nobody)."]
        assert len(meena.person.messages) == 2
        subjects = [
            row["subject"] for row in await live.rows("SELECT subject FROM notice WHERE kind = 'window'")
        ]
        assert any(subject.startswith("from a customer to ") for subject in subjects), subjects
        await meena.write("hi")
        assert meena.heard('asked for one of you when none could be reached: "agent"') == 1


async def test_a_quick_reply_of_the_template_is_the_button(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    """Its buttons do what those of the message do: once, and for the staff only."""
    async with start(world, clock, flow) as live:
        asha, meena = await a_day_after_meena_wrote(live)
        await asha.tap("Yes please")
        await asha.pay()
        template = meena.person.messages[-1]
        assert [choice.id.split("|")[2:] for choice in template.choices] == [
            ["placed", "stage", "accepted"], ["placed", "handover", ""], ["placed", "call", ""],
        ]  # fmt: skip
        await asha.tap(template.choices[0].id, template)
        [order] = await live.rows("SELECT stage FROM orders")
        assert order["stage"] == "placed", "it is not Asha's to say"
        await meena.tap("1", template)
        assert meena.texts[-1] == "#10001: accepted, ₹30 paid."
        await meena.tap("1", template)
        assert meena.texts[-1] == "Not done: #10001 is accepted (by Meena) already."
        await meena.tap("2", template)
        assert meena.texts[-1].startswith("The chat with Asha (+919812345601) is yours.")
        assert await live.parked() == []


async def test_owner_answers_from_the_app(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        asha, _ = people(live)
        await asha.write("hi")
        world.meta.owner_writes(asha.person, "hello Asha")
        await live.settle()
        assert await asha.write("two please") == []
        await live.wait(119)
        assert asha.texts == ["Lemonade?"]
        await live.wait(1)
        assert asha.texts[-1] == "The bot talks (quiet)."
        [row] = await live.rows("SELECT kind, state FROM inbox WHERE kind = 'staff'")
        assert row == {"kind": "staff", "state": "applied"}


async def test_a_stop_in_whatsapps_settings(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        asha, _ = people(live)
        await asha.write("offers")
        world.meta.prefer(asha.person, "stop")
        await live.settle()
        world.meta.prefer(asha.person, "resume")
        await live.settle()
        rows = await live.rows("SELECT snapshot FROM conversation WHERE snapshot LIKE '%hears%'")
        assert rows == []
        assert len(await live.rows("SELECT id FROM inbox WHERE kind = 'preference'")) == 2


async def test_staff_of_the_setting(world: World, settings_for: Any, flow: Path) -> None:
    """Their numbers are added to those of the flow file; one that is there already is refused."""
    settings: Settings = settings_for(world)
    await made(settings.database_url)
    settings = settings.model_copy(update={"munshi_flow": flow, "munshi_staff": "+91 98123 45679"})
    async with bot(settings, ShiftedClock(StillClock())) as (context, _):
        assert len(context.flow.sections["shop"].staff) == 3
        rows = await context.store._units.read(
            lambda tx: tx.fetch("SELECT phone, name FROM staff ORDER BY phone")
        )
        assert rows[-1] == {"phone": "919812345679", "name": "+919812345679"}
    settings = settings.model_copy(update={"munshi_staff": "9812345671"})
    with pytest.raises(SettingsInvalid, match="MUNSHI_STAFF does not fit the flow file"):
        async with bot(settings, ShiftedClock(StillClock())):
            pass


async def test_what_a_customer_wrote_reaches_who_was_long_silent_as_soon_as_they_write(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        asha, meena = await a_day_after_meena_wrote(live)
        await asha.write("agent")
        await asha.write("my cake came broken")
        assert meena.heard("my cake came broken") == 0
        [notice] = await live.rows("SELECT said FROM notice WHERE subject LIKE 'from a customer%'")
        assert "as soon as that member of the staff writes" in notice["said"]
        await meena.write("hello")
        await live.settle()
        assert meena.heard("my cake came broken") == 1
        await meena.write("hello again")
        await live.settle()
        assert meena.heard("my cake came broken") == 1
