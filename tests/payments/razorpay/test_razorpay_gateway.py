"""The gateway makes, cancels and fetches links over HTTP."""

import base64
import json
import math
import shutil
import socket
import ssl
import subprocess
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from payments.ledger.calls import CreateLink
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway, Link
from payments.shop.orders import LinkStatus

if TYPE_CHECKING:
    from tests.payments.razorpay.conftest import FakeRazorpay, Serve

KEY_ID, KEY_SECRET = "rzp_test_ExampleKey01", "an-invented-key-secret"
CALL = CreateLink("k3f9-27-4.2", "k3f9-27-4", 64550, "INR", "Order #20417", 1_793_207_300_001)


async def failing(awaitable: Awaitable[object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await awaitable
    assert KEY_SECRET not in f"{caught.value} {caught.value!r}"
    return caught.value


async def test_create_sends_exactly_what_the_call_says(fake: "FakeRazorpay", gateway: Gateway) -> None:
    link = await gateway.create_link(CALL)
    assert fake.bodies == [
        {
            "amount": 64550,
            "currency": "INR",
            "accept_partial": False,
            "reference_id": "k3f9-27-4.2",
            "description": "Order #20417",
            "expire_by": 1_793_207_301,
            "notify": {"sms": False, "email": False},
            "reminder_enable": False,
            "notes": {"munshi_order": "k3f9-27-4", "attempt": "2"},
        }
    ]
    assert link == Link(
        id="plink_Fake0000000000",
        reference_id="k3f9-27-4.2",
        status=LinkStatus.CREATED,
        amount=64550,
        amount_paid=0,
        currency="INR",
        short_url="https://rzp.io/rzp/plink_Fake0000000000",
        order_id=None,
        notes={"munshi_order": "k3f9-27-4", "attempt": "2"},
        created_at=1_793_205_500,
    )
    credentials = base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()
    assert fake.headers[0]["Authorization"] == f"Basic {credentials}"
    assert fake.headers[0]["Content-Type"] == "application/json"


async def test_the_whole_life_of_a_link(fake: "FakeRazorpay", gateway: Gateway) -> None:
    assert await gateway.find_link(CALL.reference_id) is None
    link = await gateway.create_link(CALL)
    assert await gateway.find_link(CALL.reference_id) == link
    assert await gateway.fetch_link(link.id) == link
    assert await gateway.cancel_link(link.id) == replace(link, status=LinkStatus.CANCELLED)
    await gateway.ping()
    assert fake.seen == [
        ("GET", "/v1/payment_links", {"reference_id": "k3f9-27-4.2"}),
        ("POST", "/v1/payment_links", {}),
        ("GET", "/v1/payment_links", {"reference_id": "k3f9-27-4.2"}),
        ("GET", f"/v1/payment_links/{link.id}", {}),
        ("POST", f"/v1/payment_links/{link.id}/cancel", {}),
        ("GET", "/v1/payment_links", {"count": "1"}),
    ]


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_the_address_may_end_in_a_slash_or_a_version(
    fake: "FakeRazorpay", serve: "Serve", suffix: str
) -> None:
    async with serve(suffix) as gateway:
        await gateway.ping()
    assert fake.seen[0][1] == "/v1/payment_links"


@pytest.mark.parametrize(
    "url", ["", "api.razorpay.com", "ftp://x", "https://", "https://u:p@x", "https://x?y=1"]
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Gateway(KEY_ID, KEY_SECRET, url)


@pytest.mark.parametrize(("key_id", "key_secret"), [("", "x"), ("x", ""), ("x", "ключ")])
def test_a_key_that_cannot_be_sent_is_refused_at_once(key_id: str, key_secret: str) -> None:
    with pytest.raises(ValueError, match="key secret"):
        Gateway(key_id, key_secret, "https://api.razorpay.com")


async def test_a_server_that_ignores_the_filter_does_not_hand_us_another_link(
    fake: "FakeRazorpay", gateway: Gateway
) -> None:
    await gateway.create_link(replace(CALL, reference_id="k3f9-27-4.1"))
    fake.will_say(json.dumps({"payment_links": [*fake.links.values(), 5, None]}))
    assert await gateway.find_link(CALL.reference_id) is None


FAILURES = [
    ("<html>Bad Gateway</html>", 502, Reason.UNAVAILABLE),
    ('{"error":{"code":"SERVER_ERROR","description":"trouble"}}', 500, Reason.UNAVAILABLE),
    ('{"error":{"code":"BAD_REQUEST_ERROR","description":"no"}}', 401, Reason.AUTH),
    ('{"message":"no Route matched with those values"}', 404, Reason.UNAVAILABLE),
    ('{"error":{"description":"amount: bad","metadata":[]}}', 400, Reason.REFUSED),
    ("<html>Welcome</html>", 200, Reason.UNINTELLIGIBLE),
    ("", 204, Reason.UNINTELLIGIBLE),
    ("[]", 200, Reason.UNINTELLIGIBLE),
    ("{}", 302, Reason.UNINTELLIGIBLE),
]


@pytest.mark.parametrize(("text", "status", "reason"), FAILURES)
async def test_every_bad_answer_is_a_gateway_error(
    fake: "FakeRazorpay", gateway: Gateway, text: str, status: int, reason: Reason
) -> None:
    for call in (gateway.create_link(CALL), gateway.fetch_link("plink_A1"), gateway.ping()):
        fake.will_say(text, status, Location="/v1/elsewhere")
        error = await failing(call)
        assert (error.reason, error.status) == (reason, status)
    assert len(fake.seen) == 3


async def test_throttled_says_when_to_come_back(fake: "FakeRazorpay", gateway: Gateway) -> None:
    too_many = '{"error":{"code":"BAD_REQUEST_ERROR","description":"Too many requests"}}'
    fake.will_say(too_many, 429, **{"Retry-After": "3"})
    error = await failing(gateway.create_link(CALL))
    assert (error.reason, error.retry_after) == (Reason.THROTTLED, 3.0)
    assert error.retryable
    assert not error.ambiguous
    assert fake.links == {}
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"id": "../orders"},
        {"status": "issued?"},
        {"amount": "64550"},
        {"amount": 64550.0},
        {"amount": True},
        {"amount": -1},
        {"amount": 2**63},
        {"amount_paid": None},
        {"currency": 5},
        {"short_url": ""},
        {"short_url": "https://rzp.io/i/\ud83d"},
        {"currency": "IN\0"},
        {"amount": math.inf},
    ],
)
async def test_a_success_that_is_no_link_is_told_from_one(
    fake: "FakeRazorpay", gateway: Gateway, broken: dict[str, Any]
) -> None:
    link = await gateway.create_link(CALL)
    payload = json.dumps({**fake.links[link.id], **broken})
    fake.will_say(payload, kind="application/json")
    error = await failing(gateway.fetch_link(link.id))
    assert error.reason is Reason.UNINTELLIGIBLE
    assert error.retryable
    assert error.ambiguous


