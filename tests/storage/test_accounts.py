"""The console's file: its people, their sessions, the log; other processes, older and other files."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.accounts import sessions
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor, Doing, Entry
from storage.accounts.file import make_file
from storage.accounts.people import PersonRefused, Refusal, Role, key_of, person_name
from storage.accounts.sessions import IDLE, LONGEST, MOST
from storage.database.errors import Closed, Gone, NotMigrated, Unavailable, UnsupportedDatabase
from tests.storage.accounts_files import DAY, HOUR, MINUTE, NOW, SHELL, accounts_of, added, digest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "console.db"


@pytest.fixture
async def accounts(path: Path) -> AsyncIterator[Accounts]:
    async with accounts_of(path) as opened:
        yield opened


def refused(why: Refusal) -> pytest.RaisesExc[PersonRefused]:
    return pytest.RaisesExc(PersonRefused, check=lambda error: error.why is why)


def asked(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_people_are_found_in_whatever_case(accounts: Accounts) -> None:
    await accounts.add("  Asha  Rao ", Role.STAFF, "hash", SHELL, NOW)
    found = await accounts.person("asha RAO")
    assert found
    assert (found.name, found.role, found.created_at) == ("Asha Rao", Role.STAFF, NOW)
    with refused(Refusal.TAKEN):
        await accounts.add("ASHA rao", Role.OWNER, "other", SHELL, NOW)
    assert await accounts.people() == [found]
    assert await accounts.person("a" * 10_000_000) is None


@pytest.mark.parametrize(
    "name", ["", " ", "customer", "a" * 41, "<b>Asha</b>", "As\u200bha", "a\x1b[2J", "7"]
)
async def test_what_is_no_name_is_refused(accounts: Accounts, name: str) -> None:
    with refused(Refusal.NO_NAME):
        await accounts.add(name, Role.OWNER, "hash", SHELL, NOW)
    assert await accounts.people() == []


@given(st.text(max_size=60))
def test_a_name_is_found_again_as_it_is_kept(text: str) -> None:
    try:
        name = person_name(text)
    except PersonRefused:
        return
    assert person_name(name) == name
    assert name.isprintable()
    assert key_of(text) == key_of(name) == key_of(key_of(name)) == key_of(name.casefold())


async def test_a_role_allows_what_lower_ones_do() -> None:
    allowed = {role: {needed for needed in Role if role.allows(needed)} for role in Role}
    assert allowed == {
        Role.VIEWER: {Role.VIEWER},
        Role.STAFF: {Role.VIEWER, Role.STAFF},
        Role.OWNER: {*Role},
    }


async def test_the_only_owner_stays(accounts: Accounts) -> None:
    await added(accounts, "Asha")
    await added(accounts, "Bela", Role.STAFF)
    with refused(Refusal.LAST_OWNER):
        await accounts.remove("asha", SHELL, NOW)
    with refused(Refusal.LAST_OWNER):
        await accounts.set_role("asha", Role.STAFF, SHELL, NOW)
    await accounts.set_role("asha", Role.OWNER, SHELL, NOW)
    await accounts.set_role("bela", Role.OWNER, SHELL, NOW)
    await accounts.remove("asha", SHELL, NOW)
    assert [person.name for person in await accounts.people()] == ["Bela"]
    with refused(Refusal.NOBODY):
        await accounts.remove("asha", SHELL, NOW)


async def test_a_session_ends_when_it_is_idle_or_old(accounts: Accounts) -> None:
    asha = await added(accounts)
    assert await accounts.begin_session(asha, digest(1), NOW)
    assert await accounts.session(digest(2), NOW) is None
    assert await accounts.session(digest(1), NOW + IDLE - 1) == asha.person
    assert await accounts.session(digest(1), NOW + 2 * IDLE - 2) == asha.person
    assert await accounts.session(digest(1), NOW + 3 * IDLE) is None
    assert await accounts.begin_session(asha, digest(3), NOW)
    for hour in range(0, LONGEST // HOUR, 6):
        assert await accounts.session(digest(3), NOW + hour * HOUR) == asha.person
    assert await accounts.session(digest(3), NOW + LONGEST - 1) == asha.person
    assert await accounts.session(digest(3), NOW + LONGEST) is None


async def test_a_page_that_looks_by_itself_keeps_no_session_alive(accounts: Accounts) -> None:
    asha = await added(accounts)
    assert await accounts.begin_session(asha, digest(1), NOW)
    for hour in range(1, 12):
        assert await accounts.whose(digest(1), NOW + hour * HOUR) == asha.person
    assert await accounts.whose(digest(1), NOW + IDLE) is None


async def test_a_full_disk_sends_nobody_to_the_door(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = await added(accounts)
    assert await accounts.begin_session(asha, digest(1), NOW)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sessions, "seen", full)
    assert await accounts.session(digest(1), NOW + HOUR) == asha.person


async def test_that_a_session_is_in_use_is_written_once_a_minute(accounts: Accounts, path: Path) -> None:
    assert await accounts.begin_session(await added(accounts), digest(1), NOW)
    seen = []
    for now in (NOW + MINUTE - 1, NOW + MINUTE, NOW + 2 * MINUTE - 1, NOW - DAY):
        assert await accounts.session(digest(1), now)
        seen += asked(path, "SELECT last_seen_at FROM session")
    assert seen == [(NOW,), (NOW + MINUTE,), (NOW + MINUTE,), (NOW + MINUTE,)]


async def test_what_ends_a_session(accounts: Accounts) -> None:
    asha, bela = await added(accounts, "Asha"), await added(accounts, "Bela")
    for number, credential in enumerate([asha, asha, bela, bela]):
        assert await accounts.begin_session(credential, digest(number), NOW)
    await accounts.end_session(digest(0), NOW)
    assert await live(accounts) == ["Asha", "Bela", "Bela"]
    await accounts.set_password("ASHA", "another hash", SHELL, NOW)
    assert await live(accounts) == ["Bela", "Bela"]
    assert not await accounts.begin_session(asha, digest(5), NOW), "with the password before"
    await accounts.end_sessions("bela", SHELL, NOW)
    assert await live(accounts) == []
    assert await accounts.begin_session(bela, digest(6), NOW)
    await accounts.remove("bela", SHELL, NOW)
    assert await live(accounts) == []
    assert not await accounts.begin_session(bela, digest(7), NOW)
    # Who comes back under the same name is another person.
    await accounts.add("Bela", Role.OWNER, "yet another", SHELL, NOW)
    assert await live(accounts) == []


async def live(accounts: Accounts) -> list[str]:
    found = [await accounts.session(digest(number), NOW) for number in range(10)]
    return [person.name for person in found if person]


async def test_a_role_counts_at_once(accounts: Accounts) -> None:
    await added(accounts, "Bela")
    assert await accounts.begin_session(await added(accounts), digest(1), NOW)
    await accounts.set_role("asha", Role.VIEWER, SHELL, NOW)
    person = await accounts.session(digest(1), NOW)
    assert person
    assert person.role is Role.VIEWER


async def test_a_new_hash_of_the_same_password_ends_nothing(accounts: Accounts) -> None:
    asha = await added(accounts)
    assert await accounts.begin_session(asha, digest(1), NOW)
    newer = await accounts.rehash(asha, "newer")
    assert await accounts.begin_session(newer, digest(2), NOW)
    assert await accounts.session(digest(1), NOW)
    late = await accounts.rehash(asha, "from the password before")
    assert not await accounts.begin_session(late, digest(3), NOW)


async def test_a_person_has_no_more_than_so_many_sessions(accounts: Accounts) -> None:
    asha, bela = await added(accounts, "Asha"), await added(accounts, "Bela")
    assert await accounts.begin_session(bela, digest(0), NOW)
    for number in range(1, MOST + 2):
        assert await accounts.begin_session(asha, digest(number), NOW + number)
    alive = [number for number in range(MOST + 2) if await accounts.session(digest(number), NOW + 99)]
    assert alive == [0, *range(2, MOST + 2)]


async def test_sessions_that_have_ended_are_deleted_at_the_next_log_in(
    accounts: Accounts, path: Path
) -> None:
    asha = await added(accounts)
    for number in range(5):
        assert await accounts.begin_session(asha, digest(number), NOW + number * HOUR)
    assert await accounts.begin_session(asha, digest(9), NOW + IDLE + 2 * HOUR)
    assert len(asked(path, "SELECT * FROM session")) == 3


async def test_each_change_is_in_the_log_and_a_refused_one_is_not(accounts: Accounts) -> None:
    owner = Actor("Asha", Role.OWNER)
    asha = await added(accounts)
    await accounts.add("Bela", Role.STAFF, "hash", owner, NOW + 1)
    with refused(Refusal.TAKEN):
        await accounts.add("bela", Role.STAFF, "hash", owner, NOW + 2)
    await accounts.set_role("bela", Role.VIEWER, owner, NOW + 3)
    await accounts.set_password("bela", "hash 2", owner, NOW + 4)
    await accounts.begin_session(asha, digest(1), NOW + 5)
    await accounts.end_session(digest(1), NOW + 6)
    await accounts.end_session(digest(1), NOW + 7)
    await accounts.remove("bela", owner, NOW + 8)
    kept = [one.entry for one in await accounts.entries()]
    assert kept[::-1] == [
        Entry(NOW, SHELL, Doing.ADD, "Asha, owner"),
        Entry(NOW + 1, owner, Doing.ADD, "Bela, staff"),
        Entry(NOW + 3, owner, Doing.SET_ROLE, "Bela, viewer"),
        Entry(NOW + 4, owner, Doing.SET_PASSWORD, "Bela"),
        Entry(NOW + 5, owner, Doing.LOG_IN, ""),
        Entry(NOW + 6, owner, Doing.LOG_OUT, ""),
        Entry(NOW + 8, owner, Doing.REMOVE, "Bela"),
    ]


async def test_the_log_is_read_page_by_page_and_kept_for_a_year(accounts: Accounts) -> None:
    for number in range(10):
        await accounts.note(Entry(NOW + number * DAY, SHELL, "refund", f"#{number}"))
    first = await accounts.entries(limit=4)
    second = await accounts.entries(before=first[-1].number, limit=4)
    assert [one.entry.about for one in (*first, *second)] == [f"#{n}" for n in range(9, 1, -1)]
    await accounts.note(Entry(NOW + 369 * DAY, SHELL, "refund", "late"))
    assert [one.entry.about for one in await accounts.entries()] == ["late", "#9", "#8", "#7", "#6", "#5"]


async def test_only_the_owner_of_the_file_reads_it(accounts: Accounts, path: Path) -> None:
    await added(accounts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {file.name for file in path.parent.iterdir()} == {"console.db"}, "no WAL stays beside it"
    path.chmod(0o644)
    async with accounts_of(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    make_file(made := path.with_name("made.db"))
    assert stat.S_IMODE(made.stat().st_mode) == 0o600, "from its first moment on"


async def test_two_that_have_the_file_open_see_each_others_changes(accounts: Accounts, path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _ANOTHER, str(path)], check=True, capture_output=True, text=True
    )
    assert child.stdout == "[]\n"
    asha = await accounts.credential("asha")
    assert asha
    assert await accounts.begin_session(asha, digest(1), NOW)
    async with accounts_of(path) as other:
        assert await other.session(digest(1), NOW) == asha.person
        both = [(one, number) for one in (accounts, other) for number in range(20)]
        await asyncio.gather(*(one.note(Entry(NOW, SHELL, "race", str(number))) for one, number in both))
    assert len(await accounts.entries(limit=1000)) == 42


_ANOTHER = """
import asyncio, sys
from pathlib import Path
from tests.storage.accounts_files import accounts_of, added

