"""Books that are restored again and again: ids stay unique, aside files stay, the service owns the files."""

import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.messages.kinds import Text
from payments.shop.invoice_series import SERIES_OF_A_RESTORE
from storage import recovery
from storage.operations import epochs
from storage.recovery import Restored, back_up, restore
from tests.databases import made
from tests.storage.delivery_claims import Chat, claimed_delivery
from tests.storage.handwritten_rows import NOW, open_store, run_sql

HOUR = 3_600_000
PutBack: TypeAlias = Callable[[int], Awaitable[Restored]]

HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(1, 40), st.integers(0, 10**7)),
        st.tuples(st.just("back up"), st.just(0), st.just(0)),
        st.tuples(st.just("put back"), st.integers(0, 5), st.sampled_from([1, 1000, HOUR, 400 * 24 * HOUR])),
    ),
    max_size=25,
)


AFTER_A_RESTORE = [
    ("put back", 0, 1),
    ("give", 1, 0),
    ("back up", 0, 0),
    *2 * [("put back", 1, 1000), ("give", 9, 0)],
]


@example(AFTER_A_RESTORE, NOW)
@given(HISTORIES, st.integers(epochs.SINCE, NOW + 10**12))
def test_no_history_of_restores_repeats_a_number(history: list[tuple[str, int, int]], now: int) -> None:
    """Whichever backups are restored, one after the other, at up to one number a millisecond."""
    reached, backups, seen = 0, [0], set[int]()
    for what, how, after in history:
        now += after
        if what == "give":
            new = set(range(reached + 1, reached + how + 1))
            assert not seen & new
            seen |= new
            reached, now = reached + how, now + how
        elif what == "back up":
            backups.append(reached)
        else:
            reached = epochs.last_left_out(backups[how % len(backups)], now)


@given(st.integers(0, 10**12), st.integers(epochs.SINCE - 10**12, NOW))
def test_a_clock_that_is_wrong_gives_no_number_of_the_backup(reached: int, now: int) -> None:
    after = epochs.last_left_out(reached, now)
    assert after >= reached
    assert after >= reached + epochs.GAP or reached <= now - epochs.SINCE


@pytest.fixture
async def put_back(database_url: str, tmp_path: Path) -> PutBack:
    """Lose the disk, and restore the backup that was made before the first customer."""
    await made(database_url)
    if database_url.startswith("sqlite"):
        file = tmp_path / "b.db"
        await back_up(database_url, file)

        async def again(now: int) -> Restored:
            (tmp_path / "munshi.db").unlink()
            return await restore(database_url, file, now)

    else:

        async def again(now: int) -> Restored:
            async with open_store(database_url) as store:
                await run_sql(store, "TRUNCATE conversation, alias, inbox, outbox, notice RESTART IDENTITY")
                await run_sql(store, "UPDATE installation SET epoch = 0, restored_at = NULL")
            return await recovery.mark(database_url, now)

    return again


async def test_one_backup_put_back_onto_lost_disks_gives_no_number_twice(
    put_back: PutBack, database_url: str, chat: Chat
) -> None:
    """Numbers of customers, events and messages: callback ids and order numbers hold them."""
    numbers: dict[str, list[int]] = {"conversation": [], "inbox": [], "outbox": []}
    found = []
    for n in range(3):
        found.append((await put_back(NOW + n * 1000)).epoch)
        async with open_store(database_url) as store:
            delivery = await claimed_delivery(store, chat, Text("Paid!"))
            [stored] = await store.arrive([chat("2")], NOW)
        numbers["conversation"].append(int(delivery.conversation.rpartition("-")[2]))
        numbers["inbox"].append(stored.number)
        numbers["outbox"].append(delivery.id)
    first = NOW - epochs.SINCE
    assert found == [first // 1000 + n for n in range(3)]
    for table, given_there in numbers.items():
        assert [(number - first) // 1000 for number in given_there] == [0, 1, 2], table


async def test_an_epoch_is_always_after_the_one_before(put_back: PutBack, database_url: str) -> None:
    first = (await put_back(NOW)).epoch
    again = [(await recovery.mark(database_url, now)).epoch for now in (NOW, NOW - HOUR, NOW + HOUR)]
    assert again == [first + step for step in (SERIES_OF_A_RESTORE, 2 * SERIES_OF_A_RESTORE, HOUR // 1000)]


async def test_what_is_set_aside_replaces_nothing_that_was(sqlite_url: str, tmp_path: Path) -> None:
    """Also twice within one millisecond, and where only a log of that name is left."""
    await made(sqlite_url)
    await back_up(sqlite_url, tmp_path / "b.db")
    place = tmp_path / "munshi.db"
    asides = []
    for n in range(3):
        written_last = place.stat().st_ino
        aside = (await restore(sqlite_url, tmp_path / "b.db", NOW)).aside
        assert aside is not None
        assert aside.stat().st_ino == written_last
        asides.append(aside)
        aside.with_name(f"{place.name}.replaced-20260921T141320.{2 * n + 1:03}Z-wal").touch()
    assert [aside.name.rpartition(".")[2] for aside in asides] == ["000Z", "002Z", "004Z"]
    assert all(aside.exists() for aside in asides)


OWNERS = {"old": (4001, 5001), "folder": (4002, 5002)}


@pytest.mark.parametrize(("there", "like"), [("served", "old"), ("killed", "old"), ("lost", "folder")])
async def test_what_root_puts_back_is_owned_as_what_it_replaces(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, like: str
) -> None:
    await made(sqlite_url)
    (tmp_path / "elsewhere").mkdir()
    await back_up(sqlite_url, tmp_path / "elsewhere/b.db")
    place, old = tmp_path / "munshi.db", (tmp_path / "munshi.db").stat().st_ino
    if there == "lost":
        place.unlink()
    if there == "killed":
        place.rename(tmp_path / "munshi.db.replaced-20260921T141320.000Z")
        (tmp_path / "munshi.db.restoring").touch()
    owners = {old: OWNERS["old"], tmp_path.stat().st_ino: OWNERS["folder"]}
    owned: list[tuple[int, int, int]] = []
    look = Path.stat

    def of_somebody(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = look(path, follow_symlinks=follow_symlinks)
        uid, gid = owners.get(found.st_ino, (0, 0))
        return os.stat_result((*found[:4], uid, gid, *found[6:]))

    def chown(path: Path, uid: int, gid: int) -> None:
        owned.append((look(path).st_ino, uid, gid))

    monkeypatch.setattr(Path, "stat", of_somebody)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", chown)
    await restore(sqlite_url, tmp_path / "elsewhere/b.db", NOW)
    assert owned == [(look(place).st_ino, *OWNERS[like])]
    assert stat.S_IMODE(look(place).st_mode) == 0o600


async def test_what_a_restored_database_writes_beside_it_is_as_its_own(
    sqlite_url: str, tmp_path: Path
) -> None:
    await made(sqlite_url)
    await back_up(sqlite_url, tmp_path / "b.db")
    place = tmp_path / "munshi.db"
    if os.geteuid() == 0:
        os.chown(place, 4001, 5001)
    await restore(sqlite_url, tmp_path / "b.db", NOW)
    async with open_store(sqlite_url) as store:
        await store.seen(1)
        files = [place, *tmp_path.glob("munshi.db-*")]
        assert len(files) == 3
        assert len({(f.stat().st_uid, f.stat().st_gid, stat.S_IMODE(f.stat().st_mode)) for f in files}) == 1
    assert sorted(tmp_path.glob("munshi.db*restoring*")) == []
