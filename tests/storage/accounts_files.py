"""A file of the console's people, with some in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor
from storage.accounts.people import Credential, Role

NOW: Final = 1_790_000_000_000
SHELL: Final = Actor("root", None)
MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000


@asynccontextmanager
async def accounts_of(path: Path) -> AsyncIterator[Accounts]:
    accounts = await Accounts.make(path)
    try:
        yield accounts
    finally:
        await accounts.close()


def digest(number: int) -> str:
    return f"{number:064x}"


async def added(accounts: Accounts, name: str = "Asha", role: Role = Role.OWNER) -> Credential:
    await accounts.add(name, role, f"hash of {name}", SHELL, NOW)
    found = await accounts.credential(name)
    assert found
    return found
