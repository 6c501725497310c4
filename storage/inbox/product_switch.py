"""What the shop has switched off. It is read with each batch, so that every process heeds it."""

from storage.database.transaction import Transaction


async def off(tx: Transaction) -> frozenset[str]:
    """Return the skus that are switched off."""
    return frozenset(row["sku"] for row in await tx.fetch("SELECT sku FROM product_off"))


async def switch(tx: Transaction, sku: str, *, available: bool, by: str, now: int) -> bool:
    """Switch `sku` on or off; `by` says who did it. Return False if it was so before."""
    if available:
        return bool(await tx.fetch("DELETE FROM product_off WHERE sku = $1 RETURNING sku", sku))
    return bool(await tx.fetch(_OFF, sku, now, by))


_OFF = """
INSERT INTO product_off (sku, off_since, switched_by) VALUES ($1, $2, $3)
ON CONFLICT (sku) DO NOTHING RETURNING sku"""
