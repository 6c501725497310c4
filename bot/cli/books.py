"""Opens the books for commands that read them, and says which were read if they are empty."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import typer

from bot.cli.display import database_name
from bot.cli.lifecycle import VARIABLE
from bot.printable import printable
from bot.whatsapp.channel import WHATSAPP
from storage.database.records import Records, reading
from storage.reports import order_queries
from storage.reports.customers import newest
from storage.reports.desk import OrderFilter

PASTE: Final = "if 'munshi serve --sandbox' runs, paste its export line here"
"""What to do in a terminal that does not know of the sandbox."""


@asynccontextmanager
async def order_books(url: str) -> AsyncIterator[Records]:
    """Open a snapshot of the database at `url`, as `reading` does.

    Says on stderr which books those are if no order is in them: other books may be meant.
    """
    async with reading(url) as records:
        if not (await order_queries.listed(records.reads, OrderFilter(limit=1), WHATSAPP.naming)).orders:
            _say(url, "order")
        yield records


@asynccontextmanager
async def customer_books(url: str) -> AsyncIterator[Records]:
    """Open a snapshot as `order_books` does, for commands about customers: it says so if there is none."""
    async with reading(url) as records:
        if not (await newest(records, 1, None)).customers:
            _say(url, "customer")
        yield records


def _say(url: str, noun: str) -> None:
    hint = "" if os.environ.get(VARIABLE) else f"; {PASTE}"
    typer.echo(printable(f"books: {database_name(url)}, which hold no {noun}{hint}"), err=True)
