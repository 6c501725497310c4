"""Requests that are not HTTP: refused, and nothing of them is logged."""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from tests.world.running_bot import Live

TOKEN = "somebodys-token-0123456789"
HOST = b"Host: x\r\n"
MALFORMED = {
    "a header without a colon": b"GET /metrics HTTP/1.1\r\nAuthorization Bearer %s\r\n\r\n",
    "a header with a blank": b"GET / HTTP/1.1\r\nAuthorization : Bearer %s\r\n\r\n",
    "a header with a control character": b"GET / HTTP/1.1\r\nAuthorization: Bearer %s\x00\r\n\r\n",
    "a header that is too long": b"GET / HTTP/1.1\r\nAuthorization: Bearer %s" + b"x" * 10_000 + b"\r\n\r\n",
    "a query with a blank": b"GET /whatsapp/webhook?hub.verify_token=%s b HTTP/1.1\r\n\r\n",
    "a version there is not": b"GET /whatsapp/webhook?hub.verify_token=%s HTTP/9.x\r\n\r\n",
    "a method there is not": b"G@T /whatsapp/webhook?hub.verify_token=%s HTTP/1.1\r\n\r\n",
    "a body with two lengths": b"POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: %s\r\n\r\n",
    "a chunk without a length": (
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n"
    ),
}


def assert_headers(headers: Mapping[str, str]) -> None:
    """The answer says nothing of the server, and nobody keeps it, runs it or guesses what it is."""
    assert "Server" not in headers
    assert not any(word in repr(headers).lower() for word in ("aiohttp", "python"))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("HEAD", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/orders", 401),
        ("POST", "/whatsapp/webhook", 403),
        ("GET", "/payments/return", 403),
        ("DELETE", "/whatsapp/webhook", 405),
        ("GET", "/<script>", 404),
        ("OPTIONS", "/", 404),
    ],
)
async def test_no_answer_says_what_the_server_is(live: Live, method: str, path: str, status: int) -> None:
    async with live.http.request(method, live.url + path) as answer:
        assert answer.status == status
        assert_headers(answer.headers)


@pytest.mark.parametrize("name", MALFORMED)
async def test_nothing_of_a_malformed_request_is_logged(
    live: Live, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    host, port = live.url.removeprefix("http://").split(":")
    for first in (True, False):
        reader, writer = await asyncio.open_connection(host, int(port))
        if not first:  # what comes behind a good request is reported otherwise
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"ok\n")
        with caplog.at_level(logging.DEBUG):
            writer.write(MALFORMED[name] % TOKEN.encode())
            async with asyncio.timeout(5):
                answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        assert answer.split()[1] in (b"400", b"404"), answer
        assert_headers(dict(line.split(": ", 1) for line in answer.decode().split("\r\n")[1:-2]))
    formatter = logging.Formatter()
    assert TOKEN not in "".join(formatter.format(record) + repr(record.args) for record in caplog.records)
    async with live.http.get(f"{live.url}/healthz") as well:
        assert well.status == 200
