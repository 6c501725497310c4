"""The door before all pages, without a browser: what another site sends, and the name that is asked for."""

import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.clock import SystemClock
from bot.console.context import Console
from bot.console.guard import Guard
from bot.console.site import serving
from bot.console.visit import Visit, cookies
from storage.database.errors import Unavailable


async def answer(guard: Guard, **scope: Any) -> Any:
    """The status of the answer to a request; 101 for a socket that was let in."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in scope.pop("headers", {}).items()]
    await guard(
        {"type": "http", "scheme": "http", "method": "GET", "path": "/", **scope, "headers": headers},
        receive,
        send,
    )
    [first, *_] = sent
    return {"websocket.close": 403, "websocket.accept": 101}.get(first["type"], first.get("status"))


def demo() -> Guard:
    """A door where nobody logs in, before a site that lets everybody in."""

    async def site(scope: Any, receive: Any, send: Any) -> None:
        assert isinstance(scope["state"]["visit"], Visit)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    return Guard(site, cast(Console, SimpleNamespace(accounts=None)))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8090", 200),
        ("localhost:8090", 200),
        ("[::1]:8090", 200),
        ("evil.example:8090", 403),
        ("", 403),
        ("[", 403),
    ],
)
async def test_where_nobody_logs_in_the_machine_is_asked_under_its_own_name(host: str, status: int) -> None:
    assert await answer(demo(), headers={"host": host}) == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8090", 101),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1:1", 403),
        ("https://127.0.0.1:8090", 101),
        ("ftp://127.0.0.1:8090", 403),
        ("http://[", 403),
    ],
)
async def test_a_socket_comes_from_a_page_of_ours(origin: str, status: int) -> None:
    headers = {"host": "127.0.0.1:8090", "origin": origin}
    assert await answer(demo(), type="websocket", headers=headers) == status
    assert await answer(demo(), method="POST", headers=headers) == (200 if status == 101 else 403)


async def test_a_page_that_was_not_sent_by_tls_asks_nothing_of_one_that_was() -> None:
    headers = {"host": "localhost", "origin": "http://localhost"}
    for type_, scheme in (("http", "https"), ("websocket", "wss")):
        assert await answer(demo(), type=type_, method="POST", scheme=scheme, headers=headers) == 403


async def test_where_the_file_of_people_cannot_be_read_it_is_said() -> None:
    class Broken:
        async def session(self, _: str, __: int) -> None:
            raise Unavailable("console.db cannot be used: database is locked")

    console = cast(Console, SimpleNamespace(accounts=Broken(), clock=SystemClock()))
    guard = Guard(cast(Any, None), console)
    headers = {"cookie": "munshi_session=token", "host": "shop.example", "origin": "https://shop.example"}
    assert await answer(guard, headers=headers) == 503
    assert await answer(guard, type="websocket", headers=headers) == 403


async def test_a_form_that_does_not_say_where_it_comes_from_is_refused() -> None:
    assert await answer(demo(), method="POST", headers={"host": "127.0.0.1:8090"}) == 403


@pytest.mark.parametrize(
    "header",
    [
        'a={"b":1}; munshi_session=token; theme=x',
        "munshi_session=token; a=b c, d@e; =; lone",
        'bad[name]="; munshi_session=token',
    ],
)
def test_cookies_of_other_programs_at_the_host_hide_none_of_ours(header: str) -> None:
    assert cookies({"headers": [(b"cookie", header.encode())]})["munshi_session"] == "token"


async def test_a_port_that_is_taken_is_an_error_that_can_be_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        async with serving(cast(Console, None), "127.0.0.1", other.getsockname()[1]):
            pass
