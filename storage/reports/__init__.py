"""What people read: timelines, backlog, the whole ledger. Imports `inbox`, `database`.

Asked of the models, on a snapshot (`storage.database.records`); but for `queries`, which the server asks.
"""
