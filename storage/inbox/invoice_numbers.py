"""Store invoices and credit notes with their numbers, in the transaction that issues them.

The numbers of a series follow each other without gaps: its row is locked from the moment a number is taken
until the commit, and a transaction that is undone takes none. A series is of one financial year.

After a restore nobody knows which numbers of the year the lost database gave. So documents of that year are
numbered in a new series, in which the number of the restore stands for the year: no number is given twice,
and each series is consecutive. The law allows several series in a year (CGST Rules, rule 46(b)).
"""

import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from payments.processing.changes import Caused
from payments.shop.invoice import Invoice, number_in, to_json, year_name
from payments.shop.order_terms import filled
from storage.database.encoding import check, dumps
from storage.database.transaction import Row, Transaction

_DIGITS: Final = string.digits + string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Numbering:
    """A document that waits for its number: in which series, and the other values of its row."""

    letters: str
    year: str
    """As numbers show it."""
    year_begins: int
    """Milliseconds since 1970, UTC."""
    values: tuple[Any, ...]


def due(conversation: int, issued: Iterable[Caused[Invoice]]) -> Iterator[Numbering]:
    """Yield the documents that a step of the conversation issued. Raises ValueError on unstorable text."""
    for cause, one in issued:
        body, buyer = dumps(to_json(one)), dumps(filled(one.buyer))
        check((body, buyer))
        values = (conversation, one.order_key, str(one.kind), one.total, body, buyer, one.issued_at, cause)
        yield Numbering(one.series, year_name(one.dated), one.year_began_at, values)


async def issue(tx: Transaction, documents: Sequence[Numbering], now: int) -> None:
    """Number the documents in their order, and store them. Raises ValueError if a number is too long."""
    [installation] = await tx.fetch("SELECT restored_at, epoch FROM installation WHERE id = 1")
    waiting: dict[str, list[tuple[Any, ...]]] = {}
    for one in documents:
        waiting.setdefault(_series(one, installation), []).append(one.values)
    rows: list[tuple[Any, ...]] = []
    # In the order of their names, so that no two transactions wait for each other.
    for name, found in sorted(waiting.items()):
        [taken] = await tx.fetch(_TAKE, name, len(found))
        first = taken["next_ordinal"] - len(found)
        rows += [(number_in(name, first + n), *values) for n, values in enumerate(found)]
    await tx.insert(_INVOICES, rows)


def _series(document: Numbering, installation: Row) -> str:
    restored_at = installation["restored_at"]
    restored = restored_at is not None and restored_at >= document.year_begins
    return f"{document.letters}/{_mark(installation['epoch']) if restored else document.year}"


def _mark(epoch: int) -> str:
    """Return the number of an epoch in letters and digits: five of them until 2027, then six."""
    mark = ""
    while epoch:
        epoch, digit = divmod(epoch, len(_DIGITS))
        mark = _DIGITS[digit] + mark
    return mark


_TAKE: Final = """
INSERT INTO invoice_series (name, next_ordinal) VALUES ($1, 1 + $2::bigint)
ON CONFLICT (name) DO UPDATE SET next_ordinal = invoice_series.next_ordinal + $2::bigint
RETURNING next_ordinal"""
_INVOICES: Final = """
INSERT INTO invoice (number, conversation_id, order_key, kind, total, body, buyer, issued_at, caused_by)
VALUES {rows}"""
