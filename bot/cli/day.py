"""`munshi day`: show the figures of a day, or send them to the staff."""

from datetime import date
from typing import Annotated

import orjson
import typer

from bot.cli.flow_file import sound_flow
from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import post
from bot.clock import SystemClock
from bot.printable import printable
from payments.ledger.day import Day, to_json
from payments.processing.staff_lists import day_lines, day_shown
from payments.shop.business_day import Period, day_named, period_of
from payments.shop.catalogue import Shop
from storage.database.records import reading
from storage.inbox import day_figures

On = Annotated[str, typer.Option("--date", help="today, yesterday, or a date like 2026-11-08.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object; amounts in paise.")]
Send = Annotated[bool, typer.Option("--send", help="Have the server send it to the staff now.")]


def command(on: On = "today", json: Json = False, send: Send = False) -> None:
    """Show what was ordered, paid and given back on a day, who took cash, and what is still to do.

    Days are those of the shop's time zone. --send takes the running server.
    """
    flow = sound_flow(flow_path())
    shop: Shop = flow.sections["shop"]
    try:
        wanted = day_named(shop.timezone, on, SystemClock().now())
    except ValueError as error:
        refuse(f"--date: {error}")
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
    async with reading(url) as records:
        return await day_figures.day(lambda work: work(records.reads), period)


async def _send(wanted: date) -> None:
    status, answer = await post("/day", {"date": wanted.isoformat()})
    if status != 200:
        refuse(f"not sent: the server answered {status}: {answer.get('error', '')}")
    typer.echo(f"the figures of {wanted} go to {answer.get('to')} of the staff")
