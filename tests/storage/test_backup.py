"""Backups: complete, of one instant, while others write; and which files are refused as backups."""

import asyncio
import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.whatsapp.channel import WHATSAPP
from payments.ledger.polling import REFUND_WINDOW, Poll, from_json
from storage import Store, recovery
from storage.database.encoding import loads
from storage.database.errors import NotMigrated, StorageError, Unavailable, UnsupportedDatabase
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.operations import epochs
from storage.operations.epochs import SINCE
from storage.recovery import back_up, restore
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert

Chat = Callable[..., Arrival]

EPOCH = (NOW - SINCE) // 1000


@pytest.fixture
async def shop(sqlite_url: str) -> str:
    await made(sqlite_url)
    return sqlite_url


async def keys(file: Path) -> list[str]:
    async with reading(f"sqlite://{file}") as records:
        return [
            row["key"] for row in await records.client.execute_query_dict("SELECT key FROM inbox ORDER BY id")
        ]


async def test_a_copy_beside_a_writer_is_whole_and_of_one_instant(
    shop: str, tmp_path: Path, chat: Chat
) -> None:
    store = await Store.open(shop, WHATSAPP)
    await store.arrive([chat("m0")], NOW)
    done = asyncio.Event()

    async def writing() -> int:
        count = 0
        while not done.is_set():
            count += 1
            await store.arrive([chat(f"w{count}a"), chat(f"w{count}b")], NOW)
        return count

    writer = asyncio.create_task(writing())
    for n in range(5):
        file = tmp_path / f"backup-{n}.db"
        assert await back_up(shop, file) == file.stat().st_size
        found = await keys(file)
        assert found[0] == "m0"
        assert len(found) % 2 == 1, "half of a transaction"
    done.set()
    assert await writer > 0
    [stored] = await store.arrive([chat("after")], NOW)
    assert stored.new
    await store.close()


