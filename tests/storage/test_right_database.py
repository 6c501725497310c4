"""The database that was opened is the one that is served; otherwise nothing is acknowledged."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.errors import Gone, NotMigrated, Unavailable
from storage.database.records import reading
from storage.inbox.arrival import Arrival

Chat = Callable[..., Arrival]
NOW = 1_790_000_000_000


@pytest.fixture
async def shop(tmp_path: Path) -> Path:
    """A folder of its own for the database, as a volume would be."""
    folder = tmp_path / "volume"
    folder.mkdir()
    await Store.migrate(f"sqlite://{folder}/munshi.db")
    return folder


def remove(shop: Path) -> None:
    (shop / "munshi.db").rename(shop / "aside")


def replace(shop: Path) -> None:
    shutil.copy(shop / "munshi.db", shop / "copy")
    (shop / "munshi.db").rename(shop / "aside")
    (shop / "copy").rename(shop / "munshi.db")


def replace_by_an_empty_one(shop: Path) -> None:
    (shop / "munshi.db").rename(shop / "aside")
    (shop / "munshi.db").touch()


def take_the_log(shop: Path) -> None:
    (shop / "munshi.db-wal").rename(shop / "log-aside")


def unmount(shop: Path) -> None:
    shop.rename(shop.with_name("unmounted"))


def mount_another(shop: Path) -> None:
    unmount(shop)
    shutil.copytree(shop.with_name("unmounted"), shop)


def put_back(shop: Path) -> None:
    if (away := shop.with_name("unmounted")).exists():
        shutil.rmtree(shop, ignore_errors=True)
        away.rename(shop)
    for aside, name in (("aside", "munshi.db"), ("log-aside", "munshi.db-wal")):
        if (shop / aside).exists():
            (shop / aside).replace(shop / name)


ACCIDENTS = (remove, replace, replace_by_an_empty_one, take_the_log, unmount, mount_another)


@pytest.mark.parametrize("accident", ACCIDENTS)
async def test_nothing_is_acknowledged_while_the_file_is_another_or_gone(
    shop: Path, chat: Chat, accident: Callable[[Path], None]
) -> None:
    store = await Store.open(f"sqlite://{shop}/munshi.db", WHATSAPP)
    await store.arrive([chat("m1")], NOW)
    accident(shop)
    names = set(shop.parent.rglob("*"))
    for asked in (store.arrive([chat("m2")], NOW), store.ping(), store.counts(NOW)):
        with pytest.raises(Gone, match=r"munshi\.db"):
            await asked
    assert set(shop.parent.rglob("*")) == names, "nothing is made in its place"
    put_back(shop)
    [stored] = await store.arrive([chat("m2")], NOW)
    assert stored.new
    await store.close()


@pytest.mark.parametrize("accident", ACCIDENTS)
async def test_what_is_written_while_the_file_goes_is_not_acknowledged(
    shop: Path, accident: Callable[[Path], None]
) -> None:
    store = await Store.open(f"sqlite://{shop}/munshi.db", WHATSAPP)

    async def taken_away(tx: Any) -> None:
        await tx.fetch("INSERT INTO notice (kind, subject, said, created_at) VALUES ('a', 'b', 'c', 1)")
        accident(shop)

    with pytest.raises(Gone):
        await store._units.run(taken_away)
    put_back(shop)
    await store.close()


async def test_another_database_behind_the_same_postgres_is_noticed(
    postgres_url: str, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.postgres._SECONDS_SURE", 0.0)
    await Store.migrate(postgres_url)
    store, other = await Store.open(postgres_url, WHATSAPP), await Store.open(postgres_url, WHATSAPP)
    await store.arrive([chat("m1")], NOW)
    await other._units.run(lambda tx: tx.fetch("UPDATE installation SET key = 'another1'"))
    for asked in (store.arrive([chat("m2")], NOW), store.ping()):
        with pytest.raises(Gone, match="another database"):
            await asked
    await other.close()
    await store.close()


async def test_the_lock_is_on_the_file_and_no_other_file_is_made(shop: Path, chat: Chat) -> None:
    url = f"sqlite://{shop}/munshi.db"
    store = await Store.open(url, WHATSAPP)
    assert {path.name for path in shop.iterdir()} == {"munshi.db", "munshi.db-wal", "munshi.db-shm"}
    (shop / "munshi.db.lock").unlink(missing_ok=True)
    imports = "import asyncio, sys\nfrom bot.whatsapp.channel import WHATSAPP\nfrom storage import Store\n"
    script = imports + "asyncio.run(Store.open(sys.argv[1], WHATSAPP))\n"
    for name in ("munshi.db", "link.db", "hard.db"):
        if name == "link.db":
            (shop / name).symlink_to(shop / "munshi.db")
        elif name == "hard.db":
            (shop / name).hardlink_to(shop / "munshi.db")
        second = subprocess.run(
            [sys.executable, "-c", script, f"sqlite://{shop}/{name}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"in use by process {os.getpid()}" in second.stderr
    await store.arrive([chat("m1")], NOW)
    async with reading(url) as records:
        assert await records.client.execute_query_dict("SELECT key FROM inbox") == [{"key": "m1"}]
    await store.close()


async def test_a_refused_opening_does_not_take_sqlite_s_own_locks_away(shop: Path, chat: Chat) -> None:
    """Locks belong to a process, and closing any descriptor of the file releases them."""
    url = f"sqlite://{shop}/munshi.db"
    store = await Store.open(url, WHATSAPP)
    await store.arrive([chat("m1")], NOW)
    inode, locks = (shop / "munshi.db").stat().st_ino, Path("/proc/locks")

    def of_sqlite() -> list[str]:
        lines = [line.split() for line in locks.read_text().splitlines()]
        return [w[3] for w in lines if w[1] == "POSIX" and w[5].endswith(f":{inode}")]

    assert of_sqlite() == ["READ"]
    for _ in range(2):
        with pytest.raises(Unavailable):
            await Store.open(url, WHATSAPP)
        with pytest.raises(Unavailable):
            await Store.migrate(url)
    assert of_sqlite() == ["READ"]
    await store.close()


async def test_an_upgrade_makes_no_database(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(NotMigrated):
        await Store.upgrade(database_url)
    if database_url.startswith("sqlite"):
        assert list(tmp_path.iterdir()) == []
    await Store.migrate(database_url)
    assert await Store.upgrade(database_url) == []
