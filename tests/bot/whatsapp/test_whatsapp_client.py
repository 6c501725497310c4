"""The client against a real server on the loopback interface."""

import asyncio
import json
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.retry import Failure
from bot.whatsapp.client import ANSWER_CAP, Accepted, WhatsAppClient
from bot.whatsapp.errors import SendError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"
TOKEN = "EAAGtesttokentesttoken"
PAYLOAD = {"messaging_product": "whatsapp", "to": "+917000000021", "text": {"body": "नमस्ते"}}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def calling(base_url: str, timeout: float = 5) -> AsyncIterator[WhatsAppClient]:
    async with aiohttp.ClientSession() as session:
        yield WhatsAppClient(
            session,
            base_url=base_url,
            version="v25.0",
            phone_number_id="300000000000077",
            access_token=TOKEN,
            timeout=timeout,
        )


@asynccontextmanager
async def graph(handler: Handler, timeout: float = 5) -> AsyncIterator[WhatsAppClient]:
    """A client of a server that answers every request with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server, calling(str(server.make_url("/")), timeout) as client:
        yield client


@asynccontextmanager
async def wire(answer: bytes, timeout: float = 5) -> AsyncIterator[WhatsAppClient]:
    """A client of a server that reads a request, writes `answer` and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, calling(f"http://127.0.0.1:{port}", timeout) as client:
        yield client


