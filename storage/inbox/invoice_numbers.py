"""Store invoices and credit notes with their numbers, in the transaction that issues them.

The numbers of a series follow each other without gaps: its row is locked from the moment a number is taken
until the commit, and a transaction that is undone takes none. A series is of one financial year; when it
has no numbers left, the next one begins.

After a restore nobody knows which numbers of the year the lost database gave. So documents of that year are
numbered in a new series, in which the number of the restore stands for the year: no number is given twice,
and each series is consecutive. The law allows several series in a year (CGST Rules, rule 46(b)).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from payments.processing.changes import Caused
from payments.processing.notice import Notice, NoticeKind
from payments.shop.invoice import LONGEST_NUMBER, Invoice, to_json, year_name
from payments.shop.invoice_series import Chain
from payments.shop.order_terms import filled
from storage.database.encoding import check, dumps
from storage.database.transaction import Row, Transaction
from storage.inbox import notices


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
    """Number the documents in their order, and store them. Operators are told once if a series is full."""
    [installation] = await tx.fetch("SELECT restored_at, epoch FROM installation WHERE id = 1")
    waiting: dict[Chain, list[tuple[Any, ...]]] = {}
    for one in documents:
        waiting.setdefault(_chain(one, installation), []).append(one.values)
    rows: list[tuple[Any, ...]] = []
    full: list[Notice] = []
    # In the order of their names, so that no two transactions wait for each other.
    for chain, found in sorted(waiting.items(), key=lambda item: item[0].first):
        # The row of the first series counts the documents of all that follow it.
        [taken] = await tx.fetch(_TAKE, chain.first, len(found))
        first = taken["next_ordinal"] - len(found)
        rows += [(chain.number(first + n), *values) for n, values in enumerate(found)]
        full += _full(chain, taken["next_ordinal"] - 1)
    await tx.insert(_INVOICES, rows)
    await notices.add(tx, full, now)


def _chain(document: Numbering, installation: Row) -> Chain:
    restored_at = installation["restored_at"]
    restored = restored_at is not None and restored_at >= document.year_begins
    return Chain(document.letters, document.year, installation["epoch"] if restored else None)


def _full(chain: Chain, last: int) -> Iterator[Notice]:
    """Yield a notice if the chain has gone beyond its first series."""
    place, _ = chain.placed(last)
    if place:
        yield Notice(
            NoticeKind.INVOICES,
            chain.first,
            f"the series {chain.first} has no numbers left: one has at most {LONGEST_NUMBER} characters."
            f" Invoices go on in {chain.name(1)}, and when that is full in the next one, by themselves: tell"
            " your accountant. A shorter 'prefix' under 'gst' leaves room for more numbers in a series.",
        )


_TAKE: Final = """
INSERT INTO invoice_series (name, next_ordinal) VALUES ($1, 1 + $2::bigint)
ON CONFLICT (name) DO UPDATE SET next_ordinal = invoice_series.next_ordinal + $2::bigint
RETURNING next_ordinal"""
_INVOICES: Final = """
INSERT INTO invoice (number, conversation_id, order_key, kind, total, body, buyer, issued_at, caused_by)
VALUES {rows}"""
