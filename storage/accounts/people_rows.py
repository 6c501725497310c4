"""Rows of people."""

from sqlite3 import Connection
from typing import Any, Final

from storage.accounts.people import Credential, Person, PersonRefused, Refusal, Role, key_of, person_name

_EVERYBODY: Final = "SELECT id, name, role, created_at FROM person ORDER BY key"
_CALLED: Final = "SELECT id, name, role, created_at, password_hash FROM person WHERE key = ?"
_ADD: Final = "INSERT INTO person (key, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)"
_OTHER_OWNER: Final = "SELECT 1 FROM person WHERE role = 'owner' AND id <> ? LIMIT 1"


def everybody(db: Connection) -> list[Person]:
    """Return all people, by name."""
    return [_person(row) for row in db.execute(_EVERYBODY)]


def called(db: Connection, name: str) -> Credential | None:
    """Return who is called `name`, in whatever case."""
    try:
        key = key_of(person_name(name))
    except PersonRefused:
        return None
    row = db.execute(_CALLED, (key,)).fetchone()
    return Credential(_person(row[:-1]), row[-1]) if row else None


def insert(db: Connection, name: str, role: Role, password_hash: str, now: int) -> Person:
    """Add a person, whose name is free."""
    cursor = db.execute(_ADD, (key_of(name), name, role, password_hash, now))
    assert cursor.lastrowid is not None
    return Person(cursor.lastrowid, name, role, now)


def set_password(db: Connection, person: Person, password_hash: str) -> None:
    """Replace the hash of a person's password."""
    db.execute("UPDATE person SET password_hash = ? WHERE id = ?", (password_hash, person.id))


def rehash(db: Connection, old: Credential, password_hash: str) -> None:
    """Replace the hash of `old`, if it is still that one."""
    changed = (password_hash, old.person.id, old.password_hash)
    db.execute("UPDATE person SET password_hash = ? WHERE id = ? AND password_hash = ?", changed)


def set_role(db: Connection, person: Person, role: Role) -> None:
    """Change a person's role."""
    db.execute("UPDATE person SET role = ? WHERE id = ?", (role, person.id))


def delete(db: Connection, person: Person) -> None:
    """Delete a person, and with them their sessions."""
    db.execute("DELETE FROM person WHERE id = ?", (person.id,))


def require_another_owner(db: Connection, person: Person) -> None:
    """Raise PersonRefused if `person` is the only owner."""
    if person.role is Role.OWNER and not db.execute(_OTHER_OWNER, (person.id,)).fetchone():
        raise PersonRefused(Refusal.LAST_OWNER, person.name)


def _person(row: tuple[Any, ...]) -> Person:
    number, name, role, created_at = row
    return Person(number, name, Role(role), created_at)
