"""Rows of the log, which are kept for a year."""

from sqlite3 import Connection
from typing import Final

from storage.accounts.entries import Actor, Entry, Kept
from storage.accounts.people import Role

KEPT: Final = 365 * 86_400_000
"""Milliseconds for which an entry is kept."""
_LAST: Final = 2**63 - 1

_NOTE: Final = "INSERT INTO log (at, who, role, what, about, result) VALUES (?, ?, ?, ?, ?, ?)"
_NEWEST: Final = """
SELECT id, at, who, role, what, about, result FROM log WHERE id < ? ORDER BY id DESC LIMIT ?"""


def note(db: Connection, entry: Entry) -> None:
    """Add an entry, and delete those that are older than a year."""
    db.execute("DELETE FROM log WHERE at <= ?", (entry.at - KEPT,))
    who = entry.who
    db.execute(_NOTE, (entry.at, who.name, who.role, entry.what, entry.about, entry.result))


def newest(db: Connection, before: int | None, limit: int) -> list[Kept]:
    """Return at most `limit` entries with numbers below `before`, the newest first."""
    rows = db.execute(_NEWEST, (_LAST if before is None else before, limit))
    return [
        Kept(number, Entry(at, Actor(who, None if role is None else Role(role)), what, about, result))
        for number, at, who, role, what, about, result in rows
    ]
