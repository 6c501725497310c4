"""The doors of a console with two people, a clock that is put forward, and passwords hashed quickly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher

from bot.clock import ShiftedClock
from bot.console.log_in import Doors
from bot.console.passwords import Passwords
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor
from storage.accounts.people import Role
from tests.bot.executor_bench import FixedClock

QUICK: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SHELL: Final = Actor("root", None)
ASHAS, BELAS = "a kettle on seven hills", "the second kettle whistles"


@dataclass(frozen=True, slots=True)
class Console:
    accounts: Accounts
    passwords: Passwords
    clock: ShiftedClock
    doors: Doors
    held: list[float]
    """Seconds for which answers were held; nobody waits for them."""


@asynccontextmanager
async def console(path: Path, hasher: PasswordHasher = QUICK) -> AsyncIterator[Console]:
    """Open the console's file at `path`, with Asha, an owner, and Bela of the staff in it."""
    accounts, passwords = await Accounts.make(path), Passwords(hasher)
    clock, held = ShiftedClock(FixedClock()), list[float]()

    async def sleep(seconds: float) -> None:
        held.append(round(seconds, 3))

    if not await accounts.people():
        for name, role, password in [("Asha", Role.OWNER, ASHAS), ("Bela", Role.STAFF, BELAS)]:
            await accounts.add(name, role, await passwords.hashed(password), SHELL, clock.now())
    try:
        yield Console(accounts, passwords, clock, Doors(accounts, passwords, clock, sleep), held)
    finally:
        passwords.close()
        await accounts.close()
