"""`munshi day`: show the figures of a day, or send them to the staff."""

from datetime import date
from typing import Annotated, Final

import orjson
import typer

from bot.cli.books import order_books
from bot.cli.flow_file import sound_flow
from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import post, refuse_answer
from bot.clock import SystemClock
from bot.printable import printable
from payments.ledger.day import Day, to_json
from payments.processing.staff_lists import day_lines, day_shown
from payments.shop.business_day import Period, day_named, period_of
from payments.shop.catalogue import Shop
from storage.inbox import day_figures

_DAYS: Final = "today, yesterday, or a date like 2026-11-08 or 8/11/2026."
Named = Annotated[str | None, typer.Argument(metavar="[DATE]", help=_DAYS)]
On = Annotated[str | None, typer.Option("--date", help=f"The same: {_DAYS}")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object; amounts in paise.")]
Send = Annotated[bool, typer.Option("--send", help="Have the server send it to the staff now.")]


def command(named: Named = None, on: On = None, json: Json = False, send: Send = False) -> None:
    """Show what was ordered, paid and given back on a day, who took cash, and what is still to do.

    Days are those of the shop's time zone. --send takes the running server.
    """
    flow = sound_flow(flow_path())
    shop: Shop = flow.sections["shop"]
    if named and on:
        refuse(f"say the day once: munshi day {named}")
    try:
        wanted = day_named(shop.timezone, named or on or "today", SystemClock().now())
    except ValueError as error:
        refuse(str(error))
    if send:
        looked_up(_send(wanted))
        return
    found = looked_up(_figures(database_url(), period_of(shop.timezone, wanted)))
    if json:
        content = {"date": wanted.isoformat(), **to_json(found, shop, flow.languages[0])}
        typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        return
    for line in day_lines(found, day_shown(wanted), flow):
        typer.echo(printable(line))


async def _figures(url: str, period: Period) -> Day:
    async with order_books(url) as records:
        return await day_figures.day(lambda work: work(records.reads), period)


async def _send(wanted: date) -> None:
    status, answer = await post("/day", {"date": wanted.isoformat()})
    if status != 200:
        refuse_answer(status, answer)
    typer.echo(f"the figures of {wanted} go to {answer.get('to')} of the staff")
