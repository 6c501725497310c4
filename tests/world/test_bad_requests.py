"""Both webhooks over HTTP, signed and not: what is refused, and what is accepted."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.http import bodies
from payments.processing.silence import PAUSE
from sandbox import meta_webhooks
from tests.world.running_bot import Live

FIXTURES = Path(__file__).parents[1] / "fixtures" / "whatsapp"
WHATSAPP, RAZORPAY = "/whatsapp/webhook", "/payments/webhook"
HEADER = {WHATSAPP: "X-Hub-Signature-256", RAZORPAY: "X-Razorpay-Signature"}
PREFIX = {WHATSAPP: "sha256=", RAZORPAY: ""}
LIMIT = {WHATSAPP: 4 * 1024 * 1024, RAZORPAY: 256 * 1024}
BODY = {
    WHATSAPP: b'{"object":"whatsapp_business_account","entry":[]}',
    RAZORPAY: b'{"entity":"event","event":"payment.captured","payload":{}}',
}
BOTH = pytest.mark.parametrize("path", [WHATSAPP, RAZORPAY], ids=["whatsapp", "razorpay"])


def digest(live: Live, path: str, body: bytes) -> str:
    secrets = live.world.secrets
    secret = secrets.app_secret if path == WHATSAPP else secrets.webhook_secret
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(live: Live, path: str, body: bytes) -> dict[str, str]:
    return {HEADER[path]: PREFIX[path] + digest(live, path, body)}


def text_message(live: Live, wamid: str, body: str = "hi", phone: str = "919812345601") -> Any:
    """A webhook `value` with one message in it."""
    asha = live.world.meta.person(phone)
    message = {"type": "text", "text": {"body": body}}
    inbound = meta_webhooks.inbound(asha, wamid, live.clock.now(), message)
    metadata = {"phone_number_id": live.world.secrets.phone_number_id}
    return {"metadata": metadata, "contacts": [meta_webhooks.contact(asha)], "messages": [inbound]}


def webhook(*values: Any) -> Any:
    changes = [{"field": "messages", "value": value} for value in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}


@BOTH
async def test_a_wrong_signature_is_refused_and_leaves_no_row(live: Live, path: str) -> None:
    body = BODY[path] if path == RAZORPAY else json.dumps(webhook(text_message(live, "wamid.1"))).encode()
    good = digest(live, path, body)
    wrong = {
        "missing": None,
        "empty": "",
        "prefix alone": PREFIX[path],
        "short": PREFIX[path] + good[:-1],
        "long": PREFIX[path] + good + "0",
        "uppercase": PREFIX[path] + good.upper(),
        "of another body": PREFIX[path] + digest(live, path, body + b" "),
        "of another secret": PREFIX[path] + hmac.new(b"x" * 20, body, hashlib.sha256).hexdigest(),
        "not ASCII": PREFIX[path] + "é" * 64,
        "sha1": "sha1=" + good,
        "no prefix or two": good if PREFIX[path] else "sha256=" + good,
        "SHA256=": "SHA256=" + good,
        "twice": f"{PREFIX[path]}{good}, {PREFIX[path]}{good}",
        "zeros": PREFIX[path] + "0" * 64,
    }
    before = await live.stored()
    for name, value in wrong.items():
        status, text = await live.post(path, body, {} if value is None else {HEADER[path]: value})
        assert status == 403, name
        assert HEADER[path] in text
        assert good not in text
    assert await live.stored() == before
    assert (await live.post(path, body, signed(live, path, body)))[0] == 200
    assert await live.stored() > before


async def test_the_razorpay_secret_before_the_last_one(live: Live) -> None:
    """A secret that is being rotated is accepted only while it is set; here it is not."""
    body = BODY[RAZORPAY]
    old = hmac.new(b"the-secret-of-last-year", body, hashlib.sha256).hexdigest()
    assert (await live.post(RAZORPAY, body, {HEADER[RAZORPAY]: old}))[0] == 403
    settings = live.context.settings.model_copy(
        update={
            "razorpay_webhook_secret_previous": type(live.context.settings.munshi_api_token)(
                "the-secret-of-last-year"
            )
        }
    )
    object.__setattr__(live.context, "settings", settings)
    assert (await live.post(RAZORPAY, body, {HEADER[RAZORPAY]: old}))[0] == 200
    assert (await live.post(RAZORPAY, body, signed(live, RAZORPAY, body)))[0] == 200


@BOTH
async def test_size_and_encoding(live: Live, path: str) -> None:
    limit, before = LIMIT[path], await live.stored()
    padded = BODY[path] + b" " * (limit - len(BODY[path]))
    status = {}

    async def post(name: str, body: bytes, **headers: str) -> None:
        status[name] = (await live.post(path, body, {**signed(live, path, body), **headers}))[0]

    async def chunked(body: bytes) -> int:
        async def context() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65536):
                yield body[start : start + 65536]

        headers = signed(live, path, body)
        async with live.http.post(live.url + path, data=context(), headers=headers) as answer:
            return answer.status

    await post("too large", padded + b" ")
    status["too large, in chunks"] = await chunked(padded + b" ")
    await post("gzip", BODY[path], **{"Content-Encoding": "gzip"})
    assert status == {"too large": 413, "too large, in chunks": 413, "gzip": 415}
    assert await live.stored() == before

    await post("as large as it may be", padded)
    assert await chunked(padded) == 200
    await post("identity", BODY[path], **{"Content-Encoding": "identity"})
    assert {status[name] for name in ("as large as it may be", "identity")} == {200}


@BOTH
async def test_a_body_that_stops_arriving(live: Live, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "RECEIPT_SECONDS", 0.05)
    host, port = live.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        signature = f"{HEADER[path]}: {PREFIX[path]}{'0' * 64}"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{signature}\r\nContent-Length: 100\r\n\r\n{{"
        writer.write(head.encode())
        async with asyncio.timeout(5):
            assert b" 408 " in await reader.readline()
    finally:
        writer.close()


async def test_broken_bodies(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken chunks and clients that leave are no errors of ours: the server goes on and logs none."""
    monkeypatch.setattr(bodies, "RECEIPT_SECONDS", 0.2)
    host, port = live.url.removeprefix("http://").split(":")
    signature = b"Host: x\r\nX-Hub-Signature-256: sha256=" + b"0" * 64
    chunked = b"POST /whatsapp/webhook HTTP/1.1\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n" % signature
    answered: list[bytes] = []
    with capture_logs() as logs:
        for pieces in ([chunked + b"zz\r\n"], [chunked + b"2\r\n{}", b"\r\nzz\r\n"], [chunked + b"2\r\n{}"]):
            reader, writer = await asyncio.open_connection(host, int(port))
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.02)  # the handler waits for the rest by now
            if len(answered) < 2:
                async with asyncio.timeout(5):
                    answered.append((await reader.readline()).split()[1])
            writer.close()
        await asyncio.sleep(0.02)
    assert answered == [b"400", b"408"]
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert await live.whatsapp(BODY[WHATSAPP]) == 200


