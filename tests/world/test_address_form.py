"""A shop that asks for an address with WhatsApp's form: who gets it, and what comes back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.running_bot import FLOW, Live, Start

ANYWHERE = "  help: {words: [help, मदद], interrupts: true, say: help}\n"
MESSAGES = """\
  place: {text: "Where shall we deliver?", address: true}
  there: "To {{ event.address }} ({{ event.pincode }}, {{ event.phone }})."
"""
RULES = """\
  place: {words: [where], say: place}
  address: {say: there}
"""
FILLED = {
    "name": "Asha",
    "phone_number": "9812345601",
    "in_pin_code": "४११००४",
    "house_number": "12",
    "address": "FC Road",
    "city": "Pune",
}


@pytest.fixture
async def delivering(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> AsyncIterator[Live]:
    """The shop, which also asks for an address."""
    text = FLOW.read_text()
    assert text.count("\nmessages:\n") == text.count(ANYWHERE) == 1
    flow = tmp_path / "flows.yaml"
    flow.write_text(
        text.replace("\nmessages:\n", f"\nmessages:\n{MESSAGES}").replace(ANYWHERE, ANYWHERE + RULES)
    )
    async with start(world, clock, flow) as live:
        yield live


async def test_the_form_comes_back(delivering: Live) -> None:
    asha = delivering.customer()
    [form] = await asha.write("where")
    assert (form.kind, form.text) == ("address_message", "Where shall we deliver?")
    values = form.payload["interactive"]["action"]["parameters"]["values"]
    assert values == {"name": "Asha", "phone_number": "+919812345601"}
    await asha.person.fill(FILLED)
    await delivering.settle()
    assert asha.person.messages[-1].text == "To 12, FC Road, Pune, 411004 (411004, +919812345601)."


async def test_a_customer_of_another_country_gets_the_words(delivering: Live) -> None:
    [words] = await delivering.customer("6591234567", "Lim").write("where")
    assert (words.kind, words.text) == ("text", "Where shall we deliver?")


async def test_a_phone_that_cannot_show_the_form_gets_the_words(delivering: Live) -> None:
    asha = delivering.customer()
    asha.person.has_old_app = True
    await asha.write("where")
    await delivering.settle()
    [words] = asha.person.messages
    assert (words.kind, words.text) == ("text", "Where shall we deliver?")
    assert await delivering.rows("SELECT kind FROM notice") == []


async def test_a_form_that_meta_refuses_leaves_the_words(delivering: Live) -> None:
    asha = delivering.customer()
    refusal = '{"error": {"message": "Parameter value is not valid", "code": 131009}}'
    delivering.world.meta.fail_next("send", Fault.http(400, refusal))
    [words] = await asha.write("where")
    assert (words.kind, words.text) == ("text", "Where shall we deliver?")
