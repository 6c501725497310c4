"""Which databases may be opened, and which are refused before anything is lost."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AlterModelOptions

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.address import configuration
from storage.database.errors import Closed, NotMigrated, Unavailable, UnsupportedDatabase, WeakDurability
from storage.database.orm import APPS, Orm
from storage.database.records import reading
from storage.inbox.arrival import Arrival

Chat = Callable[..., Arrival]

MIGRATIONS = [
    "0001_initial",
    "0002_audits",
    "0003_superseded",
    "0004_shelf",
    "0005_stock_readings",
    "0006_numbers",
]


async def test_migrating_twice_does_nothing_more(database_url: str, chat: Chat) -> None:
    assert await Store.migrate(database_url) == MIGRATIONS
    store = await Store.open(database_url, WHATSAPP)
    [before] = await store.arrive([chat("1")], now=1)
    await store.close()
    assert await Store.migrate(database_url) == []
    store = await Store.open(database_url, WHATSAPP)
    [after] = await store.arrive([chat("1")], now=1)
    await store.close()
    assert before.conversation == after.conversation


async def test_an_unmigrated_database_is_refused_with_the_way_out(database_url: str) -> None:
    with pytest.raises(NotMigrated, match=r"munshi (init|migrate)"):
        await Store.open(database_url, WHATSAPP)


async def test_a_database_of_a_newer_program_is_neither_served_nor_read(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Store.migrate(database_url)
    monkeypatch.setattr("storage.database.address._known_migrations", set)
    with pytest.raises(NotMigrated, match=rf"of a newer Munshi \({', '.join(MIGRATIONS)}\)"):
        await Store.open(database_url, WHATSAPP)
    with pytest.raises(NotMigrated, match="of a newer Munshi"):
        async with reading(database_url):
            pass


async def test_an_empty_file_is_refused_with_the_way_out(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "munshi.db").touch()
    with pytest.raises(NotMigrated, match="0001_initial"):
        await Store.open(sqlite_url, WHATSAPP)


async def test_a_file_that_is_no_database_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "munshi.db").write_text("our accounts, 2026" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        await Store.open(sqlite_url, WHATSAPP)
    (tmp_path / "munshi.db").unlink()
    await Store.migrate(sqlite_url)


async def test_a_failed_migration_leaves_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> bytes:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("secrets.token_bytes", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            await Store.migrate(database_url)
    assert await Store.migrate(database_url) == MIGRATIONS


async def test_ids_are_unique_among_installations(tmp_path: Path, chat: Chat) -> None:
    ids = set()
    for n in range(3):
        url = f"sqlite://{tmp_path}/{n}.db"
        await Store.migrate(url)
        store = await Store.open(url, WHATSAPP)
        [stored] = await store.arrive([chat("1")], now=1)
        await store.close()
        assert stored.conversation is not None
        key, _, number = stored.conversation.partition("-")
        assert (len(key), key.isalnum(), key.islower() or key.isdigit(), number) == (8, True, True, "1")
        ids.add(key)
    assert len(ids) == 3


async def test_the_models_say_what_the_migrations_do(sqlite_url: str) -> None:
    await Store.migrate(sqlite_url)
    orm = await Orm.connect(configuration(sqlite_url))

    async def detect() -> list[object]:
        assert orm.context.apps is not None
        detector = MigrationAutodetector(orm.context.apps, APPS)
        writers = await detector.changes()
        return [op for writer in writers for op in writer.operations if not isinstance(op, AlterModelOptions)]

    assert await orm.at_home(detect()) == []
    await orm.close()


async def test_a_second_process_is_refused_and_told_who_holds_the_file(sqlite_url: str) -> None:
    await Store.migrate(sqlite_url)
    store = await Store.open(sqlite_url, WHATSAPP)
    imports = "import asyncio, sys\nfrom bot.whatsapp.channel import WHATSAPP\nfrom storage import Store\n"
    script = imports + "asyncio.run(Store.open(sys.argv[1], WHATSAPP))\n"
    second = subprocess.run(
        [sys.executable, "-c", script, sqlite_url], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"in use by process {os.getpid()}" in second.stderr
    with pytest.raises(Unavailable):
        await Store.open(sqlite_url, WHATSAPP, wait=0.01)
    with pytest.raises(Unavailable):
        await Store.migrate(sqlite_url)
    await store.close()
    await (await Store.open(sqlite_url, WHATSAPP)).close()


async def test_a_refused_open_gives_the_file_back(sqlite_url: str) -> None:
    await Store.migrate(sqlite_url)
    with pytest.raises(WeakDurability):
        await Store.open(f"{sqlite_url}?synchronous=OFF", WHATSAPP)
    await (await Store.open(sqlite_url, WHATSAPP)).close()


@pytest.mark.parametrize(
    "weaker", ["synchronous=NORMAL", "synchronous=OFF", "synchronous=1", "journal_mode=DELETE"]
)
async def test_weak_sqlite_is_refused_even_if_the_url_asks_for_it(weaker: str, sqlite_url: str) -> None:
    with pytest.raises(WeakDurability):
        await Store.migrate(f"{sqlite_url}?{weaker}")
    await Store.migrate(sqlite_url)
    with pytest.raises(WeakDurability):
        await Store.open(f"{sqlite_url}?{weaker}", WHATSAPP)


async def test_weak_postgres_is_refused(postgres_url: str, postgres_server: object) -> None:
    await Store.migrate(postgres_url)
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    postgres_server.psql(f"ALTER DATABASE {name} SET synchronous_commit = off")  # type: ignore[attr-defined]
    with pytest.raises(WeakDurability):
        await Store.open(postgres_url, WHATSAPP)
    with pytest.raises(WeakDurability):
        await Store.migrate(postgres_url)


async def test_an_unmigrated_postgres_is_refused_with_the_way_out(postgres_url: str) -> None:
    with pytest.raises(NotMigrated, match="0001_initial"):
        await Store.open(postgres_url, WHATSAPP)


async def test_postgres_may_not_hang(postgres_url: str) -> None:
    await Store.migrate(postgres_url)
    store = await Store.open(postgres_url, WHATSAPP)
    shown = [
        await store._units.read(lambda tx, name=name: tx.fetch(f"SHOW {name}"))  # type: ignore[misc]
        for name in ("statement_timeout", "lock_timeout")
    ]
    await store.close()
    assert shown == [[{"statement_timeout": "15s"}], [{"lock_timeout": "5s"}]]


async def test_a_file_that_cannot_be_used_is_given_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    await Store.migrate(sqlite_url)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "chmod", refuse)
        with pytest.raises(Unavailable, match="not permitted"):
            await Store.open(sqlite_url, WHATSAPP)
    await (await Store.open(sqlite_url, WHATSAPP)).close()


async def test_the_file_is_for_its_owner_only(sqlite_url: str, tmp_path: Path, chat: Chat) -> None:
    await Store.migrate(sqlite_url)
    store = await Store.open(sqlite_url, WHATSAPP)
    await store.arrive([chat("1")], now=1)
    for name in ("munshi.db", "munshi.db-wal", "munshi.db-shm"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    await store.close()


async def test_an_open_database_can_be_read_from_outside(sqlite_url: str, tmp_path: Path, chat: Chat) -> None:
    await Store.migrate(sqlite_url)
    store = await Store.open(sqlite_url, WHATSAPP)
    await store.arrive([chat("1")], now=1)
    outside = sqlite3.connect(tmp_path / "munshi.db")
    assert outside.execute("SELECT key FROM inbox").fetchall() == [("1",)]
    outside.close()
    await store.close()


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "munshi.db", "sqlite://:memory:", "sqlite://", "", "postgres://h:x/d"]
)
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UnsupportedDatabase):
        await Store.open(url, WHATSAPP)
    with pytest.raises(UnsupportedDatabase):
        await Store.migrate(url)


async def test_no_answer_is_said_plainly_and_without_the_password() -> None:
    with pytest.raises(Unavailable) as raised:
        await Store.open("postgres://munshi:very-secret@127.0.0.1:1/munshi", WHATSAPP, wait=0.01)
    assert "very-secret" not in str(raised.value)


async def test_a_missing_directory_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDatabase, match="no directory"):
        await Store.migrate(f"sqlite://{tmp_path}/nowhere/munshi.db")


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    with pytest.raises(Closed):
        await store.ping()


async def test_a_folder_is_no_database_and_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o755)
    with pytest.raises(UnsupportedDatabase, match="is not a file"):
        await Store.migrate(f"sqlite://{folder}")
    assert folder.stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "shop.lock").exists()
