"""SQLite and PostgreSQL: connection, unit of work, tables, migrations, backup. Imports nothing of storage."""
