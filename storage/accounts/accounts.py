"""The people of the console, their sessions and the log, in one file that several processes may open.

Every change of a person or a session is written with its entry of the log, in one transaction.
"""

from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

import structlog

from storage.accounts import log, people_rows, sessions
from storage.accounts.entries import Actor, Doing, Entry, Kept
from storage.accounts.file import AccountsFile, make_file, require_file
from storage.accounts.people import Credential, Person, PersonRefused, Refusal, Role, person_name
from storage.database.errors import StorageError

T = TypeVar("T")

logger = structlog.get_logger()


class Accounts:
    """An open file. All times are milliseconds since 1970, UTC.

    Each method raises Closed, Gone or Unavailable if the file cannot be used.
    """

    def __init__(self, file: AccountsFile) -> None:
        self._file = file

    @classmethod
    async def open(cls, path: Path) -> "Accounts":
        """Open the file at `path`.

        Raises NotMigrated if there is none or a newer Munshi made it, UnsupportedDatabase, or Unavailable.
        """
        require_file(path)
        return cls(await AccountsFile.open(path))

    @classmethod
    async def make(cls, path: Path) -> "Accounts":
        """Open the file at `path`, which is made if there is none. Raises as `open` does."""
        make_file(path)
        return cls(await AccountsFile.open(path))

    async def close(self) -> None:
        """Wait for what runs, then close the file."""
        await self._file.close()

    async def people(self) -> list[Person]:
        """Return everybody, by name."""
        return await self._file.read(people_rows.everybody)

    async def person(self, name: str) -> Person | None:
        """Return who is called `name`, in whatever case."""
        found = await self.credential(name)
        return found.person if found else None

    async def credential(self, name: str) -> Credential | None:
        """Return who is called `name`, in whatever case, with the hash of their password."""
        return await self._file.read(lambda db: people_rows.called(db, name))

    async def add(self, name: str, role: Role, password_hash: str, by: Actor, now: int) -> Person:
        """Add a person. Raises PersonRefused if it is no name, or somebody has it."""
        name = person_name(name)

        def work(db: Connection) -> Person:
            if people_rows.called(db, name):
                raise PersonRefused(Refusal.TAKEN, name)
            person = people_rows.insert(db, name, role, password_hash, now)
            log.note(db, Entry(now, by, Doing.ADD, f"{name}, {role}"))
            return person

        return await self._file.run(work)

    async def set_password(self, name: str, password_hash: str, by: Actor, now: int) -> None:
        """Change a password, which ends the person's sessions. Raises PersonRefused."""

        def work(db: Connection, person: Person) -> None:
            people_rows.set_password(db, person, password_hash)
            sessions.end_all(db, person)
            log.note(db, Entry(now, by, Doing.SET_PASSWORD, person.name))

        await self._change(name, work)

    async def set_role(self, name: str, role: Role, by: Actor, now: int) -> None:
        """Change a role, which counts at once. Raises PersonRefused, also of the only owner."""

        def work(db: Connection, person: Person) -> None:
            if role is not Role.OWNER:
                people_rows.require_another_owner(db, person)
            people_rows.set_role(db, person, role)
            log.note(db, Entry(now, by, Doing.SET_ROLE, f"{person.name}, {role}"))

        await self._change(name, work)

    async def remove(self, name: str, by: Actor, now: int) -> None:
        """Remove a person and end their sessions. Raises PersonRefused, also of the only owner.

        What they did stays in the log.
        """

        def work(db: Connection, person: Person) -> None:
            people_rows.require_another_owner(db, person)
            people_rows.delete(db, person)
            log.note(db, Entry(now, by, Doing.REMOVE, person.name))

        await self._change(name, work)

    async def rehash(self, old: Credential, password_hash: str) -> Credential:
        """Keep another hash of the same password, unless the password was changed meanwhile."""
        await self._file.run(lambda db: people_rows.rehash(db, old, password_hash))
        return Credential(old.person, password_hash)

    async def begin_session(self, credential: Credential, digest: str, now: int) -> bool:
        """Begin a session whose token has the SHA-256 `digest`, in hexadecimal.

        Return False if the person was removed, or their password changed, since `credential` was read.
        """

        def work(db: Connection) -> bool:
            found = people_rows.called(db, credential.person.name)
            if found is None or found.password_hash != credential.password_hash:
                return False
            sessions.begin(db, found.person, digest, now)
            log.note(db, Entry(now, Actor.of(found.person), Doing.LOG_IN, ""))
            return True

        return await self._file.run(work)

    async def session(self, digest: str, now: int) -> Person | None:
        """Return whose session it is, with the role that they have now; None if it has ended or never was.

        The person is here: the session goes on. Whether that could be written only decides how long it does.
        """
        found = await self._file.read(lambda db: sessions.live(db, digest, now))
        if found and found.is_due(now):
            try:
                await self._file.run(lambda db: sessions.seen(db, digest, now))
            except StorageError as error:
                logger.warning("it is not written that a session goes on", why=str(error))
        return found.person if found else None

    async def whose(self, digest: str, now: int) -> Person | None:
        """Return what `session` does, for a page that looks by itself: that alone keeps no session alive."""
        found = await self._file.read(lambda db: sessions.live(db, digest, now))
        return found.person if found else None

    async def end_session(self, digest: str, now: int) -> None:
        """End a session. Does nothing if it has ended."""

        def work(db: Connection) -> None:
            if found := sessions.live(db, digest, now):
                sessions.end(db, digest)
                log.note(db, Entry(now, Actor.of(found.person), Doing.LOG_OUT, ""))

        await self._file.run(work)

    async def end_sessions(self, name: str, by: Actor, now: int) -> None:
        """End all sessions of a person. Raises PersonRefused."""

        def work(db: Connection, person: Person) -> None:
            sessions.end_all(db, person)
            log.note(db, Entry(now, by, Doing.END_SESSIONS, person.name))

        await self._change(name, work)

    async def note(self, entry: Entry) -> None:
        """Add an entry to the log."""
        await self._file.run(lambda db: log.note(db, entry))

    async def entries(self, before: int | None = None, limit: int = 100) -> list[Kept]:
        """Return at most `limit` entries with numbers below `before`, the newest first."""
        return await self._file.read(lambda db: log.newest(db, before, limit))

    async def _change(self, name: str, work: Callable[[Connection, Person], None]) -> None:
        def found(db: Connection) -> None:
            if (credential := people_rows.called(db, name)) is None:
                raise PersonRefused(Refusal.NOBODY, name)
            work(db, credential.person)

        await self._file.run(found)
