"""The people of the web console: their names and roles, and why a change of them is refused."""

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from payments.shop.staff import member_name

LONGEST_NAME: Final = 40
_LONGEST_TEXT: Final = 200
"""Characters of what somebody types as a name, blanks and all. Composing more of them would take long."""


class Role(StrEnum):
    """What a person may do in the console. Each role may do what those before it may."""

    VIEWER = "viewer"
    """Reads. Phone numbers are masked."""
    STAFF = "staff"
    """Also moves orders, answers customers, writes notes, and records cash."""
    OWNER = "owner"
    """Also refunds, changes the flow, and adds people."""

    def allows(self, needed: "Role") -> bool:
        """Return whether a person of this role may do what takes the role `needed`."""
        return _RANK[self] >= _RANK[needed]


_RANK: Final = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Person:
    """One person."""

    id: int
    name: str
    role: Role
    created_at: int
    """Milliseconds since 1970, UTC, as all times here."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A person, and the hash of their password."""

    person: Person
    password_hash: str = field(repr=False)


class Refusal(StrEnum):
    """Why a change of a person is refused."""

    NO_NAME = "no_name"
    TAKEN = "taken"
    NOBODY = "nobody"
    LAST_OWNER = "last_owner"


_SAID: Final = {
    Refusal.NO_NAME: (
        f"'{{}}' is no name: take 1 to {LONGEST_NAME} letters and digits, a letter first, and blanks, points,"
        " hyphens or underscores between them; 'customer' stands for who buys"
    ),
    Refusal.TAKEN: "somebody is called {} already: take another name, or set their password or role",
    Refusal.NOBODY: "nobody is called {}: 'munshi console users' lists who is there",
    Refusal.LAST_OWNER: "{} is the only owner: make somebody else an owner first",
}


class PersonRefused(Exception):
    """A change of a person was refused; nothing was changed. The message says what to do."""

    def __init__(self, why: Refusal, name: str) -> None:
        super().__init__(_SAID[why].format(name))
        self.why = why
        self.name = name


def person_name(text: str) -> str:
    """Return `text` as a person's name is written: composed, with single blanks.

    Raises PersonRefused if it is none. A name is letters, their marks, digits, and what stands between them:
    it has nothing that a page or a terminal obeys, and no invisible character by which it passes for another.
    """
    if len(text) > _LONGEST_TEXT:
        raise PersonRefused(Refusal.NO_NAME, text[:LONGEST_NAME])
    name = " ".join(unicodedata.normalize("NFC", text).split())
    try:
        member_name(name)
    except ValueError:
        raise PersonRefused(Refusal.NO_NAME, name) from None
    if not 0 < len(name) <= LONGEST_NAME or not name[0].isalpha() or not all(map(_is_of_a_name, name)):
        raise PersonRefused(Refusal.NO_NAME, name[:LONGEST_NAME])
    return name


def _is_of_a_name(character: str) -> bool:
    return character in " .-_" or unicodedata.category(character)[0] in "LM" or character.isdecimal()


def key_of(name: str) -> str:
    """Return the text by which a name is found: the same in whatever case or width it is written."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())
