"""The desk's API without a world: who may, what it refuses, what it finds, and what it does once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from bot.app import bot
from bot.clock import ShiftedClock
from bot.context import Context
from bot.flow_file import load_flow
from bot.http import event_wait
from bot.http.server import serving
from bot.settings import Settings
from bot.workers.loop import Workers
from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from payments.shop.staff import Staff
from tests.bot.command_line import SETTINGS, installation
from tests.bot.executor_bench import FixedClock
from tests.databases import made
from tests.storage.handwritten_rows import insert
from tests.world.desk_shop import flow_in

API, OPERATOR = SETTINGS["MUNSHI_API_TOKEN"], "this-is-the-operators-token"
PHONE = "919800000001"


@dataclass
class Desk:
    """A server whose workers run only when they are told to."""

    url: str
    http: aiohttp.ClientSession
    context: Context
    workers: Workers

    async def __call__(
        self, method: str, path: str, body: Any = None, token: str = API, key: str | None = None
    ) -> tuple[int, Any]:
        raw = orjson.dumps(body) if method == "POST" else None
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        async with self.http.request(method, self.url + path, data=raw, headers=headers) as answer:
            text = await answer.text()
            return answer.status, orjson.loads(text) if text.startswith("{") else text

    async def order(self, ordinal: int = 1, conversation: int = 1, **columns: Any) -> str:
        """Store a paid order of the customer, whose key names conversation 1."""
        key = f"{await installation(self.context.store)}-1-{ordinal}abcdef"
        rest = {
            "lifecycle": "fulfilled",
            "stage": "placed",
            "payment": "paid",
            "todo": "goods",
            "fulfilled": 50_000,
        }
        await insert(
            self.context.store, "orders",
            **{"key": key, "number": str(10_000 + ordinal), "conversation_id": conversation} | rest | columns,
        )  # fmt: skip
        await insert(
            self.context.store, "fact", order_key=key, conversation_id=conversation,
            entity_id=f"pay_{ordinal}", detail={"method": "upi"},
        )  # fmt: skip
        return key


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr("bot.app.load_flow", cache(load_flow))
    monkeypatch.setattr(event_wait, "ANSWER_SECONDS", 1.0)  # no worker runs, so some wait in vain

    @asynccontextmanager
    async def opened(**more: Any) -> AsyncIterator[Desk]:
        values = {name.lower(): value for name, value in SETTINGS.items()} | {
            "port": 0,
            "database_url": sqlite_url,
        }
        settings = Settings(**{"_env_file": None, **values, "munshi_flow": flow_in(tmp_path), **more})
        await made(sqlite_url)
        async with (
            bot(settings, ShiftedClock(FixedClock())) as (context, workers),
            serving(context) as url,
            aiohttp.ClientSession() as http,
        ):
            asha = conversations.to_json(Conversation("k-1", customer={"name": "Asha"}))
            await insert(context.store, "conversation", id=1, snapshot=asha)
            await insert(context.store, "alias", conversation_id=1, value=PHONE)
            yield Desk(url, http, context, workers)

    return opened


PATHS = (
    ("GET", "/orders"), ("GET", "/orders/1"), ("POST", "/orders/1/cancel"), ("POST", "/products/thali"),
    ("POST", f"/customers/{PHONE}/forget"), ("POST", "/operator/events/1/replay"),
    ("POST", "/operator/notices/1/seen"), ("GET", "/export/day"), ("POST", "/day"), ("GET", "/export/orders"),
)  # fmt: skip


@pytest.mark.usefixtures("held")
async def test_each_password_opens_its_own(desk: Callable[..., Any]) -> None:
    async with desk(munshi_operator_token=OPERATOR) as ask:
        for method, path in PATHS:
            status, said = await ask(method, path, {}, token=API)
            assert (status, said["error"][-21:]) == (401, "MUNSHI_OPERATOR_TOKEN"), path
            assert (await ask(method, path, {}, token=OPERATOR))[0] != 401, path
        for method, path in (("POST", "/payments/create"), ("GET", "/payments/1")):
            status, said = await ask(method, path, {}, token=OPERATOR)
            assert (status, said["error"][-16:]) == (401, "MUNSHI_API_TOKEN"), path
            assert (await ask(method, path, {}, token=API))[0] != 401, path


@pytest.mark.usefixtures("held")
async def test_one_password_opens_all_until_there_are_two(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        for method, path in PATHS:
            assert (await ask(method, path, {}))[0] != 401, path
            assert (await ask(method, path, {}, token=OPERATOR))[0] == 401, path


async def test_lists(desk: Callable[..., Any]) -> None:
    """Days are the shop's: India's midnight is 18:30 of the day before in UTC."""
    midnight = 1_790_015_400_000  # 2026-09-22, 0:00 in India; the clock stands at 2026-09-21 19:43
    async with desk() as ask:
        placed = (
            (-86_400_001, "out", "paid"), (-86_400_000, "placed", "cash"), (-1, "out", "cash"),
            (0, None, "paid"),
        )  # fmt: skip
        keys = [
            await ask.order(n, placed_at=midnight + ms, stage=stage, todo=stage and "goods", payment=payment)
            for n, (ms, stage, payment) in enumerate(placed, 1)
        ]

        async def found(query: str) -> list[int]:
            status, page = await ask("GET", f"/orders?{query}")
            assert status == 200, page
            return [keys.index(order["key"]) for order in page["orders"]]

        assert await found("") == [3, 2, 1, 0]
        assert await found("todo=1") == [0, 1, 2]
        assert await found("stage=out&payment=cash") == [2]
        assert await found("from=2026-09-21&to=2026-09-21") == [2, 1]
        assert await found("to=2026-09-20") == [0]
        assert await found("today=1") == [2, 1]
        assert await found("customer=%2B91+98000-00001&limit=1") == [3]
        assert await found("customer=919800000009") == []
        status, first = await ask("GET", "/orders?limit=3")
        assert await found(f"after={first['next']}") == [0]
        assert first["orders"][0]["customer"] == {
            "conversation": keys[0].rpartition("-")[0], "name": "Asha", "phone": f"+{PHONE}",
        }  # fmt: skip
        for query in (
            "stage=flying",
            "payment=no",
            "limit=0",
            "limit=201",
            "from=soon",
            "after=x",
            "page=2",
            "todo=7",
            "limit=1&limit=2",
            "to=9999-12-31",
            "from=0001-01-01",
        ):
            status, said = await ask("GET", f"/orders?{query}")
            assert status == 422, query
            assert said["error"].startswith(f"{query.partition('=')[0]}: "), said


async def test_an_order_by_its_key_or_its_number(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        key = await ask.order()
        for name in (key, "10001"):
            status, order = await ask("GET", f"/orders/{name}")
            assert (status, order["key"], order["paid"], order["moves"]) == (200, key, 50_000, [])
        for name in ("10002", "%00", "x" * 65, "%E0%A4%95"):
            assert (await ask("GET", f"/orders/{name}"))[0] == 404, name
            assert (await ask("POST", f"/orders/{name}/cancel", {}))[0] == 404, name
        await ask.order(2, number="10001")
        status, said = await ask("POST", "/orders/10001/cancel", {})
        assert (status, key in said["error"]) == (409, True)
        assert (await ask("POST", f"/orders/{key}/frighten", {}))[0] == 404
        assert (await ask("POST", f"/orders/{key}/stage", {"to": "gone"}))[1]["error"].startswith("to: ")
        assert (await ask("POST", f"/orders/{key}/stage", []))[0] == 400
        assert (await ask("POST", f"/orders/{key}/cancel", {}, key="ü"))[0] == 400


async def test_a_change_waits_for_its_turn_and_is_made_once(
    desk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the order's conversation was merged into another one in the meantime."""
    monkeypatch.setattr(event_wait, "ANSWER_SECONDS", 0.1)
    async with desk() as ask:
        snapshot = conversations.to_json(Conversation("k-2", customer={"name": "Asha"}))
        await insert(ask.context.store, "conversation", id=2, snapshot=snapshot)
        await ask.context.store._units.run(
            lambda tx: tx.fetch("UPDATE conversation SET merged_into = 2 WHERE id = 1")
        )
        key = await ask.order(conversation=2)
        path, body = f"/orders/{key}/stage", {"to": "out", "by": "Meena", "from": "placed"}
        status, said = await ask("POST", path, body, key="1")
        assert (status, said["state"], said["key"]) == (202, "waits", key)
        await ask.workers.drain()
        for _ in range(2):
            status, order = await ask("POST", path, body, key="1")
            assert status == 200, order
            assert (order["stage"], order["stage_by"]) == ("out", "Meena")
            assert [(move["verb"], move["stage"]) for move in order["moves"]] == [("stage", "out")]
        assert (await ask("POST", path, {"to": "ready"}, key="1"))[0] == 422
        assert (await ask("POST", f"/orders/{key}/refuse", body, key="1"))[0] == 422
        assert (await ask("POST", path, body, key="2"))[0] == 202
        await ask.workers.drain()
        status, said = await ask("POST", path, body, key="2")
        assert (status, said["error"], said["stage"]) == (409, "#10001 is out (by Meena) already", "out")
        other = await ask.order(2)
        assert (await ask("POST", f"/orders/{other}/stage", body, key="1"))[0] == 202, "a key is of one order"