@BOTH
async def test_signed_but_unknown_is_kept(live: Live, path: str) -> None:
    body = (
        b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"new","value":{}}]}]}'
        if path == WHATSAPP
        else b'{"entity":"event","event":"subscription.charged","payload":{"odd":[]},"created_at":1}'
    )
    for _ in range(2):
        assert (await live.post(path, body, signed(live, path, body)))[0] == 200
    [row] = await live.rows("SELECT conversation_id, kind, state, raw FROM inbox")
    assert (row["conversation_id"], row["kind"], row["state"]) == (0, "other", "kept")
    assert "new" in row["raw"] or "subscription.charged" in row["raw"]


async def test_handshake(live: Live) -> None:
    right = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": live.world.secrets.verify_token,
    }

    async def ask(query: dict[str, str]) -> tuple[int, str]:
        async with live.http.get(live.url + WHATSAPP, params=query) as answer:
            return answer.status, await answer.text()

    assert await ask(right) == (200, "1158201444")
    wrong = [
        {},
        {**right, "hub.verify_token": "guess"},
        {**right, "hub.verify_token": ""},
        {**right, "hub.verify_token": "é" * 20},
        {**right, "hub.mode": "unsubscribe"},
        {**right, "hub.challenge": ""},
        {**right, "hub.challenge": "1" * 65},
        {**right, "hub.challenge": "<script>alert(1)</script>"},
        {**right, "hub.challenge": "1\r\nSet-Cookie: a=b"},
        {name: value for name, value in right.items() if name != "hub.challenge"},
    ]
    assert [(await ask(query))[0] for query in wrong] == [403] * len(wrong)


