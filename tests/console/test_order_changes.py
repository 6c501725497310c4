"""What becomes of a press on the orders' pages, without a browser."""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from fastapi import Request
from nicegui import Client, ui
from nicegui.page import page

from bot.clock import SystemClock
from bot.console.books import Books
from bot.console.context import Console
from bot.console.frame import told
from bot.console.guard import VISIT
from bot.console.orders.changing import Change, OrderChanges
from bot.console.orders.seen import seen_by
from bot.console.server_desk import NotDone, ServerDesk
from bot.console.shop_now import ShopNow
from bot.console.typed import count_of, paise_of
from bot.console.visit import Visit
from bot.console.words import Words
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor
from storage.accounts.people import Role

MEERA = Visit("Meera", Role.OWNER, Words("en"))


class Server:
    """Answers when it is let, and keeps the keys of what it was asked."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.may_answer = asyncio.Event()

    async def reply(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        await self.may_answer.wait()
        return web.json_response({"stage": "accepted"})


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, ServerDesk]]:
    server, app = Server(), web.Application()
    app.router.add_route("*", "/{path:.*}", server.reply)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    desk = ServerDesk(f"http://127.0.0.1:{runner.addresses[0][1]}", "token")
    yield server, desk
    await desk.close()
    await runner.cleanup()


@pytest.fixture
def notified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(ui, "notify", lambda text, **_: said.append(text))
    return said


def console(desk: ServerDesk, tmp_path: Path, accounts: Accounts | None = None) -> Console:
    books = Books(f"sqlite://{tmp_path}/none.db")
    return Console(books, desk, ShopNow(), Path("flows.yaml"), accounts, SystemClock())


async def test_a_second_press_while_a_change_is_made_asks_for_nothing(
    server: tuple[Server, ServerDesk], notified: list[str], tmp_path: Path
) -> None:
    answers, desk = server
    changes = OrderChanges(console(desk, tmp_path), MEERA)
    accept = Change("stage", {"to": "accepted", "from": "placed"})
    first = asyncio.create_task(changes.make("k-1", "10001", accept))
    while not answers.keys:
        await asyncio.sleep(0)
    await changes.make("k-1", "10001", replace(accept, key="another"))
    answers.may_answer.set()
    await first
    await changes.make("k-1", "10001", accept.with_(paid="cash"))
    assert answers.keys == [accept.key, accept.key]
    assert notified == ["#10001: Accepted"] * 2


async def test_what_was_done_is_told_though_it_cannot_be_noted(
    server: tuple[Server, ServerDesk], notified: list[str], tmp_path: Path
) -> None:
    answers, desk = server
    answers.may_answer.set()
    accounts = await Accounts.make(file := tmp_path / "console.db")
    await accounts.add("Meera", Role.OWNER, "", Actor("test", None), 0)
    credential = await accounts.credential("Meera")
    assert credential
    await accounts.begin_session(credential, "d" * 64, SystemClock().now())
    visit = replace(MEERA, digest="d" * 64)
    changes = OrderChanges(console(desk, tmp_path, accounts), visit)
    request = Request(
        {"type": "http", "path": "/", "query_string": b"", "headers": [], "state": {VISIT: visit}}
    )
    with Client(page(""), request=request):
        drop(file, "log")
        await told(lambda: changes.make("k-1", "10001", Change("stage")))
        drop(file, "session")
        await told(lambda: changes.make("k-1", "10001", Change("stage")))
    await accounts.close()
    assert (len(answers.keys), notified[0]) == (1, "#10001: Accepted")
    assert notified[1].startswith("The books cannot be read: "), "who cannot be looked up may do nothing"


def drop(file: Path, table: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(f"DROP TABLE {table}")


async def test_a_refusal_is_told_though_its_button_is_gone() -> None:
    with Client(page("")) as client:
        place = ui.element()
        with place:
            button = ui.button()

        async def work() -> None:
            place.clear()
            raise NotDone("no")

        with button.default_slot:
            del button
            await told(work)
    gc.collect()
    assert [one[2] for one in client.outbox.messages if one[1] == "notify"]


def test_a_change_that_is_not_offered_may_nobody_ask_for() -> None:
    assert (Change("note").takes, Change("less").takes) == (Role.STAFF, Role.OWNER)
    with pytest.raises(KeyError):
        _ = Change("forget").takes


@pytest.mark.parametrize(
    ("typed", "paise"),
    [("50", 5000), (" ₹1,250.5 ", 125050), ("0.01", 1), ("0", None), ("1e999999", None), ("1.005", None),
     ("-5", None), ("9" * 9, None), ("", None), (None, None), ("\ud800", None)],
)  # fmt: skip
def test_rupees_as_people_write_them(typed: object, paise: int | None) -> None:
    assert paise_of(typed) == paise


@pytest.mark.parametrize(("typed", "count"), [("2", 2), ("0", None), ("9" * 5000, None), ("x", None)])
def test_pieces_as_people_write_them(typed: object, count: int | None) -> None:
    assert count_of(typed) == count


def test_who_only_looks_sees_no_number_and_no_link() -> None:
    text = "call +91 98123 45605, or pay at https://rzp.io/i/AbC12"
    viewer = replace(MEERA, role=Role.VIEWER)
    assert seen_by(MEERA)(text) == text
    assert seen_by(viewer)(text) == "call …05, or pay at …"