async def test_a_change_whose_event_is_erased_is_not_made_again(desk: Callable[..., Any]) -> None:
    """By pruning, or because the customer was forgotten."""
    async with desk() as ask:
        path, body = f"/orders/{await ask.order()}/allowance", {"amount": 3_000}
        asked = asyncio.create_task(ask("POST", path, body, key="once"))
        while not asked.done():
            await ask.workers.drain()
            await asyncio.sleep(0)
        assert (await asked)[0] == 200
        await ask.context.store._units.run(lambda tx: tx.fetch("DELETE FROM inbox"))
        status, said = await ask("POST", path, body, key="once")
        assert (status, said["reason"]) == (409, "erased")
        assert (await ask("POST", path, {"amount": 1}, key="once"))[0] == 422
        await ask.workers.drain()
        amendments = await ask.context.store._units.read(lambda tx: tx.fetch("SELECT key FROM amendment"))
        assert len(amendments) == 1


async def test_an_export_that_fails_half_way_does_not_look_whole(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        for n in range(1, 61):
            await ask.order(n)
        await ask.context.store._units.run(
            lambda tx: tx.fetch("UPDATE orders SET lines = '7' WHERE number = '10055'")
        )
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask("GET", "/export/orders?from=2026-01-01&to=2026-12-31")
        status, said = await ask("GET", "/orders?limit=200")
        assert (status, len(said["orders"])) == (200, 60)
        [unreadable] = [order for order in said["orders"] if "unreadable" in order]
        assert unreadable["number"] == "10055"
        status, said = await ask("GET", "/orders/10055")
        assert (status, unreadable["key"] in said["error"]) == (500, True)


async def test_what_is_not_known_is_refused_and_not_left_out(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        for path in (
            "/orders?today=1&from=2026-01-01", "/export/orders?form=2026-01-01", "/export/orders?bom=1&bom=0",
            "/export/day?date=9999-12-31", "/export/day?day=today", "/export/orders?to=9999-12-31",
        ):  # fmt: skip
            assert (await ask("GET", path))[0] == 422, path
        for body in ({"x": 1}, {"date": 7}, {"date": "9999-12-31"}, {"date": "0001-01-01"}):
            assert (await ask("POST", "/day", body))[0] == 422, body


async def test_who_did_it_is_a_name(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        key = await ask.order()
        places: Any = ((f"/orders/{key}/cancel", {}), ("/products/thali", {"available": False}))
        for path, body in places:
            for by in ("", " ", "\n\0", "x" * 65):
                status, said = await ask("POST", path, {**body, "by": by})
                assert (status, said["error"].startswith("by: ")) == (422, True), (path, by)
        await ask("POST", "/products/thali", {"available": False, "by": " Meena\n Rao "})
        rows = await ask.context.store._units.read(lambda tx: tx.fetch("SELECT * FROM product_off"))
        assert rows[0]["switched_by"] == "Meena Rao"


async def test_every_error_for_a_program_is_json(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        for method, path, status in (
            ("GET", "/nowhere", 404), ("GET", "/day", 405), ("POST", "/payments/1", 405),
        ):  # fmt: skip
            found, said = await ask(method, path, {})
            assert (found, list(said)) == (status, ["error"]), path
        long = {"by": "x" * 70_000}
        assert list((await ask("POST", "/orders/1/cancel", long))[1]) == ["error"], "413"


async def test_somebody_without_a_number_is_forgotten_by_their_conversation(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        unnumbered = "UPDATE alias SET kind = 'bsuid', value = 'IN.1'"
        await ask.context.store._units.run(lambda tx: tx.fetch(unnumbered))
        installed = await installation(ask.context.store)
        for nobody in (f"{installed}-9", "another1-1", "919800000009"):
            assert (await ask("POST", f"/customers/{nobody}/forget", {}))[0] == 404, nobody
        asked = asyncio.create_task(ask("POST", f"/customers/{installed}-1/forget", {}))
        while not asked.done():
            await ask.workers.drain()
            await asyncio.sleep(0)
        assert (await asked)[0] == 200
        assert await ask.context.store._units.read(lambda tx: tx.fetch("SELECT * FROM alias")) == []
        assert (await ask("POST", f"/customers/{installed}-1/forget", {}))[0] == 404, "nobody any more"


async def test_one_of_the_staff_is_not_forgotten(desk: Callable[..., Any]) -> None:
    async with desk() as ask:
        await ask.context.store.declare_staff({PHONE: Staff("Meena", f"+{PHONE}")}, 1)
        asked = asyncio.create_task(ask("POST", f"/customers/{PHONE}/forget", {}))
        while not asked.done():
            await ask.workers.drain()
            await asyncio.sleep(0)
        status, said = await asked
        assert (status, said["reason"]) == (409, "one of the staff")
        assert said["error"] == "it is one of the staff"