@pytest.mark.parametrize("notes", [[], None, {}])
@pytest.mark.parametrize("order_id", [None, "", "order_A1"])
async def test_empty_values_come_in_every_shape(
    fake: "FakeRazorpay", gateway: Gateway, notes: object, order_id: str | None
) -> None:
    made = await gateway.create_link(CALL)
    fake.links[made.id] |= {"notes": notes, "order_id": order_id, "reference_id": None}
    link = await gateway.fetch_link(made.id)
    assert (link.notes, link.order_id, link.reference_id) == ({}, order_id or None, "")


async def test_a_charset_that_lies_does_not_reach_the_sdk(fake: "FakeRazorpay", gateway: Gateway) -> None:
    await gateway.create_link(replace(CALL, description="चाय ₹"))

    async def lying(request: web.Request) -> web.StreamResponse:
        kind = {"Content-Type": "application/json; charset=utf-16"}
        return web.Response(body=json.dumps(fake.links["plink_Fake0000000000"]).encode(), headers=kind)

    fake.next_answers = [lying]
    assert (await gateway.fetch_link("plink_Fake0000000000")).amount == 64550


@pytest.mark.parametrize(
    "link_id", ["", "plink_", "plink_A/../../orders", "plink_A?x=1", "pay_A", "plink_A\n"]
)
async def test_an_id_that_is_none_is_never_sent(fake: "FakeRazorpay", gateway: Gateway, link_id: str) -> None:
    for call in (gateway.fetch_link(link_id), gateway.cancel_link(link_id)):
        assert (await failing(call)).reason is Reason.REFUSED
    assert fake.seen == []


async def test_a_slow_answer_times_out_and_may_have_happened(fake: "FakeRazorpay", serve: "Serve") -> None:
    async with serve(read_timeout=0.05) as gateway:
        fake.next_answers = [fake.slow]
        error = await failing(gateway.create_link(CALL))
        assert (error.reason, error.ambiguous, error.retryable) == (Reason.TIMEOUT, True, True)


async def test_an_answer_that_stops_in_the_middle_may_have_happened(
    fake: "FakeRazorpay", serve: "Serve"
) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "500"})
        await response.prepare(request)
        await response.write(b'{"id":')
        await fake.released.wait()
        return response

    async with serve(read_timeout=0.05) as gateway:
        fake.next_answers = [half]
        error = await failing(gateway.create_link(CALL))
        assert (error.reason, error.ambiguous) == (Reason.TIMEOUT, True)


async def test_no_connection_was_surely_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gateway = Gateway(KEY_ID, KEY_SECRET, f"http://127.0.0.1:{unused.getsockname()[1]}")
        error = await failing(gateway.create_link(CALL))
        await gateway.close()
    assert (error.reason, error.ambiguous, error.retryable) == (Reason.UNREACHABLE, False, True)
    assert error.status is None


async def test_a_thread_keeps_its_connection(fake: "FakeRazorpay", serve: "Serve") -> None:
    async with serve(threads=1) as gateway:
        for _ in range(5):
            await gateway.ping()
    assert len(fake.seen) == 5
    assert len(set(fake.peers)) == 1


async def test_the_environment_s_proxy_is_not_used(
    fake: "FakeRazorpay", gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    await gateway.ping()
    assert len(fake.seen) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_the_system_s_authorities_are_trusted_and_no_others(
    fake: "FakeRazorpay", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make.split(), *names], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = TestServer(fake.application(), scheme="https")
    await server.start_server(ssl=context)
    stranger = Gateway(KEY_ID, KEY_SECRET, f"https://127.0.0.1:{server.port}")
    error = await failing(stranger.ping())
    assert (error.reason, error.ambiguous) == (Reason.UNREACHABLE, False)
    assert fake.seen == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusting = Gateway(KEY_ID, KEY_SECRET, f"https://127.0.0.1:{server.port}")
    await trusting.ping()
    await stranger.close()
    await trusting.close()
    await server.close()
    assert len(fake.seen) == 1
