"""Text for terminals: no character acts on the terminal, hides, or turns the direction."""

import io
import unicodedata
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.log import mask
from bot.printable import printable
from bot.terminal.drawing import draw, draw_trace, plain
from bot.whatsapp.channel import WHATSAPP
from flows.engine import events
from flows.messages.kinds import Buttons, Document, Image, Link, List, Reply, Section, Text, Video
from storage import Store
from tests.bot.command_line import park_event, run_munshi
from tests.databases import made
from tests.storage.handwritten_rows import insert

ACTING = [chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
"""Every control, format and surrogate character, and every line end that is no `\\n`."""
JOINERS = "\u200c\u200d"
STORED = "".join(c for c in ACTING if c != "\0" and unicodedata.category(c) != "Cs")
"""Those that may be in a customer's text in the database."""


def acting(text: str, fine: str = "") -> list[str]:
    return sorted({hex(ord(c)) for c in text if c in frozenset(ACTING) and c not in fine})


def test_each_is_escaped() -> None:
    for c in ACTING:
        shown = printable(f"a{c}b")
        assert shown.isascii(), hex(ord(c))
        assert shown.isprintable()
        assert shown.encode().decode("unicode_escape").encode("utf-8", "surrogatepass") == (
            f"a{c}b".encode("utf-8", "surrogatepass")
        )


@given(st.text(st.characters() | st.sampled_from(ACTING)))
def test_nothing_acting_is_left_and_nothing_else_is_changed(text: str) -> None:
    assert acting(printable(text), fine=JOINERS) == []
    assert acting(mask(text), fine=JOINERS + "\n\t") == []
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("text", ["हिन्‍दी में क्‍या है", "👨‍👩‍👧 ✔️ ₹1,23,456.00", "a b\u00a0c — “d”"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


@given(st.lists(st.sampled_from([c for c in ACTING if c not in "\n\t"]), min_size=1, max_size=3))
def test_no_phone_number_hides_behind_what_does_not_show(between: list[str]) -> None:
    said = mask(f"call 98000{''.join(between)}00001 now")
    assert said == "call …01 now"
    assert "9800000001" not in mask(f"{between[0]}9800000001{between[0]}")


def drawn(*shown: Any) -> str:
    console = Console(file=io.StringIO(), highlight=False, width=1000)
    for one in shown:
        console.print(one)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_chat_shows_none() -> None:
    odd = f"a{STORED}b"
    reply = Reply("1|a", odd, odd)
    messages = (
        Text(odd),
        Image("http://127.0.0.1/x.png", odd),
        Video("http://127.0.0.1/x.mp4", odd),
        Document("http://127.0.0.1/x.pdf", odd, odd),
        Buttons(odd, (reply,), odd),
        List(odd, odd, (Section(odd, (reply,)),), odd),
        Link(odd, odd, f"http://127.0.0.1/{odd}", odd),
    )
    entry = {"event": odd, "state": odd, "did": [odd], "said": [odd], "refused": odd}
    passed = {"line": 1, "rule": odd, "because": odd}
    trace = draw_trace([entry | {"passed": [passed], "taken": passed}])
    shown = drawn(*(draw(message) for message in messages), trace, plain(odd, "red"))
    assert acting(shown, fine="\n" + JOINERS) == []
    assert shown.count(r"\x9b") >= 12


async def test_why_and_doctor_show_none(database_url: str) -> None:
    await made(database_url)
    store = await Store.open(database_url, WHATSAPP)
    odd = f"paid{STORED}\u202eon"
    try:
        await insert(store, "conversation", id=1, snapshot="{}")
        said: tuple[events.Event, ...] = (events.TextReceived(odd), events.Tapped(odd, odd))
        for key, event in enumerate(said):
            body = {"event": events.to_json(event), "name": odd}
            await insert(store, "inbox", id=20 + key, conversation_id=1, key=f"c{key}", body=body)
        await insert(
            store, "outbox", conversation_id=1, name="m", caused_by=20, payload={"body": odd}, error=odd
        )
        await park_event(store, 17, f"Traceback …\nValueError: '{odd}'")
        await insert(store, "notice", kind="x", subject=odd, said=odd)
        [row] = await store._units.read(lambda tx: tx.fetch("SELECT key FROM installation"))
        for words in (("why", f"{row['key']}-1"), ("why", odd), ("doctor",)):
            shown = (await run_munshi(database_url, *words)).output
            assert acting(shown, fine="\n" + JOINERS) == [], words
            assert r"\u202e" in shown, words
        told = orjson.loads((await run_munshi(database_url, "why", f"{row['key']}-1", "--json")).output)
        assert acting(repr(told)) == []
    finally:
        await store.close()
