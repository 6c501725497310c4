"""Reports for people: timelines, the backlog, the ledger. Imports `inbox`, `database`.

They query the ORM models on a snapshot (`storage.database.records`), except `queries`, which the server runs.
"""
