"""One entry of the console's log: who did what, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from storage.accounts.people import Person, Role

DONE: Final = "done"
"""What came of a thing that was done. Another result says why it was not."""


class Doing(StrEnum):
    """What is done with the console's own people. What is done with orders has words of its own."""

    LOG_IN = "log in"
    LOG_OUT = "log out"
    ADD = "add person"
    REMOVE = "remove person"
    SET_ROLE = "set role"
    SET_PASSWORD = "set password"  # noqa: S105 - the name of a deed
    END_SESSIONS = "end sessions"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something."""

    name: str
    """Empty for who is not logged in."""
    role: Role | None
    """None for who works in the shell of the machine, and for who is not logged in."""

    @classmethod
    def of(cls, person: Person) -> "Actor":
        """Return `person`, as the one who acts."""
        return cls(person.name, person.role)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, or tried. No field may hold a password, a token, or a whole phone number."""

    at: int
    """Milliseconds since 1970, UTC."""
    who: Actor
    what: str
    about: str
    """The order, chat or person; empty if it is about none."""
    result: str = DONE


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry in the log."""

    number: int
    """Later entries have higher numbers."""
    entry: Entry
