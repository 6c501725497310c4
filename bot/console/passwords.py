"""Hashes passwords by Argon2id, in threads of its own.

Source: OWASP, "Password Storage Cheat Sheet".
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

T = TypeVar("T")

_THREADS: Final = 2
_WAITING: Final = 50
"""Maximum passwords that wait to be hashed: each takes tens of milliseconds, and 19 MiB."""
_READ: Final = 1_000
"""Characters of what somebody types as a password that are looked at: more than any password has."""
_OWASP: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Crowded(Exception):
    """Too many passwords wait to be hashed: somebody tries very many."""


def _composed(password: str) -> bytes:
    """Return `password` as every keyboard writes it: some write one letter as several characters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class Passwords:
    """Hashes and compares passwords in threads of its own, so that the event loop goes on meanwhile."""

    def __init__(self, hasher: PasswordHasher = _OWASP) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(_THREADS, "passwords")
        self._waiting = 0
        self._nobodys = hasher.hash("the password of nobody")

    def close(self) -> None:
        """End the threads, once what runs is done."""
        self._threads.shutdown(wait=False)

    async def hashed(self, password: str) -> str:
        """Return a new hash of `password`, with its salt and parameters in it. Raises Crowded."""
        return await self._run(lambda: self._hasher.hash(_composed(password)))

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` has this hash. With None it takes as long, and returns False.

        Raises Crowded, and argon2.exceptions.InvalidHashError if the hash is damaged.
        """
        return await self._run(lambda: self._compare(password_hash, _composed(password[:_READ])))

    def is_old(self, password_hash: str) -> bool:
        """Return whether a hash was made with other parameters than those of now."""
        return self._hasher.check_needs_rehash(password_hash)

    def _compare(self, password_hash: str | None, password: bytes) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobodys, password)
        except VerifyMismatchError:
            return False
        return password_hash is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING:
            raise Crowded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
