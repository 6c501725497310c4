"""An edited flow is served or the file is as it was; a version of before comes back with its file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.console.books import Books
from bot.console.context import Console
from bot.console.flow.editing import Editing
from bot.console.flow.flow_server import FlowServer
from bot.console.server_desk import NotDone, ServerDesk
from bot.console.shop_now import ShopNow
from bot.console.visit import Visit
from bot.console.words import Words
from bot.flow_file import load_flow
from flows.document.errors import FlowInvalid, Issue
from storage.accounts.people import Role
from storage.database.errors import Unavailable
from storage.inbox.versions import flow_text
from tests.bot.lemonade_versions import EDITED, write
from tests.databases import made
from tests.storage.handwritten_rows import open_store

MEERA = Visit("Meera", Role.OWNER, Words("en"))


@dataclass
class Server:
    """Answers as it is told, and keeps what it was asked, with the file as it was then."""

    file: Path
    answer: tuple[int, dict[str, Any]] = (200, {})
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    async def reply(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, await request.json(), self.file.read_text()))
        status, body = self.answer
        return web.json_response(body, status=status)


@dataclass
class Shop:
    """A flow file of which the first of two versions is served again."""

    server: Server
    flows: FlowServer
    earlier: str
    served: str

    @property
    def file(self) -> Path:
        return self.server.file

    def edited(self) -> tuple[Editing, str]:
        """What somebody has changed, and its version."""
        editing = Editing({str(self.file): self.file.read_text()})
        editing.write(self.file.read_text() + "# more\nnever: []\n")
        return editing, "0123456789ab"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    url, file = f"sqlite://{tmp_path / 'munshi.db'}", tmp_path / "flows.yaml"
    await made(url)
    async with open_store(url) as store:
        earlier = load_flow(write(file, *EDITED))
        await store.versions.serve(flow_text(earlier), {}, "Ravi", 1)
        served = load_flow(write(file))
        await store.versions.serve(flow_text(served), {}, "Ravi", 2)
    server = Server(file)
    app = web.Application()
    app.router.add_post("/{path:.*}", server.reply)
    runner = web.AppRunner(app)
    await runner.setup()
    await (site := web.TCPSite(runner, "127.0.0.1", 0)).start()
    desk = ServerDesk(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}", "token")  # type: ignore[union-attr]
    console = Console(Books(url), desk, ShopNow(), file, None, SystemClock())
    yield Shop(server, FlowServer(console), earlier.version, served.version)
    await desk.close()
    await runner.cleanup()


async def test_what_is_saved_is_in_the_file_when_the_server_reads_it(shop: Shop) -> None:
    editing, version = shop.edited()
    shop.server.answer = 200, {"version": version, "staying": {}}
    await shop.flows.save(MEERA, editing.now, version, anyway=False)
    [(path, body, text)] = shop.server.asked
    assert (path, body) == ("/operator/reload", {"by": "Meera", "anyway": False})
    assert text == shop.file.read_text() == editing.shown


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((422, {"error": "2 customers would be stranded"}), "would be stranded"),
        ((200, {"version": "another", "staying": {}}), "reads another flow file"),
        ((500, {}), "answered 500"),
    ],
)
async def test_what_the_server_refuses_leaves_the_file_as_it_was(
    shop: Shop, answer: tuple[int, dict[str, Any]], why: str
) -> None:
    before, (editing, version) = shop.file.read_bytes(), shop.edited()
    shop.server.answer = answer
    with pytest.raises(NotDone, match=why):
        await shop.flows.save(MEERA, editing.now, version, anyway=False)
    assert shop.file.read_bytes() == before
    assert editing.edited


async def test_a_lost_answer_is_no_refusal_if_the_version_is_served(shop: Shop) -> None:
    editing, _ = shop.edited()
    shop.server.answer = 500, {}
    await shop.flows.save(MEERA, editing.now, shop.served, anyway=False)
    assert shop.file.read_text() == editing.shown


async def test_books_that_cannot_tell_leave_the_file_as_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, (editing, version) = shop.file.read_bytes(), shop.edited()
    shop.server.answer = 422, {"error": "2 customers would be stranded"}

    async def read(_: Books, __: object) -> None:
        raise Unavailable("locked")

    monkeypatch.setattr(Books, "read", read)
    with pytest.raises(NotDone, match="would be stranded"):
        await shop.flows.save(MEERA, editing.now, version, anyway=False)
    assert shop.file.read_bytes() == before


async def test_the_second_of_two_who_edit_is_told_and_changes_nothing(shop: Shop) -> None:
    editing, version = shop.edited()
    shop.file.write_text("theirs")
    with pytest.raises(NotDone, match="changed by somebody else"):
        await shop.flows.save(MEERA, editing.now, version, anyway=False)
    assert shop.file.read_text() == "theirs"
    assert not shop.server.asked


async def test_who_is_no_owner_saves_nothing_and_brings_nothing_back(shop: Shop) -> None:
    before, (editing, version) = shop.file.read_bytes(), shop.edited()
    for role in (Role.STAFF, Role.VIEWER):
        visit = Visit("Vik", role, Words("en"))
        with pytest.raises(NotDone, match="may not do this"):
            await shop.flows.save(visit, editing.now, version, anyway=False)
        with pytest.raises(NotDone, match="may not do this"):
            await shop.flows.serve_again(visit, shop.earlier, anyway=False)
    assert (shop.file.read_bytes(), shop.server.asked) == (before, [])


async def test_a_version_of_before_comes_back_with_its_file(shop: Shop) -> None:
    said = await shop.flows.serve_again(MEERA, shop.earlier, anyway=False)
    [(path, body, _)] = shop.server.asked
    assert (path, body["version"]) == ("/operator/rollback", shop.earlier)
    assert load_flow(shop.file).version == shop.earlier
    assert "is that of this version" in said


async def test_a_file_with_changes_that_were_not_served_is_kept(shop: Shop) -> None:
    shop.file.write_text(shop.file.read_text() + "# mine\n")
    before = shop.file.read_bytes()
    assert "stays as it is" in await shop.flows.serve_again(MEERA, shop.earlier, anyway=False)
    assert shop.file.read_bytes() == before


async def test_what_cannot_come_back_leaves_the_file(shop: Shop) -> None:
    before = shop.file.read_bytes()
    shop.server.answer = 422, {"error": "strands"}
    with pytest.raises(NotDone, match="strands"):
        await shop.flows.serve_again(MEERA, shop.earlier, anyway=False)
    assert shop.file.read_bytes() == before


async def test_a_flow_that_this_program_cannot_read_is_looked_through_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []

    def newer(*texts: object, **_: object) -> None:
        looked.append(texts)
        raise FlowInvalid((Issue("flows.yaml", 1, 1, "there is no key 'tomorrow'", "take it out"),))

    monkeypatch.setattr("bot.console.shop_now.load_checked", newer)
    books, served = Books(f"sqlite://{shop.file.parent / 'munshi.db'}"), ShopNow()
    for _ in range(3):
        with pytest.raises(FlowInvalid, match="tomorrow"):
            await books.read(served.shop)
    assert len(looked) == 1
