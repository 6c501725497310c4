"""`munshi orders`: list the shop's orders."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import orjson
import typer

from bot.cli.books import order_books
from bot.cli.display import table
from bot.cli.flow_file import sound_flow
from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.order_row import row
from bot.clock import SystemClock
from bot.order_json import page_to_json
from bot.printable import printable
from bot.whatsapp.channel import WHATSAPP
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.local_time import instant, local_date
from storage.reports import order_queries
from storage.reports.desk import OrderFilter, OrderPage
from storage.reports.place import Place

Todo = Annotated[
    bool, typer.Option("--todo", help="Those with which something is still to be done, oldest first.")
]
Today = Annotated[bool, typer.Option("--today", help="Those placed today, in the shop's time zone.")]
OfStage = Annotated[Stage | None, typer.Option("--stage", help="Those in this stage.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")]
After = Annotated[
    str | None, typer.Option("--after", help="Go on after this place, which the last list named.")
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object; amounts in paise, times in milliseconds.")
]


def command(
    todo: Todo = False,
    today: Today = False,
    stage: OfStage = None,
    limit: Limit = 50,
    after: After = None,
    json: Json = False,
) -> None:
    """List orders, newest first. Phone numbers are shown whole.

    Reads DATABASE_URL while the server runs or not.
    """
    wanted = OrderFilter(todo=todo, stage=stage, limit=limit, after=_place(after))
    found = looked_up(_listed(database_url(), _of_today(wanted) if today else wanted))
    if json:
        typer.echo(orjson.dumps(page_to_json(found), option=orjson.OPT_INDENT_2))
        return
    for line in _lines(found):
        typer.echo(printable(line))


def _place(text: str | None) -> Place | None:
    try:
        return None if text is None else Place.read(text)
    except ValueError:
        refuse(f"'{text}' is no place in a list: --after takes what the list before it named at its end")


def _of_today(wanted: OrderFilter) -> OrderFilter:
    shop: Shop = sound_flow(flow_path()).sections["shop"]
    today = local_date(shop.timezone, SystemClock().now())
    midnight = instant(shop.timezone, today, 0)
    return wanted.between(midnight, instant(shop.timezone, today + timedelta(days=1), 0))


async def _listed(url: str, wanted: OrderFilter) -> OrderPage:
    async with order_books(url) as records:
        return await order_queries.listed(records.reads, wanted, WHATSAPP.naming)


def _lines(page: OrderPage) -> Iterator[str]:
    if not page.orders:
        yield "no such orders"
        return
    yield from table([row(order) for order in page.orders])
    if page.next is not None:
        yield f"… more: --after {page.next}"
