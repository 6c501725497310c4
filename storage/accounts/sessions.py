"""Rows of sessions. A session is kept by the SHA-256 of its token: who reads the file cannot log in."""

from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from storage.accounts.people import Person, Role

IDLE: Final = 12 * 3_600_000
"""Milliseconds without a request after which a session has ended."""
LONGEST: Final = 7 * 86_400_000
"""Milliseconds after which a session has ended in any case."""
MOST: Final = 20
"""Sessions of one person. One more ends their oldest."""
_SEEN_EVERY: Final = 60_000
"""Milliseconds between two writes that a session is in use: most requests only read."""

_LIVE: Final = """
SELECT person.id, person.name, person.role, person.created_at, session.last_seen_at
FROM session JOIN person ON person.id = session.person_id
WHERE session.digest = ? AND session.ends_at > ? AND session.last_seen_at > ?"""
_BEGIN: Final = (
    "INSERT INTO session (digest, person_id, begun_at, last_seen_at, ends_at) VALUES (?, ?, ?, ?, ?)"
)
_END_OLDEST: Final = """
DELETE FROM session WHERE digest IN (
    SELECT digest FROM session WHERE person_id = ? ORDER BY begun_at DESC LIMIT -1 OFFSET ?)"""


@dataclass(frozen=True, slots=True)
class Live:
    """A session that has not ended."""

    person: Person
    last_seen_at: int

    def is_due(self, now: int) -> bool:
        """Return whether it should be written that the session is in use."""
        return now - self.last_seen_at >= _SEEN_EVERY


def begin(db: Connection, person: Person, digest: str, now: int) -> None:
    """Begin a session, and delete those that have ended and the person's oldest beyond `MOST`."""
    db.execute("DELETE FROM session WHERE ends_at <= ?", (now,))
    db.execute("DELETE FROM session WHERE last_seen_at <= ?", (now - IDLE,))
    db.execute(_END_OLDEST, (person.id, MOST - 1))
    db.execute(_BEGIN, (digest, person.id, now, now, now + LONGEST))


def live(db: Connection, digest: str, now: int) -> Live | None:
    """Return the session with this digest, unless it has ended."""
    row = db.execute(_LIVE, (digest, now, now - IDLE)).fetchone()
    if row is None:
        return None
    number, name, role, created_at, last_seen_at = row
    return Live(Person(number, name, Role(role), created_at), last_seen_at)


def seen(db: Connection, digest: str, now: int) -> None:
    """Write that a session is in use."""
    db.execute("UPDATE session SET last_seen_at = ? WHERE digest = ?", (now, digest))


def end(db: Connection, digest: str) -> None:
    """End one session."""
    db.execute("DELETE FROM session WHERE digest = ?", (digest,))


def end_all(db: Connection, person: Person) -> None:
    """End all sessions of a person."""
    db.execute("DELETE FROM session WHERE person_id = ?", (person.id,))
