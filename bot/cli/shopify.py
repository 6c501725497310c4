"""`munshi shopify`: which orders wait for their copy at Shopify, and why; and trying again at once."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final

import typer

from bot.cli.copy_display import stands
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.operator_changes import change
from bot.cli.order import found
from bot.clock import SystemClock
from bot.printable import printable
from storage import Store
from storage.database.records import reading
from storage.outbox import mirrors
from storage.outbox.mirrors import OpenMirror

SHOWN: Final = 50
"""The most copies that are listed."""


class Deed(StrEnum):
    """What is done."""

    LIST = "list"
    RETRY = "retry"


What = Annotated[Deed, typer.Argument(help="What to do.")]
Of = Annotated[str, typer.Argument(help="Of retry: an order's number; without it, all that failed.")]


def command(what: What = Deed.LIST, order: Of = "") -> None:
    """List the orders whose copies at Shopify are to be made or changed, each with why it is not done.

    'retry' tries again at once what failed, once its cause is mended. The server may run or not.
    """
    if what is Deed.RETRY:
        _retry(order)
        return
    if order:
        refuse(f"one order with its copy is shown by 'munshi order {order}'")
    for line in _lines(looked_up(_listed(database_url()))):
        typer.echo(printable(line))


async def _listed(url: str) -> list[OpenMirror]:
    async with reading(url) as records:
        return await mirrors.open_mirrors(records.reads, SHOWN)


def _lines(listed: list[OpenMirror]) -> Iterator[str]:
    if not listed:
        yield "no copy waits"
    yield from (f"#{one.number}: {stands(one)}" for one in listed)
    if len(listed) == SHOWN:
        yield f"… the first {SHOWN}"
    if any(one.mirror.failures for one in listed):
        yield "once it is mended: 'munshi shopify retry', or 'munshi shopify retry <order>'"


def _retry(order: str) -> None:
    key = looked_up(found(database_url(), order)).state.key if order else None
    done = looked_up(
        change(database_url(), lambda store: _again(store, key), "/operator/shopify/retry", {"order": key})
    )
    if not done:
        refuse(f"no copy of {order} failed" if order else "no copy failed")
    typer.echo("tried again by the running server within seconds")


async def _again(store: Store, key: str | None) -> bool:
    return bool(await store.mirrors.retry(key, SystemClock().now()))
