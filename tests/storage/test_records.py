"""Reading beside a live writer: one instant, nothing written, clear errors where nothing can be read."""

import asyncio
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError

from storage import Store
from storage.database.errors import NotMigrated, StorageError, Unavailable, UnsupportedDatabase
from storage.database.models import Inbox
from storage.database.records import reading
from tests.databases import made
from tests.storage.conftest import Chat
from tests.storage.handwritten_rows import NOW, open_store

COUNT = "SELECT COUNT(*) AS n FROM inbox"


async def test_one_instant_beside_a_writer(store: Store, database_url: str, chat: Chat) -> None:
    await store.arrive([chat("m1")], NOW)
    async with reading(database_url) as records:
        assert await records.client.execute_query_dict(COUNT) == [{"n": 1}]
        await store.arrive([chat("m2"), chat("m3", "919800000002")], NOW)
        assert await records.client.execute_query_dict(COUNT) == [{"n": 1}], "the snapshot stays as it was"
        assert [row["key"] for row in await records.client.execute_query_dict("SELECT key FROM inbox")] == [
            "m1"
        ]
    async with reading(database_url) as records:
        assert await records.client.execute_query_dict(COUNT) == [{"n": 3}]


async def test_the_models_can_be_asked(store: Store, database_url: str, chat: Chat) -> None:
    await store.arrive([chat(f"m{n}", f"91980000000{n}") for n in range(5)], NOW)
    async with reading(database_url) as records:
        assert records.installation
        found = Inbox.filter(key__in=["m1", "m3", "m9"], due_at=NOW).using_db(records.client)
        await store.arrive([chat("m9", "919800000009")], NOW)
        assert await found.order_by("-key").values("key") == [{"key": "m3"}, {"key": "m1"}]


async def test_nothing_can_be_written_by_the_models(store: Store, database_url: str, chat: Chat) -> None:
    await store.arrive([chat("m1")], NOW)
    for change in (
        lambda client: Inbox.all(client).delete(),
        lambda client: Inbox.all(client).update(due_at=1),
    ):
        with pytest.raises(Unavailable, match=r"cannot be used: .*read-?only"):
            async with reading(database_url) as records:
                await change(records.client)
    async with reading(database_url) as records:
        assert await Inbox.all(records.client).values("key", "due_at") == [{"key": "m1", "due_at": NOW}]


async def test_a_reader_keeps_no_writer_waiting(store: Store, database_url: str, chat: Chat) -> None:
    await store.arrive([chat("m0")], NOW)
    async with reading(database_url) as records:
        for n in range(1, 20):
            async with asyncio.timeout(2):
                await store.arrive([chat(f"m{n}")], NOW)
            assert await Inbox.all(records.client).count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM inbox",
        "UPDATE installation SET key = 'x'",
        "CREATE TABLE t (x BIGINT)",
        "INSERT INTO notice (kind, subject, said, created_at) VALUES ('a', 'b', 'c', 1)",
    ],
)
async def test_nothing_can_be_written(store: Store, database_url: str, chat: Chat, sql: str) -> None:
    await store.arrive([chat("m1")], NOW)
    with pytest.raises(Unavailable, match=r"cannot be used: .*read-?only"):
        async with reading(database_url) as records:
            await records.client.execute_query_dict(sql)
    async with reading(database_url) as records:
        assert await records.client.execute_query_dict(COUNT) == [{"n": 1}]


async def test_an_sqlite_reader_leaves_the_file_and_its_wal_alone(tmp_path: Path, chat: Chat) -> None:
    """Closing makes no checkpoint: not beside a writer, and not as the last connection after a crash."""
    url = f"sqlite://{tmp_path}/munshi.db"
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    await made(url)
    async with open_store(url) as store:
        await store.arrive([chat("m1")], NOW)
        before = files(tmp_path)
        async with reading(url) as records:
            assert await records.client.execute_query_dict(COUNT) == [{"n": 1}]
        assert files(tmp_path) == before
        for name, content in before.items():
            (crashed / name).write_bytes(content)
    async with reading(f"sqlite://{crashed}/munshi.db") as records:
        assert await records.client.execute_query_dict(COUNT) == [{"n": 1}], "what is only in the WAL is read"
    assert files(crashed) == before
    at_rest = files(tmp_path)["munshi.db"]
    async with reading(url) as records:
        assert await records.client.execute_query_dict(COUNT) == [{"n": 1}]
    assert files(tmp_path) in ({"munshi.db": at_rest}, {"munshi.db": at_rest, "munshi.db-wal": b""})


async def test_an_sqlite_reader_cannot_checkpoint(tmp_path: Path, chat: Chat) -> None:
    """It cannot even on purpose: writes could corrupt the file of a live writer."""
    url = f"sqlite://{tmp_path}/munshi.db"
    await made(url)
    async with open_store(url) as store:
        await store.arrive([chat("m1")], NOW)
        before = files(tmp_path)
        async with reading(url) as records:
            await records.client.execute_query_dict("COMMIT")
            await records.client.execute_query_dict("PRAGMA query_only = OFF")
            for sql in (
                "PRAGMA wal_checkpoint(TRUNCATE)",
                "PRAGMA journal_mode = DELETE",
                "DELETE FROM inbox",
            ):
                with pytest.raises(OperationalError):
                    await records.client.execute_query_dict(sql)
        assert files(tmp_path) == before


def files(folder: Path) -> dict[str, bytes]:
    """The database and its WAL."""
    return {
        path.name: path.read_bytes()
        for path in folder.glob("munshi.db*")
        if path.suffix in (".db", ".db-wal")
    }


async def test_many_readers_while_much_is_written(store: Store, database_url: str, chat: Chat) -> None:
    """Each reader sees a whole number of batches."""

    async def look() -> None:
        for _ in range(10):
            async with reading(database_url) as records:
                first, second = [await Inbox.all(records.client).count() for _ in range(2)]
                assert first == second
                assert first % 7 == 0

    async def fill() -> None:
        for batch in range(40):
            await store.arrive([chat(f"m{batch}.{n}", f"9198000000{n:02}") for n in range(7)], NOW)

    await asyncio.gather(fill(), look(), look(), look())
    async with reading(database_url) as records:
        assert await records.client.execute_query_dict(COUNT) == [{"n": 280}]


async def refusal(url: str) -> StorageError:
    with pytest.raises(StorageError) as refused:
        async with reading(url):
            pass
    return refused.value


async def test_no_database_yet(tmp_path: Path) -> None:
    refused = await refusal(f"sqlite://{tmp_path}/none.db")
    assert isinstance(refused, NotMigrated)
    assert f"there is no database at {tmp_path}/none.db. DATABASE_URL" in str(refused)
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


async def test_not_migrated(postgres_url: str, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for url in (postgres_url, f"sqlite://{tmp_path}/empty.db"):
        refused = await refusal(url)
        assert isinstance(refused, NotMigrated)
        assert "the database lacks" in str(refused)
        assert "run `munshi migrate` first" in str(refused)


async def test_no_sqlite_file(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to look like one " * 30)
    refused = await refusal(f"sqlite://{tmp_path}/text.db")
    assert isinstance(refused, Unavailable)
    assert "text.db is damaged (file is not a database)" in str(refused)


async def test_another_kind_of_database() -> None:
    assert isinstance(await refusal("mysql://localhost/x"), UnsupportedDatabase)
