"""What a command says of a server that takes too long: it may be done. It asks again if that is safe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import typer

from bot.cli import operator_changes
from bot.cli.operator_changes import post


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[str, list[str]]]:
    """Take requests and answer none; yield the address and the Idempotency-Key of each request."""
    keys: list[str] = []

    taken: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        keys.append(next((line[17:] for line in head.split("\r\n") if line.lower().startswith("idemp")), ""))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}", keys
        for writer in taken:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize(("key", "asked"), [("k", ["k", "k"]), (None, [""])])
async def test_a_slow_answer_may_be_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str | None, asked: list[str]
) -> None:
    monkeypatch.setattr(operator_changes, "_SECONDS", 0.05)
    async with silent_server() as (url, keys):
        monkeypatch.setattr(operator_changes, "_server", lambda because: (url, "token"))
        with pytest.raises(typer.Exit):
            await post("/orders/1/cancel", {}, key=key)
        assert keys == asked
    assert "It may be done all the same: look before you say it again." in capsys.readouterr().err


async def test_nobody_at_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async with silent_server() as (url, _):
        pass
    monkeypatch.setattr(operator_changes, "_server", lambda because: (url, "token"))
    with pytest.raises(typer.Exit):
        await post("/orders/1/cancel", {}, key="k")
    assert "start the server" in capsys.readouterr().err
