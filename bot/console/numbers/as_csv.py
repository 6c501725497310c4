"""The tables of the page as CSV, for a spreadsheet. The guard lets in only who has logged in."""

from typing import Annotated, Final

from fastapi import FastAPI, Query, Request
from starlette.responses import PlainTextResponse, Response

from bot.console.context import Console
from bot.console.frame import visit_of
from bot.console.numbers.shop_numbers import ShopNumbers, read
from bot.console.numbers.tables import Name, Table, table
from bot.console.numbers.values import cell
from bot.console.numbers.words import NUMBERS
from bot.console.words import Words
from bot.exports import BOM, text
from flows.document.errors import FlowInvalid
from storage.database.errors import StorageError
from storage.database.records import Records

PATH: Final = "/numbers.csv"


def add(site: FastAPI, console: Console) -> None:
    """Add the tables to the site."""

    @site.get(PATH)
    async def numbers(
        request: Request,
        of: str = "",
        first: Annotated[str, Query(alias="from")] = "",
        last: Annotated[str, Query(alias="to")] = "",
    ) -> Response:
        words = visit_of(request).words.of(NUMBERS)
        if of not in frozenset(Name):
            return PlainTextResponse(words("nothing_here") + "\n", 404)

        async def reading(records: Records) -> ShopNumbers:
            flow = await console.shop.flow(records)
            return await read(records, flow, (first, last), words.language, console.clock.now())

        try:
            found = await console.books.read(reading)
        except (StorageError, FlowInvalid, LookupError) as error:
            return PlainTextResponse(words("no_books", why=str(error)) + "\n", 503)
        days = found.days
        name = f"{of}-{days.first}-{days.last}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(_csv(table(Name(of), found), words), 200, headers, "text/csv; charset=utf-8")


def _csv(found: Table, words: Words) -> str:
    """Return the table with its headings in the person's language, as Excel reads it too."""
    units = tuple(found.columns.values())
    rows = (
        tuple(cell(unit, value, words) for unit, value in zip(units, row, strict=True)) for row in found.rows
    )
    return BOM + text([tuple(words(column) for column in found.columns), *rows])
