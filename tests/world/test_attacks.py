"""What strangers send on purpose, where no other test does: replays, odd numbers, reading that writes."""

import json
from typing import Any

import orjson
import pytest

from bot.http import server
from tests.world.running_bot import API_TOKEN, Live
from tests.world.test_bad_requests import BODY, HEADER, RAZORPAY, WHATSAPP, signed

HOSTILE = {
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 13_000,
    "NaN": b'{"phone": "919812345601", "items": NaN}',
    "a number of 5,000 digits": b'{"phone": ' + b"9" * 5_000 + b"}",
    "no UTF-8": b'{"phone": "\xff"}',
    "half a pair": rb'{"phone": "\ud83d"}',
    "NUL": rb'{"phone": "91\u00009812345601"}',
    "an infinite number": b'{"phone": "919812345601", "items": [{"sku": "masala-250", "quantity": 1e999}]}',
    "more than 64 bits": b'{"phone": "919812345601", "items": [{"sku": "masala-250", "quantity": %d}]}'
    % 2**70,
    "true for a number": b'{"phone": "919812345601", "items": [{"sku": "masala-250", "quantity": true}]}',
}


@pytest.mark.parametrize("path", ["/payments/create", "/operator/reload", "/chats/919812345601/reply"])
async def test_no_body_of_the_api_is_a_failure_of_ours(live: Live, path: str) -> None:
    before = await live.stored()
    for name, body in HOSTILE.items():
        status, _ = await live.api("POST", path, body)
        assert 400 <= status < 500, name
    assert await live.stored() == before


async def test_one_body_under_a_thousand_event_ids_is_one_event(live: Live) -> None:
    """The event id is in a header, which is not signed."""
    body = orjson.dumps({"entity": "event", "event": "payment.captured", "payload": {}})
    for number in range(1_000):
        headers = {**signed(live, RAZORPAY, body), "X-Razorpay-Event-Id": f"evt_{number}"}
        assert (await live.post(RAZORPAY, body, headers))[0] == 200
    [row] = await live.rows("SELECT COUNT(*) AS n FROM inbox")
    assert row["n"] == 1


async def test_a_webhook_of_one_sender_is_none_of_the_others(live: Live) -> None:
    """A right signature at the wrong door, or under the other's header, is refused."""
    before = await live.stored()
    for door, other in ((WHATSAPP, RAZORPAY), (RAZORPAY, WHATSAPP)):
        body = BODY[other]
        signature = signed(live, other, body)
        [digest] = signature.values()
        for headers in (signature, {HEADER[door]: digest}, {HEADER[door]: digest.removeprefix("sha256=")}):
            assert (await live.post(door, body, headers))[0] == 403
    assert await live.stored() == before


async def test_reading_changes_nothing(live: Live) -> None:
    """Every address that is read, with a token, whatever it names."""
    asha = live.customer()
    await asha.order()
    await live.settle()

    async def tables() -> list[Any]:
        names = ("inbox", "outbox", "orders", "conversation", "product_switch", "notice")
        return [await live.rows(f'SELECT * FROM "{name}" ORDER BY 1') for name in await existing(live, names)]

    before = await tables()
    app = server.application(live.context)
    paths = {
        resource.canonical
        for resource in app.router.resources()
        for route in resource
        if route.method in ("GET", "HEAD")
    }
    assert len(paths) > 10
    for path in sorted(paths):
        named = path.replace("{", "").replace("}", "")
        async with live.http.get(
            live.url + named, headers={"Authorization": f"Bearer {API_TOKEN}"}, params={"verify": "1"}
        ) as answer:
            await answer.read()
            assert answer.status < 500, path
    assert await tables() == before


async def existing(live: Live, names: tuple[str, ...]) -> list[str]:
    url = live.context.settings.database_url
    found = (
        await live.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        if url.startswith("sqlite")
        else await live.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    )
    tables = {row["name"] for row in found}
    assert {"inbox", "outbox", "conversation"} <= tables
    return [name for name in names if name in tables]


async def test_what_a_stranger_claims_in_a_header_is_nowhere_in_an_answer(live: Live) -> None:
    evil = "<script>alert(1)</script>"
    for path in ("/nowhere", f"/{evil}", f"/orders/{evil}", "/whatsapp/webhook"):
        headers = {
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "Origin": "https://evil.example",
        }
        async with live.http.get(live.url + path, headers=headers, params={"a": evil}) as answer:
            said = await answer.text() + json.dumps(dict(answer.headers))
            assert "evil.example" not in said
            assert "<script>" not in said
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_proxy_of_the_environment_sees_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there, so a call that went through it would fail."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    asha = live.customer()
    [products] = await asha.write("hi")
    assert products
    assert "Complete Payment" in repr(await asha.order())
