"""`munshi serve` that cannot start: exit status 1, the reason, and no secret."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.errors import NotMigrated
from tests.databases import made
from tests.world.processes import MUNSHI, environment, free_port, process, ready, run
from tests.world.running_bot import FLOW

SECRET = "this-is-a-secret-of-a-test"
SETTINGS = {
    "MUNSHI_API_TOKEN": SECRET,
    "WHATSAPP_API_URL": "http://127.0.0.1:9",
    "WHATSAPP_PHONE_NUMBER_ID": "200000000000001",
    "WHATSAPP_ACCESS_TOKEN": SECRET,
    "WHATSAPP_APP_SECRET": SECRET,
    "WHATSAPP_VERIFY_TOKEN": SECRET,
    "RAZORPAY_API_URL": "http://127.0.0.1:9",
    "RAZORPAY_KEY_ID": "rzp_test_Sandbox000001",
    "RAZORPAY_KEY_SECRET": SECRET,
    "RAZORPAY_WEBHOOK_SECRET": SECRET,
}


async def refused(cwd: Path, *command: str, **settings: str) -> str:
    """The output of `munshi serve --create`, or another command, that refuses to start."""
    command = command or ("serve", "--create")
    status, output = await run(
        *MUNSHI, *command, env=environment({**SETTINGS, "PORT": "0", **settings}), cwd=cwd
    )
    assert status == 1, output
    assert "Traceback" not in output
    assert SECRET not in output
    return output


async def test_secrets_missing_and_short(tmp_path: Path) -> None:
    said = await refused(
        tmp_path, RAZORPAY_WEBHOOK_SECRET="", WHATSAPP_APP_SECRET="only-15-letters", PORT="99999"
    )
    assert "RAZORPAY_WEBHOOK_SECRET is missing" in said
    assert "Razorpay Dashboard > Webhooks" in said
    assert "WHATSAPP_APP_SECRET has under 16 characters" in said
    assert "only-15-letters" not in said
    assert "PORT is not usable" in said
    assert list(tmp_path.glob("*.db")) == []


async def test_a_broken_flow(tmp_path: Path) -> None:
    flow = tmp_path / "flows.yaml"
    text = FLOW.read_text("utf-8")
    line = text.splitlines().index("start: browsing") + 1
    flow.write_text(text.replace("start: browsing\n", "start: browsin\n"), "utf-8")
    said = await refused(tmp_path, MUNSHI_FLOW=str(flow))
    assert f"flows.yaml:{line}:1: error: " in said
    assert "browsing" in said, "what was probably meant"


async def test_a_flow_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"flow: \xff\xfe")
    missing, binary = await asyncio.gather(
        refused(tmp_path, MUNSHI_FLOW="nowhere.yaml", DATABASE_URL="sqlite://a.db"),
        refused(tmp_path, MUNSHI_FLOW="binary.yaml", DATABASE_URL="sqlite://b.db"),
    )
    assert "nowhere.yaml" in missing
    assert "binary.yaml:1:1: error: the file is not UTF-8 text" in binary


async def test_a_second_one_on_the_same_file_or_port(tmp_path: Path) -> None:
    port = free_port()
    settings = {**SETTINGS, "PORT": str(port)}
    async with (
        aiohttp.ClientSession() as http,
        process(*MUNSHI, "serve", "--create", env=environment(settings), cwd=tmp_path) as first,
    ):
        await ready(http, f"http://127.0.0.1:{port}")
        said, worker, other = await asyncio.gather(
            refused(tmp_path),
            refused(tmp_path, "work"),
            refused(tmp_path, PORT=str(port), DATABASE_URL="sqlite://other.db"),
        )
        for second in (said, worker):
            assert f"munshi.db is in use by process {first.pid}: SQLite serves one process" in second
        assert "address already in use" in other


COMMANDS = (("serve",), ("work",), ("migrate",), ("ledger",), ("why", "#10001"), ("replay", "1"))
LEAKED = "Sesam/oeffne"


async def said_by(commands: Iterable[tuple[str, ...]], cwd: Path, url: str) -> list[str]:
    """What commands that open the database say of `url`; each ends well and tells no password."""
    said = [await refused(cwd, *command, DATABASE_URL=url) for command in commands]
    assert not any(LEAKED.partition("/")[0] in one for one in said)
    return said


@pytest.mark.parametrize(
    ("url", "commands"),
    [
        (f"munshi:{LEAKED}@db/munshi", COMMANDS),
        (f"mysql{LEAKED}", (("ledger",),)),
        (f"postgres://munshi:{LEAKED}@db/munshi", (("serve",), ("ledger",))),
        (f"postgres://munshi:12#{LEAKED}@db/munshi", (("why", "#10001"),)),
        (f"postgres://munshi:[{LEAKED}@db:port/munshi", (("migrate",),)),
    ],
)
async def test_an_address_that_cannot_be_read_is_one_sentence_and_never_echoed(
    tmp_path: Path, url: str, commands: tuple[tuple[str, ...], ...]
) -> None:
    for said in await said_by(commands, tmp_path, url):
        assert "DATABASE_URL" in said or "cannot be used" in said


async def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    await made(f"sqlite://{tmp_path}/munshi.db")
    damaged = bytearray((tmp_path / "munshi.db").read_bytes())
    damaged[100:8192] = b"\x07" * (8192 - 100)
    (tmp_path / "munshi.db").write_bytes(damaged)
    for said in await said_by(COMMANDS, tmp_path, "sqlite://munshi.db"):
        assert f"{tmp_path}/munshi.db is damaged" in said
        assert "munshi restore" in said


async def test_a_wrong_folder_is_told_where_was_looked_and_nothing_is_made(tmp_path: Path) -> None:
    for command in COMMANDS:
        if command != ("migrate",):
            said = await refused(tmp_path, *command, DATABASE_URL="sqlite://shop.db")
            assert f"there is no database at {tmp_path}/shop.db" in said
            assert "munshi init" in said
    assert list(tmp_path.glob("shop.db*")) == []


async def test_an_empty_database_is_not_served_unasked(tmp_path: Path, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        (tmp_path / "munshi.db").touch()
    assert "munshi serve --create" in await refused(tmp_path, "serve", DATABASE_URL=database_url)
    with pytest.raises(NotMigrated):
        await Store.open(database_url, WHATSAPP)


async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(tmp_path: Path) -> None:
    """The tests' server uses a socket file, where nothing is encrypted, so this one is faked."""
    heard: list[bytes] = []

    async def without_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(8))
        writer.write(b"N")
        await writer.drain()
        heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(without_tls, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"postgres://munshi:{SECRET}@127.0.0.1:{port}/munshi?sslmode=require"
    async with server:
        for command in (("serve",), ("ledger",)):
            assert "SSL" in await refused(tmp_path, *command, DATABASE_URL=url)
    ssl_request, nothing_in_the_clear = b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b""
    assert set(heard) == {ssl_request, nothing_in_the_clear}


@pytest.mark.parametrize("query", ["sslmode=requre", "ssl_mode=require", "channel_binding=require"])
async def test_what_is_not_known_of_an_address_is_refused_by_name(tmp_path: Path, query: str) -> None:
    said = await refused(tmp_path, DATABASE_URL=f"postgres://munshi:{SECRET}@127.0.0.1:9/munshi?{query}")
    assert "DATABASE_URL" in said
    assert "sslmode" in said


async def test_too_many_connections_are_one_sentence(
    tmp_path: Path, postgres_url: str, postgres_server: Any
) -> None:
    await made(postgres_url)
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres_server.psql(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    postgres_server.psql("CREATE ROLE clerk LOGIN PASSWORD 'clerk'")
    try:
        url = postgres_url.replace("postgres:@", "clerk:clerk@")
        assert url != postgres_url
        for command in COMMANDS:
            assert "too many connections" in await refused(tmp_path, *command, DATABASE_URL=url)
    finally:
        postgres_server.psql("DROP ROLE clerk")
