"""A test write, to see whether the database accepts writes."""

from storage.database.transaction import Transaction


async def write(tx: Transaction, now: int, size: int) -> None:
    """Overwrite the probe column with `now`, in milliseconds, and `size` more characters."""
    await tx.fetch("UPDATE installation SET probe = $1 WHERE id = 1", f"{now} {'x' * size}")
