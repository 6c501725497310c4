"""What the shop has switched off. It is read with each batch, so that every process heeds it."""

from collections.abc import Iterable
from dataclasses import dataclass

from payments.shop.switches import Switch
from storage.database.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Off:
    """A product or variant that is switched off."""

    since: int
    """Milliseconds since 1970, UTC."""
    by: str
    """Who switched it off."""


async def off(tx: Transaction) -> dict[str, Off]:
    """Return what is switched off, by sku."""
    rows = await tx.fetch("SELECT sku, off_since, switched_by FROM product_off")
    return {row["sku"]: Off(row["off_since"], row["switched_by"]) for row in rows}


async def write(tx: Transaction, switches: Iterable[Switch], now: int) -> None:
    """Do the `switches` of a batch. Of several of one sku, the last counts."""
    last = {one.sku: one for one in switches}
    for sku in sorted(last):  # in one order, so that no two processes wait for each other
        await switch(tx, sku, available=last[sku].available, by=last[sku].by, now=now)


async def switch(tx: Transaction, sku: str, *, available: bool, by: str, now: int) -> bool:
    """Switch `sku` on or off; `by` says who did it. Return False if it was so before."""
    if available:
        return bool(await tx.fetch("DELETE FROM product_off WHERE sku = $1 RETURNING sku", sku))
    return bool(await tx.fetch(_OFF, sku, now, by))


_OFF = """
INSERT INTO product_off (sku, off_since, switched_by) VALUES ($1, $2, $3)
ON CONFLICT (sku) DO NOTHING RETURNING sku"""
