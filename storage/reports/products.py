"""What is left of each counted product, and which products are switched off."""

from collections.abc import Mapping
from dataclasses import dataclass

from storage.database.models import ProductOff, Stock
from storage.database.records import Records


@dataclass(frozen=True, slots=True)
class Off:
    """A product or variant that is switched off."""

    since: int
    """Milliseconds since 1970, UTC."""
    by: str
    """Who switched it off."""


async def left(records: Records) -> Mapping[str, int]:
    """Return the pieces left of each counted product or variant, by sku."""
    rows = await Stock.all(records.client)
    return {row.sku: row.declared - row.sold - row.reserved for row in rows}


async def off(records: Records) -> Mapping[str, Off]:
    """Return each product or variant that is switched off, by sku."""
    rows = await ProductOff.all(records.client)
    return {row.sku: Off(row.off_since, row.switched_by) for row in rows}
