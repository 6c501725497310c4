"""Exported tables as CSV text, for the command line and the API. A spreadsheet can open it without danger."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Final, TypeAlias

from flows.engine.model import Flow
from payments.ledger.exports import COLUMNS, Cell, Cells, Export
from payments.shop.business_day import Period, period_of
from payments.shop.catalogue import Shop
from payments.shop.catalogue_table import catalogue_rows
from payments.shop.local_time import local_date
from storage.reports.exports import Page
from storage.reports.place import Place

BOM: Final = "\ufeff"
"""With it at the beginning, Excel reads the text as UTF-8."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a text that begins so for a formula, and runs it. Source: OWASP, CSV injection.

The wide signs are those that a spreadsheet in an East Asian language takes for the narrow ones.
"""

Pages: TypeAlias = Callable[[Export, Period, Place | None], Awaitable[Page]]
Counts: TypeAlias = Callable[[], Awaitable[tuple[Mapping[str, int], Collection[str]]]]


async def parts(
    what: Export, period: Period, flow: Flow, pages: Pages, counts: Counts, *, bom: bool
) -> AsyncIterator[str]:
    """Yield the table `what` as CSV text, part by part: the columns' names first."""
    yield (BOM if bom else "") + text([COLUMNS[what]])
    if what is Export.CATALOGUE:
        shop: Shop = flow.sections["shop"]
        yield text(catalogue_rows(shop, *await counts(), flow.languages[0]))
        return
    last: Place | None = None
    while True:
        page = await pages(what, period, last)
        yield text(page.rows)
        if page.last is None:
            return
        last = page.last


def text(rows: Iterable[Cells]) -> str:
    """Return `rows` as CSV (RFC 4180). Numbers stay numbers; no text becomes a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def period_between(flow: Flow, first: date | None, last: date | None, now: int) -> Period:
    """Return the days from `first` to `last`, both included; by default this month until today.

    Raises ValueError if the last is before the first.
    """
    shop: Shop = flow.sections["shop"]
    last = last or local_date(shop.timezone, now)
    first = first or last.replace(day=1)
    if last < first:
        raise ValueError(f"the last day, {last}, is before the first, {first}")
    return period_of(shop.timezone, first, last)