async def main():
    async with accounts_of(Path(sys.argv[1])) as accounts:
        print(await accounts.people())
        await added(accounts)

asyncio.run(main())
"""


async def test_a_file_that_is_held_too_long_is_said(
    accounts: Accounts, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts._file.read(lambda db: db.execute("PRAGMA busy_timeout = 1").fetchall())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="database is locked"):
        await added(accounts)
    holder.execute("ROLLBACK")
    holder.close()
    await added(accounts)


async def test_what_fails_leaves_nothing(accounts: Accounts, path: Path) -> None:
    def fails(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO log (at, who, what, about, result) VALUES (1, 'a', 'b', 'c', 'd')")
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        await accounts._file.run(fails)
    assert await accounts.entries() == []


async def test_a_file_that_was_taken_away_takes_no_change(accounts: Accounts, path: Path) -> None:
    asha = await added(accounts)
    kept = path.rename(path.with_name("kept.db"))
    with pytest.raises(Gone):
        await accounts.begin_session(asha, digest(1), NOW)
    async with accounts_of(path):
        with pytest.raises(Gone, match="removed or replaced"):
            await accounts.person("asha")
    kept.replace(path)
    assert await accounts.person("asha") == asha.person


async def test_a_closed_file_is_not_used(path: Path) -> None:
    async with accounts_of(path) as accounts:
        pass
    with pytest.raises(Closed):
        await accounts.people()
    await accounts.close()


async def test_there_must_be_a_file(path: Path) -> None:
    with pytest.raises(NotMigrated, match="munshi console add-user"):
        await Accounts.open(path)
    assert not path.exists()
    with pytest.raises(UnsupportedDatabase, match="no directory"):
        await Accounts.make(path / "deeper" / "console.db")
    with pytest.raises(UnsupportedDatabase, match="is not a file"):
        await Accounts.open(path.parent)


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        (
            "PRAGMA journal_mode = WAL; CREATE TABLE orders (key TEXT)",
            UnsupportedDatabase,
            "another database",
        ),
        ("PRAGMA application_id = 1836937059; PRAGMA user_version = 99", NotMigrated, "newer Munshi"),
    ],
)
async def test_another_file_is_refused_and_left_as_it_is(
    path: Path, made: str, error: type[Exception], said: str
) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(made)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(error, match=said):
        await Accounts.open(path)
    assert path.read_bytes() == before


async def test_what_is_no_database_is_said(path: Path) -> None:
    path.write_bytes(b"people: 1\n" * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        await Accounts.make(path)


async def test_every_statement_seeks(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: set[str] = set()
    await accounts._file.read(lambda db: db.set_trace_callback(statements.add))
    asha = await added(accounts, "Asha")
    await added(accounts, "Bela")
    await accounts.begin_session(asha, digest(1), NOW)
    await accounts.session(digest(1), NOW + HOUR)
    await accounts.rehash(asha, "newer")
    await accounts.set_role("bela", Role.STAFF, SHELL, NOW)
    await accounts.set_password("asha", "hash", SHELL, NOW)
    await accounts.end_session(digest(1), NOW)
    await accounts.end_sessions("asha", SHELL, NOW)
    await accounts.remove("bela", SHELL, NOW)
    await accounts.entries()
    await accounts.people()
    await accounts._file.read(lambda db: db.set_trace_callback(None))
    played = [one for one in statements if one.split()[0] not in ("BEGIN", "COMMIT", "PRAGMA", "--")]
    assert len(played) > 20
    for sql in played:
        plan = await accounts._file.read(partial(explained, sql=sql))
        scans = [step for step in plan if step.startswith("SCAN")]
        # Of people there are a few; all of them are listed, and looked through for another owner.
        assert all("person" in step or ("log" in step and "LIMIT" in sql) for step in scans), (sql, scans)


def explained(db: sqlite3.Connection, sql: str) -> list[str]:
    return [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
