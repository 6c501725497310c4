"""Durable storage: the inbox, the conversations, the outbox and the payment facts.

`Store` is the interface of this package. SQLite and PostgreSQL run the same code: SQL is written once, in
PostgreSQL's dialect, and translated for SQLite (`storage.database.sql`); reports query the ORM models. This
package holds no business rules and calls no provider.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.store import Store

__all__ = ["Store"]


def __getattr__(name: str) -> "type[Store]":
    """Import `Store` when it is asked for. A command that only reads does not wait for all that it takes."""
    if name != "Store":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from storage.store import Store

    return Store
