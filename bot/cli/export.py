"""`munshi export`: write a table as CSV."""

import os
import sys
from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bot.cli.export_events import export_events
from bot.cli.flow_file import sound_flow
from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.clock import SystemClock
from bot.exports import parts, period_between
from bot.whatsapp.channel import WHATSAPP
from flows.engine.model import Flow
from payments.ledger.exports import Export
from payments.shop.business_day import Period
from payments.shop.catalogue import Shop
from payments.shop.local_time import date_as_written
from storage.database.records import reading
from storage.reports import exports
from storage.reports.exports import Page
from storage.reports.place import Place


class Exported(StrEnum):
    """What can be exported: each table, and events, which are no table."""

    ORDERS = Export.ORDERS
    LINES = Export.LINES
    GST = Export.GST
    INVOICES = Export.INVOICES
    RATINGS = Export.RATINGS
    CUSTOMERS = Export.CUSTOMERS
    CATALOGUE = Export.CATALOGUE
    EVENTS = "events"


What = Annotated[Exported, typer.Argument(help="The table, or events.")]
From = Annotated[str, typer.Option("--from", help="The first day; without it, the first of the month.")]
To = Annotated[str, typer.Option("--to", help="The last day; without it, today.")]
Out = Annotated[Path | None, typer.Option("--out", help="The file to write; without it, standard output.")]
Follow = Annotated[bool, typer.Option("--follow", help="Of events: go on with new ones until stopped.")]
Bom = Annotated[bool, typer.Option("--bom", help="Begin with a byte order mark, as Excel wants it.")]


def command(
    what: What, first: From = "", last: To = "", out: Out = None, bom: Bom = False, follow: Follow = False
) -> None:
    """Write orders, their lines, tax rows, invoices, ratings, customers or the catalogue as CSV.

    'events' writes what the program at MUNSHI_HOOK_URL is told, one JSON object a line.

    Orders are those placed from --from to --to, in the shop's time zone; gst has what was sold, and what was
    taken back, in that time. Amounts are in rupees. Phone numbers are whole. The server may run or not.
    """
    flow = sound_flow(flow_path())
    try:
        period = period_between(flow, _date(first), _date(last), SystemClock().now())
    except ValueError as error:
        refuse(str(error))
    if what is Exported.EVENTS:
        if out is not None or bom:
            refuse("events go to standard output, as JSON: leave out --out and --bom")
        since = period.start if first else 0
        export_events(database_url(), since, None if follow and not last else period.end, follow=follow)
        return
    if follow:
        refuse("--follow is for events")
    typer.echo(f"times are those of {flow.sections['shop'].timezone}", err=True)
    work = (database_url(), Export(what), period, flow)
    if out is None:
        looked_up(_export(*work, sys.stdout, bom=bom))
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with _private(part) as file:
            looked_up(_export(*work, file, bom=bom))
        part.replace(out)
    except OSError as error:
        refuse(f"{out} can't be written: {error.strerror}")
    finally:
        part.unlink(missing_ok=True)


def _private(path: Path) -> TextIO:
    """Create the file for this user alone: it names customers. The rows end themselves, in CSV's own way."""
    path.unlink(missing_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(number, "w", encoding="utf-8", newline="")


def _date(written: str) -> date | None:
    return date_as_written(written) if written else None


async def _export(url: str, what: Export, period: Period, flow: Flow, out: TextIO, *, bom: bool) -> None:
    shop: Shop = flow.sections["shop"]
    async with reading(url) as records:

        async def pages(what: Export, period: Period, after: Place | None) -> Page:
            return await exports.page(records.reads, what, period, after, shop.timezone, WHATSAPP.naming)

        async def counts() -> tuple[Mapping[str, int], Collection[str]]:
            return await exports.counts(records.reads)

        async for part in parts(what, period, flow, pages, counts, bom=bom):
            out.write(part)
