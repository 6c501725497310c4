"""Read every order and every audit again, each page as it is at an instant of its own.

One long reading would keep SQLite from shortening its log, and PostgreSQL from clearing dead rows.
"""

from dataclasses import dataclass, field
from typing import Final

from payments.ledger.audit import Discrepancy
from payments.ledger.audited import FIRST
from storage.audits.chain import links
from storage.audits.examine import reread
from storage.database.records import reading

_ORDERS: Final = 256
"""Orders that are read with one statement."""
_AUDITS: Final = 64
_AT_ONCE: Final = 16
"""Pages of one instant."""


@dataclass(slots=True)
class Again:
    """What was read again."""

    orders: int = 0
    audits: int = 0
    discrepancies: list[Discrepancy] = field(default_factory=list)


async def read_again(url: str) -> Again:
    """Examine all orders, and check the chain of audits. Raises what `reading` raises."""
    again = Again()
    await _orders(url, again)
    await _audits(url, again)
    return again


async def _orders(url: str, again: Again) -> None:
    last = ""
    while True:
        async with reading(url) as records:
            for _ in range(_AT_ONCE):
                page = await reread(records.reads, last, _ORDERS)
                if page is None:
                    return
                last = page.last
                again.orders += page.orders
                again.discrepancies += page.discrepancies


async def _audits(url: str, again: Again) -> None:
    last = FIRST
    while True:
        async with reading(url) as records:
            for _ in range(_AT_ONCE):
                page = await links(records.reads, last, _AUDITS)
                if not page.count:
                    return
                last = page.last
                again.audits += page.count
                again.discrepancies += page.discrepancies
