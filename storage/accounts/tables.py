"""The tables of the console's file, and the steps that bring an older file up to date."""

from pathlib import Path
from sqlite3 import Connection
from typing import Final

from storage.database.errors import NotMigrated, UnsupportedDatabase

_MARK: Final = 0x6D6E7363
"""SQLite's application_id of this file: the letters `mnsc`. It tells the file from the shop's books."""

_VERSIONS: Final = (
    (
        """CREATE TABLE person (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('viewer', 'staff', 'owner')),
            password_hash TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT""",
        """CREATE TABLE session (
            digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
            person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
            begun_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL CHECK (ends_at > begun_at)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX session_of_person ON session (person_id, begun_at)",
        "CREATE INDEX session_seen ON session (last_seen_at)",
        "CREATE INDEX session_ends ON session (ends_at)",
        """CREATE TABLE log (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,
            role TEXT CHECK (role IN ('viewer', 'staff', 'owner')),
            what TEXT NOT NULL, about TEXT NOT NULL, result TEXT NOT NULL) STRICT""",
        "CREATE INDEX log_at ON log (at)",
    ),
)
"""What each version of the tables adds to the one before. The file's user_version counts those applied."""


def bring_up_to_date(connection: Connection) -> None:
    """Apply the versions that the file lacks, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        there = _applied(connection)
        for version in _VERSIONS[there:]:
            for statement in version:
                connection.execute(statement)
        if there < len(_VERSIONS):
            connection.execute(f"PRAGMA application_id = {_MARK}")
            connection.execute(f"PRAGMA user_version = {len(_VERSIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def require_ours(connection: Connection, path: Path) -> None:
    """Raise UnsupportedDatabase if the file at `path` is another database, NotMigrated if it is newer.

    It only reads: the file may be the shop's books.
    """
    [[mark]] = connection.execute("PRAGMA application_id")
    [[tables]] = connection.execute("SELECT COUNT(*) FROM sqlite_master")
    if tables and mark != _MARK:
        raise UnsupportedDatabase(
            f"{path} is not the console's file but another database: MUNSHI_CONSOLE_DATABASE names a file of"
            " the console's own, not the shop's"
        )
    if _applied(connection) > len(_VERSIONS):
        raise NotMigrated(f"{path} is of a newer Munshi: go on with that one, or begin with another file")


def _applied(connection: Connection) -> int:
    [[there]] = connection.execute("PRAGMA user_version")
    return int(there)