async def test_a_copy_is_one_file_for_its_owner(shop: str, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    await back_up(shop, folder / "b.db")
    [file] = folder.iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == ("b.db", 0o600)


async def test_nothing_is_overwritten(shop: str, tmp_path: Path) -> None:
    file = tmp_path / "b.db"
    file.write_text("the one of yesterday")
    with pytest.raises(UnsupportedDatabase, match="not overwritten"):
        await back_up(shop, file)
    assert file.read_text() == "the one of yesterday"


async def test_a_damaged_database_makes_no_backup(shop: str, tmp_path: Path, chat: Chat) -> None:
    store = await Store.open(shop, WHATSAPP)
    await store.arrive([chat(f"m{n}", text="x" * 500) for n in range(200)], NOW)
    await store.close()
    place = tmp_path / "munshi.db"
    damaged = bytearray(place.read_bytes())
    half = len(damaged) // 2 // 4096 * 4096
    damaged[half : half + 8192] = b"\xff" * 8192
    place.write_bytes(damaged)
    with pytest.raises(Unavailable, match="damaged"):
        await back_up(shop, tmp_path / "b.db")
    assert list(tmp_path.glob("b.db*")) == []


def empty(file: Path) -> None:
    file.touch()


def text(file: Path) -> None:
    file.write_text("our accounts, 2026" * 1000)


def another_program_s(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE installation (id INTEGER PRIMARY KEY, key TEXT)")
    connection.commit()
    connection.close()


def cut_short(file: Path) -> None:
    shutil.copy(file.with_name("munshi.db"), file)
    file.write_bytes(file.read_bytes()[: 4096 * 5])


def of_a_newer_program(file: Path) -> None:
    shutil.copy(file.with_name("munshi.db"), file)
    connection = sqlite3.connect(file)
    newest = "name = (SELECT MAX(name) FROM tortoise_migrations)"
    connection.execute(f"UPDATE tortoise_migrations SET name = '9999_tomorrow' WHERE {newest}")
    connection.commit()
    connection.close()


def missing(file: Path) -> None:
    assert not file.exists()


@pytest.mark.parametrize("spoilt", [empty, text, another_program_s, cut_short, of_a_newer_program, missing])
async def test_what_is_no_backup_replaces_nothing(
    shop: str, tmp_path: Path, chat: Chat, spoilt: Callable[[Path], None]
) -> None:
    spoilt(tmp_path / "b.db")
    store = await Store.open(shop, WHATSAPP)
    await store.arrive([chat("m1")], NOW)
    await store.close()
    with pytest.raises(StorageError, match=r"b\.db"):
        await restore(shop, tmp_path / "b.db", NOW)
    assert await keys(tmp_path / "munshi.db") == ["m1"]
    assert not list(tmp_path.glob("munshi.db.replaced*"))


async def test_a_backup_takes_the_place_and_what_was_there_is_kept(
    shop: str, tmp_path: Path, chat: Chat
) -> None:
    store = await Store.open(shop, WHATSAPP)
    await store.arrive([chat("before")], NOW)
    await back_up(shop, tmp_path / "b.db")
    await store.arrive([chat("after")], NOW)
    with pytest.raises(Unavailable, match="in use"):
        await restore(shop, tmp_path / "b.db", NOW)
    # Killed, and not closed: its last words are in the log beside the file.
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("munshi.db", "munshi.db-wal"):
        shutil.copy(tmp_path / name, crashed / name)
    await store.close()
    done = await restore(f"sqlite://{crashed}/munshi.db", tmp_path / "b.db", NOW)
    assert done.epoch == EPOCH
    assert await keys(crashed / "munshi.db") == ["before"]
    assert done.aside is not None
    assert await keys(done.aside) == ["before", "after"]
    again = await restore(f"sqlite://{crashed}/munshi.db", tmp_path / "b.db", NOW + 1000)
    assert (again.epoch, again.aside != done.aside) == (EPOCH + 1, True)


async def test_a_lost_disk_is_restored_into_nothing(shop: str, tmp_path: Path) -> None:
    await back_up(shop, tmp_path / "b.db")
    (tmp_path / "munshi.db").unlink()
    assert (await restore(shop, tmp_path / "b.db", NOW)).aside is None
    await (await Store.open(shop, WHATSAPP)).close()


async def test_after_a_restore_links_are_looked_for_before_they_are_made(database_url: str) -> None:
    """The lost books may have made links of the same order, under the same reference id."""
    await made(database_url)
    store = await Store.open(database_url, WHATSAPP)
    waiting = {
        "conversation_id": 1,
        "name": "CreateLink",
        "caused_by": 1,
        "payload": {},
        "state": "pending",
        "attempts": 0,
    }
    await insert(store, "outbox", id=1, lane="pay", finished_at=None, **waiting)
    await insert(store, "outbox", id=2, lane="chat", finished_at=None, **waiting)
    poll = {"conversation_id": 1, "kind": "poll", "state": "pending", "handled_at": None, "body": {}}
    await insert(store, "inbox", id=1, key="p", due_at=NOW + 10**8, **poll)
    links = {"conversation_id": 1, "order_key": "k-1-1", "link_id": "plink_1"}
    await insert(store, "attempt", reference_id="k-1-1.1", created_at=NOW - REFUND_WINDOW + 1, **links)
    await insert(store, "attempt", reference_id="k-1-1.2", created_at=NOW - REFUND_WINDOW, **links)
    links["order_key"] = "k-1-2"
    await insert(store, "attempt", reference_id="k-1-2.1", created_at=NOW, **links)
    await insert(store, "attempt", reference_id="k-1-2.2", created_at=NOW, **links)
    asked_anyway = {**poll, "order_key": "k-1-2", "key": "poll:k-1-2.1:1:0"}
    await insert(store, "inbox", id=2, due_at=NOW, **asked_anyway)
    await store._units.run(lambda tx: epochs.begin(tx, NOW, database_url.startswith("sqlite")))
    rows = await store._units.read(lambda tx: tx.fetch("SELECT attempts FROM outbox ORDER BY id"))
    assert [row["attempts"] for row in rows] == [1, 0]
    polls = await store._units.read(lambda tx: tx.fetch("SELECT due_at, body FROM inbox ORDER BY id"))
    assert [row["due_at"] for row in polls] == [NOW] * 4
    begun = [from_json(loads(row["body"])) for row in polls[2:]]
    assert begun == [Poll("k-1-1.1", NOW - REFUND_WINDOW + 1, 0), Poll("k-1-2.2", NOW, 0)]
    await store.close()


async def test_postgres_has_its_own_and_is_told_so(postgres_url: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDatabase, match="pg_dump"):
        await back_up(postgres_url, tmp_path / "b.db")
    with pytest.raises(UnsupportedDatabase, match="pg_restore"):
        await restore(postgres_url, tmp_path / "b.db", NOW)
    with pytest.raises(NotMigrated):
        await recovery.mark(postgres_url, NOW)


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
async def test_a_file_system_without_hard_links_holds_backups(
    shop: str, tmp_path: Path, chat: Chat, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refused)
    store = await Store.open(shop, WHATSAPP)
    await store.arrive([chat("m0")], NOW)
    await store.close()
    await back_up(shop, tmp_path / "b.db")
    assert await keys(tmp_path / "b.db") == ["m0"]
    with pytest.raises(UnsupportedDatabase, match="not overwritten"):
        await back_up(shop, tmp_path / "b.db")
    await restore(shop, tmp_path / "b.db", NOW)
    assert await keys(tmp_path / "munshi.db") == ["m0"]
    assert not list(tmp_path.glob("*.partial"))


async def test_a_restore_killed_between_its_renames_keeps_the_old_books_with_their_log(
    shop: str, tmp_path: Path, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await back_up(shop, tmp_path / "b.db")
    store = await Store.open(shop, WHATSAPP)
    await store.arrive([chat("last")], NOW)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("munshi.db", "munshi.db-wal"):
        shutil.copy(tmp_path / name, crashed / name)
    await store.close()
    url, rename = f"sqlite://{crashed}/munshi.db", Path.rename

    def killed(path: Path, to: Path) -> Path:
        if path.name.endswith("-wal"):
            raise KeyboardInterrupt
        return rename(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            await restoring_exchange(url, tmp_path / "b.db")
    done = await restore(url, tmp_path / "b.db", NOW + 5000)
    assert done.aside is not None
    assert await keys(done.aside) == ["last"]
    assert await keys(crashed / "munshi.db") == []


async def restoring_exchange(url: str, file: Path) -> None:
    """Finish a restore in this thread: an interrupt in another one would end the test's loop."""
    place = Path(url.removeprefix("sqlite://"))
    ready = place.with_name(f"{place.name}.restoring")
    recovery._prepare(file, ready)
    recovery._exchange(place, ready, NOW)


async def test_books_of_another_installation_replace_no_orders_unless_told(shop: str, tmp_path: Path) -> None:
    await made(f"sqlite://{tmp_path}/other.db")
    store = await Store.open(shop, WHATSAPP)
    ours = await store.installation()
    await insert(store, "conversation", id=77)
    await insert(store, "orders", conversation_id=77, key=f"{ours}-77-1abcdef", number="1")
    await store.close()
    with pytest.raises(UnsupportedDatabase, match=f"--another-shop {ours}"):
        await restore(shop, tmp_path / "other.db", NOW)
    with pytest.raises(UnsupportedDatabase):
        await restore(shop, tmp_path / "other.db", NOW, "zzzzzzzz")
    assert (await restore(shop, tmp_path / "other.db", NOW, ours)).aside is not None
    # Books without orders, as of `munshi init`, may be replaced by any.
    assert (await restore(shop, tmp_path / "other.db", NOW)).aside is not None