def answers(body: bytes | str, status: int = 200, **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        text = body.encode() if isinstance(body, str) else body
        return web.Response(body=text, status=status, headers=headers)

    return handler


async def refusal(client: WhatsAppClient) -> SendError:
    with pytest.raises(SendError) as caught:
        await client.send(PAYLOAD)
    return caught.value


@pytest.mark.parametrize(
    ("fixture", "wamid", "name"),
    [
        ("answer_send_ok", "wamid.b3Vycy0x", ("phone", "917000000021")),
        ("answer_send_ok_bsuid", "wamid.b3Vycy0y", ("bsuid", "IN.4077000000000000021")),
        ("answer_send_ok_template_held", "wamid.b3Vycy0z", ("phone", "917000000021")),
    ],
)
async def test_send_gives_the_message_id_and_who_gets_it(
    fixture: str, wamid: str, name: tuple[str, str]
) -> None:
    async with graph(answers((FIXTURES / f"{fixture}.json").read_bytes())) as client:
        assert await client.send(PAYLOAD) == Accepted(wamid, (name,))


@pytest.mark.parametrize("contacts", ["", ', "contacts": []', ', "contacts": ["x"]', ', "contacts": 1'])
async def test_a_send_that_tells_no_recipient_is_accepted_all_the_same(contacts: str) -> None:
    async with graph(answers(f'{{"messages": [{{"id": "wamid.x"}}]{contacts}}}'.encode())) as client:
        assert await client.send(PAYLOAD) == Accepted("wamid.x")


@pytest.mark.parametrize("odd", ["1e999", "-Infinity", '"\\ud83d"', "9" * 5000, "[" * 40 + "]" * 40])
async def test_an_odd_value_beside_the_message_id_does_not_send_it_twice(odd: str) -> None:
    """Without an id the message could not be known as accepted."""
    async with graph(answers(f'{{"new": {odd}, "messages": [{{"id": "wamid.x"}}]}}'.encode())) as client:
        assert await client.send(PAYLOAD) == Accepted("wamid.x")


async def test_what_no_database_can_keep_is_left_out() -> None:
    body = rb'{"messages": [{"id": "wamid.\u0000x"}], "contacts": [{"user_id": "IN.\u000012"}]}'
    async with graph(answers(body)) as client:
        assert await client.send(PAYLOAD) == Accepted("wamid.x", (("bsuid", "IN.12"),))


async def test_send_makes_the_documented_request() -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(method=request.method, path=request.path_qs, body=await request.read())
        seen.update(headers=request.headers)
        return web.json_response({"messages": [{"id": "wamid.x"}]})

    async with graph(handler) as client:
        await client.send(PAYLOAD)
    assert (seen["method"], seen["path"]) == ("POST", "/v25.0/300000000000077/messages")
    assert seen["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert seen["headers"]["Content-Type"] == "application/json"
    assert json.loads(seen["body"]) == PAYLOAD


async def test_phone_number() -> None:
    number = {"display_phone_number": "+91 70000 00001", "verified_name": "Chai", "quality_rating": "GREEN"}

    async def handler(request: web.Request) -> web.Response:
        assert request.path_qs == (
            "/v25.0/300000000000077?fields=display_phone_number,verified_name,quality_rating"
        )
        return web.json_response(number)

    async with graph(handler) as client:
        assert await client.phone_number() == number


async def test_phone_number_refused() -> None:
    body = (FIXTURES / "error_190_token_expired.json").read_bytes()
    async with graph(answers(body, 401)) as client:
        with pytest.raises(SendError) as caught:
            await client.phone_number()
    assert (caught.value.failure, caught.value.code) == (Failure.HALT, 190)


@pytest.mark.parametrize(
    ("body", "status", "failure"),
    [
        ((FIXTURES / "error_131056_pair_rate.json").read_bytes(), 400, Failure.PAIR_RATE),
        ((FIXTURES / "error_130429_throughput.json").read_bytes(), 429, Failure.THROTTLED),
        ((FIXTURES / "error_190_token_expired.json").read_bytes(), 200, Failure.HALT),
        (b"<html>Bad gateway</html>", 502, Failure.UNKNOWN),
        (b"{}", 200, Failure.UNKNOWN),
        (b'{"messages": []}', 200, Failure.UNKNOWN),
        (b'{"messages": [{"id": ""}]}', 200, Failure.UNKNOWN),
        (b'{"messages": {"id": "wamid.x"}}', 200, Failure.UNKNOWN),
        (b'[{"messages": [{"id": "wamid.x"}]}]', 200, Failure.UNKNOWN),
        (b'{"messages": [{"id": "wamid', 200, Failure.UNKNOWN),
    ],
)
async def test_refusals(body: bytes, status: int, failure: Failure) -> None:
    async with graph(answers(body, status)) as client:
        error = await refusal(client)
    assert (error.failure, error.status) == (failure, status)


async def test_retry_after_is_passed_on() -> None:
    async with graph(answers(b"", 429, **{"Retry-After": "7"})) as client:
        assert (await refusal(client)).retry_after == 7


async def test_redirects_are_not_followed() -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with graph(handler) as client:
        assert (await refusal(client)).failure is Failure.RETRY
    assert paths == ["/v25.0/300000000000077/messages"]


async def test_answers_are_read_up_to_a_cap() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"messages": [{"id": "wamid.x", "pad": "')
        await response.write(b"x" * (4 * ANSWER_CAP))
        await response.write(b'"}]}')
        return response

    async with graph(handler) as client:
        assert (await refusal(client)).failure is Failure.UNKNOWN


async def test_refused_connection_was_never_sent() -> None:
    with socket.socket() as taken:  # bound but not listening: refused, and nobody else can get the port
        taken.bind(("127.0.0.1", 0))
        async with calling(f"http://127.0.0.1:{taken.getsockname()[1]}") as client:
            error = await refusal(client)
    assert (error.failure, error.status) == (Failure.RETRY, None)


async def test_waiting_for_a_free_connection_was_never_sent() -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        return web.json_response({"messages": [{"id": "wamid.x"}]})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    settings: dict[str, Any] = {"version": "v25.0", "phone_number_id": "3", "access_token": TOKEN}
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session,
    ):
        url = str(server.make_url("/"))
        first = asyncio.create_task(WhatsAppClient(session, base_url=url, **settings).send(PAYLOAD))
        await asyncio.sleep(0)
        error = await refusal(WhatsAppClient(session, base_url=url, timeout=0.05, **settings))
        release.set()
        assert (await first).wamid == "wamid.x"
    assert error.failure is Failure.RETRY


async def test_time_out_after_sending_leaves_the_outcome_unknown() -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with graph(handler, timeout=0.05) as client:
        error = await refusal(client)
        release.set()
    assert (error.failure, error.status) == (Failure.UNKNOWN, None)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    ],
)
async def test_lost_answer_leaves_the_outcome_unknown(answer: bytes) -> None:
    async with wire(answer) as client:
        error = await refusal(client)
    assert error.failure is Failure.UNKNOWN


async def raised_with(handler_body: bytes, status: int) -> SendError:
    async with graph(answers(handler_body, status)) as client:
        return await refusal(client)


async def test_the_token_is_in_no_error() -> None:
    quoting = json.dumps({"error": {"code": 190, "message": f"Malformed access token {TOKEN}"}}).encode()
    raised = [await raised_with(quoting, 400), await raised_with(TOKEN.encode(), 500)]
    async with wire(b"SSH-2.0-OpenSSH_9.9\r\n\r\n") as client:
        raised.append(await refusal(client))
        assert TOKEN not in repr(client)
    for error in raised:
        linked = (error.__cause__, error.__context__)
        told = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
        assert linked == (None, None)
        assert not any(TOKEN in text for text in told)


@pytest.mark.parametrize("base_url", ["", "graph.example", "ftp://graph.example", "https://"])
async def test_address_that_is_no_url_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(ValueError, match="WhatsApp API address"):
        async with calling(base_url):
            pass
