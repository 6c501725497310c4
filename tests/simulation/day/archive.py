"""Keeps what pruning and forgetting delete, so that the checks can still read it.

Triggers in the database copy each deleted row into a table beside it, in the transaction that deletes it:
what a crash undoes is not copied, and a backup holds the copies of its time.
"""

import sqlite3
from pathlib import Path
from typing import Final

_QUEUES: Final = ("inbox", "outbox")
_SHOWN: Final = (*_QUEUES, "quota")
"""Tables that the checks read with what was deleted from them."""
_KEPT: Final = (*_SHOWN, "alias")


def keep_deleted(path: Path) -> None:
    """Make the database at `path` keep what is deleted from it."""
    connection = sqlite3.connect(path)
    with connection:
        for table in _KEPT:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(_kept(table, column) for column in columns)
            connection.execute(f"CREATE TABLE deleted_{table} AS SELECT * FROM {table} WHERE 0")
            connection.execute(
                f"CREATE TRIGGER keep_{table} AFTER DELETE ON {table} "
                f"BEGIN INSERT INTO deleted_{table} SELECT {kept}; END"
            )
    connection.close()


def _kept(table: str, column: str) -> str:
    """Return what is kept of a column. What was deleted while it waited is `erased`."""
    if table in _QUEUES and column == "state":
        return "CASE WHEN OLD.state IN ('pending', 'sending') THEN 'erased' ELSE OLD.state END"
    return f"OLD.{column}"


def show_deleted(database: sqlite3.Connection) -> None:
    """Let queries on this connection read the deleted rows with the others."""
    for table in _SHOWN:
        database.execute(
            f"CREATE TEMP VIEW {table} AS "
            f"SELECT * FROM main.{table} UNION ALL SELECT * FROM main.deleted_{table}"
        )
