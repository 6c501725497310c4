"""Logging in and out: a name and a password become the token of a session, or a reason why not."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import structlog

from bot.clock import Clock
from bot.console.passwords import Crowded, Passwords
from bot.console.tries import Tries, Try
from bot.http.connections import network_of
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor, Doing, Entry
from storage.accounts.people import Credential, Person

_TOKEN_BYTES: Final = 32
_CROWDED: Final = 10_000
"""Milliseconds after which whoever came while too many passwords waited may try again."""
_UNKNOWN: Final = Actor("", None)

log = structlog.get_logger()


class Reason(StrEnum):
    """Why somebody was not logged in."""

    WRONG = "wrong"
    """The name or the password is wrong; which of them is not said."""
    TOO_MANY = "too_many"
    """Too many wrong passwords came from this address, or for this name. This one was not looked at."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody was logged in."""

    person: Person
    token: str = field(repr=False)
    """Goes into the cookie, and is written nowhere else."""


@dataclass(frozen=True, slots=True)
class NotLoggedIn:
    """Somebody was not logged in."""

    why: Reason
    wait: int = 0
    """Milliseconds after which to try again."""


class Doors:
    """Lets people in by their password, and knows them again by their token.

    Each method raises StorageError if the file of people cannot be used.
    """

    def __init__(
        self,
        accounts: Accounts,
        passwords: Passwords,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock
        self._sleep = sleep
        self._tries = Tries()

    async def log_in(self, name: str, password: str, address: str) -> LoggedIn | NotLoggedIn:
        """Log somebody in from the IP `address`. The answer to a wrong password waits, longer each time."""
        now, address = self._clock.now(), network_of(address)
        if left := self._tries.milliseconds_left(name, address, now):
            return NotLoggedIn(Reason.TOO_MANY, left)
        tried = self._tries.begin(name, address, now)
        try:
            found = await self._logged_in(name, password)
        except Crowded:
            self._tries.take_back(name, address)
            return NotLoggedIn(Reason.TOO_MANY, _CROWDED)
        if found is None:
            await self._failed(name, address, tried)
            return NotLoggedIn(Reason.WRONG)
        self._tries.take_back(name, address)
        self._tries.at_home(name, address)
        return found

    async def person(self, token: str) -> Person | None:
        """Return whose session it is; None if it has ended or never was."""
        return await self._accounts.session(digest_of(token), self._clock.now())

    async def log_out(self, token: str) -> None:
        """End a session. Does nothing if it has ended."""
        await self._accounts.end_session(digest_of(token), self._clock.now())

    async def _logged_in(self, name: str, password: str) -> LoggedIn | None:
        known = await self._accounts.credential(name)
        right = await self._passwords.is_right(known.password_hash if known else None, password)
        if known is None or not right:
            return None
        credential = await self._up_to_date(known, password)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        began = await self._accounts.begin_session(credential, digest_of(token), self._clock.now())
        return LoggedIn(credential.person, token) if began else None

    async def _up_to_date(self, credential: Credential, password: str) -> Credential:
        if not self._passwords.is_old(credential.password_hash):
            return credential
        return await self._accounts.rehash(credential, await self._passwords.hashed(password))

    async def _failed(self, name: str, address: str, tried: Try) -> None:
        if tried.is_logged:
            known = await self._accounts.person(name)
            # A name that nobody has is not written: people type their password in the wrong field.
            about = known.name if known else ""
            source = address or "this machine"
            result = f"wrong password, number {tried.of_address} from {source}"
            await self._accounts.note(Entry(self._clock.now(), _UNKNOWN, Doing.LOG_IN, about, result))
            log.warning("wrong password", address=source, tries=tried.of_address)
        await self._sleep(tried.wait)


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token, by which its session is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
