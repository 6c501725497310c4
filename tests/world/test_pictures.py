"""A shop with pictures and files: when WhatsApp cannot fetch one, text and buttons still arrive."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.late_receipts import fails
from tests.world.running_bot import FLOW, Live, Start

MEDIA = '{"error": {"message": "Media upload error", "code": 131053}}'

ANYWHERE = "  help: {words: [help, मदद], interrupts: true, say: help}\n"
FILES = """\
  prices: {document: {link: "https://shop.example/a.pdf", filename: "Prices.pdf"}, text: Our prices}
  film: {video: "https://shop.example/a.mp4", text: How we make it}
"""
WORDS = """\
  prices: {words: [prices], say: prices}
  film: {words: [film], say: film}
"""
SENT = {
    "prices": ("document", {"link": "https://shop.example/a.pdf", "filename": "Prices.pdf"}, "Our prices"),
    "film": ("video", {"link": "https://shop.example/a.mp4"}, "How we make it"),
}


@pytest.fixture
async def pictured(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> AsyncIterator[Live]:
    """The shop, with a picture above the buttons of its help, and files to ask for."""
    text, help = FLOW.read_text(), "  help:\n    text:\n"
    assert text.count(help) == text.count(ANYWHERE) == 1
    text = text.replace(help, "  help:\n    image: https://shop.example/dead.jpg\n    text:\n")
    flow = tmp_path / "flows.yaml"
    flow.write_text(
        text.replace("\nmessages:\n", f"\nmessages:\n{FILES}").replace(ANYWHERE, ANYWHERE + WORDS)
    )
    async with start(world, clock, flow) as live:
        yield live


async def test_a_picture_that_whatsapp_refuses_is_left_out(pictured: Live) -> None:
    asha = pictured.customer()
    pictured.world.meta.fail_next("send", Fault.http(400, MEDIA))
    [help] = await asha.write("help")
    assert "header" not in help.payload["interactive"]
    assert [choice.title for choice in help.choices] == ["See the menu"]


async def test_a_picture_that_whatsapp_cannot_fetch_later_is_left_out(pictured: Live) -> None:
    asha = pictured.customer()
    [help] = await asha.write("help")
    assert "header" in help.payload["interactive"]
    await fails(pictured, asha, help, 131053)
    assert len(asha.texts) == 2
    again = asha.person.messages[-1]
    assert "header" not in again.payload["interactive"]
    assert again.text == help.text
    assert [choice.title for choice in again.choices] == ["See the menu"]


@pytest.mark.parametrize("word", SENT)
async def test_a_file_that_whatsapp_cannot_fetch_leaves_its_caption(word: str, pictured: Live) -> None:
    kind, file, caption = SENT[word]
    asha = pictured.customer()
    [sent] = await asha.write(word)
    assert (sent.kind, sent.payload[kind], sent.text) == (kind, file | {"caption": caption}, caption)
    await fails(pictured, asha, sent, 131053)
    again = asha.person.messages[-1]
    assert (again.kind, again.text) == ("text", caption)
    pictured.world.meta.fail_next("send", Fault.http(400, MEDIA))
    [words] = await asha.write(word)
    assert (words.kind, words.text) == ("text", caption)
