"""`munshi chat --sandbox`: a phone of its own for each customer, and a long chat goes on where it was."""

import io
import re
import sys
from typing import Any

import httpx
import pytest
from rich.console import Console

from bot.cli.sandbox_chat import called
from bot.demo.chat import Chat
from bot.demo.remote import RemotePhone
from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import Buttons, Message, Reply, Text
from sandbox import control
from sandbox.people import Person, ReceivedMessage, words_of
from sandbox.world import World

ASHA = "919800000001"


def test_customers_have_different_names() -> None:
    names = [called(str(int(ASHA) + number)) for number in range(20)]
    assert names[0] == "Asha"
    assert len(set(names)) == 20


async def test_a_chat_that_goes_on_shows_both_halves_of_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(now=lambda: 1_000)
    world.meta.app.add_routes(control.routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False):
        person = world.meta.person(ASHA)
        for number in range(5):
            await person.write(f"say {number}")
            payload = {"type": "text", "text": {"body": str(number)}}
            person.messages.append(ReceivedMessage(f"wamid.{number}", payload, 1_000))
        await person.send("sticker", {"id": "1"})
        async with httpx.AsyncClient(base_url=world.meta_url, trust_env=False) as client:
            phone = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            skipped, turns = await phone.earlier(2)
            assert (skipped, [said if isinstance(said, str) else said.text for said in turns]) == (
                3, ["say 3", "3", "say 4", "4", "[sticker]"],
            )  # fmt: skip
            assert await phone.take() == []
            fresh = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            assert len((await fresh.earlier(None))[1]) == 11
            monkeypatch.setattr(sys, "stdin", io.StringIO())
            console = Console(file=io.StringIO(), width=60)
            await Chat(phone, console, "").run(greeting="", earlier=turns)
            assert isinstance(console.file, io.StringIO)
            shown = console.file.getvalue()
            places = [
                shown.index(part) for part in ("say 3", "\n3\n", "say 4", "\n4\n", "[sticker]", "Goodbye")
            ]
            assert places == sorted(places)


def test_what_a_person_did_is_read_as_they_did_it() -> None:
    tapped = {"type": "list_reply", "list_reply": {"id": "x", "title": "Tea"}}
    filled = {"type": "nfm_reply", "nfm_reply": {"name": "address_message", "body": "12 Road"}}
    assert [
        words_of({"type": "interactive", "interactive": tapped}),
        words_of({"type": "interactive", "interactive": filled}),
        words_of({"type": "button", "button": {"payload": "x", "text": "Order again"}}),
    ] == ["Tea", "12 Road", "Order again"]


async def test_a_reply_quotes_the_newest_message_or_the_one_whose_mark_it_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(now=lambda: 1_000)
    world.meta.app.add_routes(control.routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False):
        person = world.meta.person(ASHA)
        for number in range(3):
            payload = {"type": "text", "text": {"body": f"two lines {number}"}}
            person.messages.append(ReceivedMessage(f"wamid.{number}", payload, 1_000))
        async with httpx.AsyncClient(base_url=world.meta_url, trust_env=False) as client:
            phone = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            _, turns = await phone.earlier(2)
            sent: list[dict[str, Any]] = []

            def keep(_: Person, message: dict[str, Any]) -> str:
                sent.append(message)
                return "wamid.sent"

            monkeypatch.setattr(world.meta, "inbound", keep)
            monkeypatch.setattr("bot.demo.chat._PATIENCE", 0.1)
            typed = "/reply 2 boxes\n/reply m1 At six\n/reply M2 Yes\n/reply m9 No\n/reply m1\n"
            monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
            console = Console(file=io.StringIO(), width=100)
            await Chat(phone, console, "").run(greeting="", earlier=turns)
        assert [(message["context"]["id"], message["text"]["body"]) for message in sent] == [
            ("wamid.2", "2 boxes"), ("wamid.1", "At six"), ("wamid.2", "Yes")
        ]  # fmt: skip
        assert isinstance(console.file, io.StringIO)
        shown = console.file.getvalue()
        assert "m1\ntwo lines 1\n" in shown
        assert "m2\ntwo lines 2\n" in shown
        assert "there is no message m9 here: the newest is m2" in shown
        assert "/reply needs words" in shown


async def test_a_button_of_an_earlier_message_is_tapped_by_its_mark_and_title(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(now=lambda: 1_000)
    world.meta.app.add_routes(control.routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False):
        person = world.meta.person(ASHA)
        said: list[Message] = [Buttons("New order", (Reply("s|k|accept|", "Accept"),)), Text("#help is this")]
        for number, message in enumerate(said):
            payload = build(message, Recipient(ASHA, None), "x")
            person.messages.append(ReceivedMessage(f"wamid.{number}", payload, 1_000))
        async with httpx.AsyncClient(base_url=world.meta_url, trust_env=False) as client:
            phone = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            _, turns = await phone.earlier(2)
            tapped: list[str] = []

            async def keep(_: RemotePhone, id: str) -> None:
                tapped.append(id)

            monkeypatch.setattr(RemotePhone, "tap", keep)
            typed = "/tap m1 accept\n/tap m1 Out\n/tap m2 Accept\n/tap Accept\n"
            monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
            console = Console(file=io.StringIO(), width=100)
            await Chat(phone, console, "").run(greeting="", earlier=turns)
        assert tapped == ["s|k|accept|"]
        assert isinstance(console.file, io.StringIO)
        shown = console.file.getvalue()
        assert "m1 has no 'Out': it has Accept" in shown
        assert "m2 has no 'Accept': it has nothing to tap" in shown
        assert "/tap needs a mark and a title" in shown


async def test_a_chat_that_goes_on_numbers_all_that_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(now=lambda: 1_000)
    world.meta.app.add_routes(control.routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False):
        person = world.meta.person(ASHA)
        for number, titles in enumerate((["Tea", "Menu"], ["Pay", "Menu"])):
            person.messages.append(ReceivedMessage(f"wamid.{number}", buttons(number, titles), 1_000))
        async with httpx.AsyncClient(base_url=world.meta_url, trust_env=False) as client:
            phone = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            _, turns = await phone.earlier(3)
            tapped: list[str] = []

            def keep(_: Person, message: dict[str, Any]) -> str:
                tapped.append(message["interactive"]["button_reply"]["id"])
                return "wamid.sent"

            monkeypatch.setattr(world.meta, "inbound", keep)
            monkeypatch.setattr("bot.demo.chat._PATIENCE", 0.1)
            monkeypatch.setattr(sys, "stdin", io.StringIO("1\n3\nmenu\n"))
            console = Console(file=io.StringIO(), width=100)
            await Chat(phone, console, "").run(greeting="", earlier=turns)
        assert tapped == ["Tea-0", "Pay-1", "Menu-1"]
        assert isinstance(console.file, io.StringIO)
        shown = re.findall(r"(\d)\W+(Tea|Pay|Menu)", console.file.getvalue())
        assert shown == [("1", "Tea"), ("2", "Menu"), ("3", "Pay"), ("4", "Menu")]


def buttons(number: int, titles: list[str]) -> dict[str, Any]:
    """The payload of a message with these buttons, whose ids end with `number`."""
    replies = [{"type": "reply", "reply": {"id": f"{title}-{number}", "title": title}} for title in titles]
    interactive = {"type": "button", "body": {"text": "Hello"}, "action": {"buttons": replies}}
    return {"type": "interactive", "interactive": interactive}
