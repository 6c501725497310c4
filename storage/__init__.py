"""Everything that lasts: the inbox, the conversations, the outbox and the ledger's facts.

`Store` is the whole room from outside. SQLite and PostgreSQL run the same code: SQL is written once
as PostgreSQL reads it and translated for SQLite (`storage.database.sql`), and reports ask the models. No
business rule lives here, and no network is reached from here.
"""

from storage.store import Store

__all__ = ["Store"]
