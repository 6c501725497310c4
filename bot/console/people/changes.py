"""What an owner changes of the people who may log in. The accounts note it in the log."""

from collections.abc import Awaitable
from typing import Final

from nicegui import ui

from bot.console.context import Console
from bot.console.passwords import Crowded, Passwords
from bot.console.people.words import PEOPLE
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from bot.console.weak_passwords import WeakPassword, require_strong
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor, Doing
from storage.accounts.people import PersonRefused, Role, person_name
from storage.database.errors import StorageError


class PeopleChanges:
    """The changes that one owner makes. Each raises NotDone with the reason if it is refused."""

    def __init__(self, console: Console, accounts: Accounts, visit: Visit, passwords: Passwords) -> None:
        self._console, self._accounts, self._visit = console, accounts, visit
        self._passwords = passwords
        self._words = visit.words.of(PEOPLE)
        self._by: Final = Actor(visit.name, visit.role)

    async def add(self, name: str, role: Role, password: str, again: str) -> None:
        """Add a person with a password, which is typed twice."""
        await self._allow(Doing.ADD, name)
        hashed = await self._hashed(name, password, again)
        await self._do(self._accounts.add(name, role, hashed, self._by, self._console.clock.now()))
        ui.notify(self._words("was_added", name=name, role=self._role(role)), type="positive")

    async def set_password(self, name: str, password: str, again: str) -> None:
        """Give a person another password, which ends their sessions."""
        await self._allow(Doing.SET_PASSWORD, name)
        hashed = await self._hashed(name, password, again)
        await self._do(self._accounts.set_password(name, hashed, self._by, self._console.clock.now()))
        ui.notify(self._words("has_password", name=name), type="positive")

    async def set_role(self, name: str, role: Role) -> None:
        """Give a person another role."""
        await self._allow(Doing.SET_ROLE, name)
        await self._do(self._accounts.set_role(name, role, self._by, self._console.clock.now()))
        ui.notify(self._words("has_role", name=name, role=self._role(role)), type="positive")

    async def end_sessions(self, name: str) -> None:
        """Log a person out everywhere."""
        await self._allow(Doing.END_SESSIONS, name)
        await self._do(self._accounts.end_sessions(name, self._by, self._console.clock.now()))
        ui.notify(self._words("is_out", name=name), type="positive")

    async def remove(self, name: str) -> None:
        """Let a person log in no more."""
        await self._allow(Doing.REMOVE, name)
        await self._do(self._accounts.remove(name, self._by, self._console.clock.now()))
        ui.notify(self._words("was_removed", name=name), type="positive")

    def _role(self, role: Role) -> str:
        return self._words(f"role_{role}")

    async def _allow(self, what: Doing, name: str) -> None:
        # What is typed as a name may be a password: of what is no name, nothing is kept.
        about = f" {name}" if await self._accounts.person(name) else ""
        await self._console.allow(self._visit, Role.OWNER, f"{what}{about}")

    async def _hashed(self, name: str, password: str, again: str) -> str:
        try:
            written = person_name(name)
            require_strong(written, password)
            if password != again:
                raise NotDone(self._words("not_the_same"))
            return await self._passwords.hashed(password)
        except (PersonRefused, WeakPassword) as refused:
            raise NotDone(str(refused)) from None
        except Crowded:
            raise NotDone(self._words("crowded")) from None

    async def _do(self, work: Awaitable[object]) -> None:
        try:
            await work
        except (PersonRefused, StorageError) as refused:
            raise NotDone(str(refused)) from None