async def test_wrong_methods_and_paths(live: Live) -> None:
    async def status(method: str, path: str) -> int:
        async with live.http.request(method, live.url + path) as answer:
            return answer.status

    assert await status("GET", RAZORPAY) == 401, "an order called 'webhook' may be asked for, with the token"
    assert await status("DELETE", RAZORPAY) == 405
    assert await status("PUT", WHATSAPP) == 405
    assert await status("POST", "/") == 404
    assert await status("POST", "/whatsapp/webhook/") == 404


async def test_the_largest_legal_batch(live: Live) -> None:
    """1,000 messages of 400 customers in 2.9 MB: answered once all of them are stored."""
    pad = "x" * 2500
    values = [
        text_message(live, f"wamid.{index}", f"{index} {pad}", f"91980000{index % 400:04}")
        for index in range(1000)
    ]
    body = json.dumps(webhook(*values)).encode()
    assert 2_800_000 < len(body) < 3_000_000
    assert await live.whatsapp(body) == 200
    [row] = await live.rows("SELECT COUNT(*) AS n FROM inbox WHERE kind = 'chat' AND state = 'pending'")
    assert row["n"] == 1000
    assert await live.whatsapp(body) == 200
    [row] = await live.rows("SELECT COUNT(*) AS n FROM inbox")
    assert row["n"] == 1000
    [row] = await live.rows("SELECT COUNT(*) AS n FROM conversation WHERE id <> 0")
    assert row["n"] == 400


async def test_a_batch_of_everything(live: Live) -> None:
    asha, ravi = live.customer(), live.customer("919812345602", "Ravi")
    [products] = await asha.write("hi")
    theirs = text_message(live, "wamid.x", phone="919812345603")
    theirs["metadata"] = {"phone_number_id": "another number of the same account"}
    statuses = {
        "metadata": {"phone_number_id": live.world.secrets.phone_number_id},
        "statuses": [{"id": products.wamid, "status": "read", "timestamp": "1790000000"}, 7, {}],
    }
    ours = text_message(live, "wamid.a", "help")
    ours["messages"] += text_message(live, "wamid.b", "menu")["messages"]
    ours["messages"] += [None, {"id": "wamid.c"}, *text_message(live, "wamid.a", "help")["messages"]]
    second = webhook(
        text_message(live, "wamid.d", "hi", ravi.person.wa_id), theirs, {"errors": [{"code": 1}]}
    )
    body = webhook(statuses, ours)
    body["entry"] += [*second["entry"], "odd", {"id": "2"}]

    assert await live.whatsapp(body) == 200
    await live.settle()
    assert [text[:9] for text in asha.texts] == ["Namaste A", "How it wo", "Namaste A"]
    assert len(ravi.texts) == 1
    assert live.customer("919812345603").texts == []
    kept = await live.rows("SELECT COUNT(*) AS n FROM inbox WHERE state = 'kept' AND kind = 'other'")
    assert kept[0]["n"] >= 6, "what could not be read is kept, and so is what was sent to another number"
    [row] = await live.rows(f"SELECT receipt FROM outbox WHERE provider_id = '{products.wamid}'")
    assert row["receipt"] == "read"


SILENT = (
    "webhook_edit",
    "webhook_errors_value_level",
    "webhook_group_message",
    "webhook_payment_configuration_update",
    "webhook_reaction",
    "webhook_reaction_removed",
    "webhook_revoke",
    "webhook_status_",
    "webhook_system_",
    "webhook_user_preferences_stop",
)
"""Kinds of events that need no answer."""


async def test_every_inbound_kind(live: Live) -> None:
    ours = live.world.secrets.phone_number_id
    for file in sorted(FIXTURES.glob("webhook_*.json")):
        body = json.loads(file.read_text("utf-8"))
        for entry in body["entry"]:
            for change in entry["changes"]:
                change["value"].setdefault("metadata", {})["phone_number_id"] = ours
                for message in change["value"].get("messages", ()):
                    message["id"] += file.stem
        # One customer sends nearly all of them: without pauses they would be taken for a bot.
        await live.wait(PAUSE / 60_000)
        before = (await live.rows("SELECT COUNT(*) AS n FROM outbox"))[0]["n"]
        assert await live.whatsapp(body) == 200, file.stem
        await live.workers.step()
        after = (await live.rows("SELECT COUNT(*) AS n FROM outbox"))[0]["n"]
        assert (after > before) == (not file.stem.startswith(SILENT)), file.stem
    assert await live.parked() == []
