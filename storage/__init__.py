"""Durable storage: the inbox, the conversations, the outbox and the payment facts.

`Store` is the interface of this package. SQLite and PostgreSQL run the same code: SQL is written once, in
PostgreSQL's dialect, and translated for SQLite (`storage.database.sql`); reports query the ORM models. This
package holds no business rules and calls no provider.
"""

from storage.store import Store

__all__ = ["Store"]
