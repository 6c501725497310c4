"""What people read: timelines, backlog, the whole ledger. Imports `outbox`, `inbox`, `database`."""
