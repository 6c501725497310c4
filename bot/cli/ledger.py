"""`munshi ledger`: where every captured rupee is, proved over the whole database."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer

from bot.cli.display import counted, shown
from bot.cli.lifecycle import database_url, looked_up
from bot.printable import printable
from payments.ledger import hints
from payments.ledger.audit import Check, Discrepancy, Sums
from payments.shop.orders import CURRENCY
from storage.database.records import reading
from storage.reports.backlog import Held
from storage.reports.ledger import Books, books

Json = Annotated[bool, typer.Option("--json", help="One JSON object; amounts in paise.")]


def command(json: Json = False) -> None:
    """Prove that captured = fulfilled + refunded + held, order by order. Exit status 1 if it is not so.

    Reads DATABASE_URL as it is at one instant, while the server runs or not.
    """
    found = looked_up(_books(database_url()))
    if json:
        typer.echo(orjson.dumps(_as_json(found), option=orjson.OPT_INDENT_2))
    else:
        for line in _lines(found):
            typer.echo(printable(line, "\n"))
    if found.discrepancies:
        raise typer.Exit(1)


async def _books(url: str) -> Books:
    async with reading(url) as records:
        return await books(records)


def _lines(found: Books) -> Iterator[str]:
    yield f"{counted(found.orders, 'order')}, {counted(found.payments, 'captured payment')}"
    for currency, sums in sorted(found.sums.items()):
        yield from _sums(currency, sums)
    if found.held:
        yield "\nHeld:"
    for held in found.held:
        yield from held_lines(held)
    if not found.discrepancies:
        yield "\nThe books balance."
        return
    yield f"\nThe books do NOT balance: {len(found.discrepancies)} to look into."
    for wrong in found.discrepancies:
        yield from _wrong(wrong)


def _sums(currency: str, sums: Sums) -> Iterator[str]:
    way = f"  ({shown(sums.pending, currency)} of it on its way)" if sums.pending else ""
    rows = (
        ("captured", sums.captured, ""),
        ("= fulfilled", sums.fulfilled, ""),
        ("+ refunded", sums.refunded, way),
        ("+ held", sums.held, ""),
    )
    for name, amount, said in rows:
        yield f"  {name:<12} {shown(amount, currency):>16}{said}"


def held_lines(held: Held) -> Iterator[str]:
    """Say of an order whose money is held: which, how much, why, and what to do."""
    amount = shown(held.amount, CURRENCY) if held.amount else "money"
    yield f"  order #{held.number} ({held.key}): {amount} held, {held.reason}"
    yield f"      {hints.for_held(held.reason)}"


def _wrong(wrong: Discrepancy) -> Iterator[str]:
    yield f"  {wrong.subject}: {wrong.said}"
    yield f"      expected {_value(wrong, wrong.expected)}, found {_value(wrong, wrong.found)}"
    yield f"      {hints.for_check(wrong.check)}"


def _value(wrong: Discrepancy, value: int | str | None) -> str:
    if isinstance(value, int):
        return str(value) if wrong.check is Check.STOCK else shown(value, CURRENCY)
    return value or "none"


def _as_json(found: Books) -> dict[str, Any]:
    return {
        "balanced": not found.discrepancies,
        "orders": found.orders,
        "payments": found.payments,
        "sums": dict(sorted(found.sums.items())),
        "held": [_with_remedy(held, hints.for_held(held.reason)) for held in found.held],
        "discrepancies": [_with_remedy(wrong, hints.for_check(wrong.check)) for wrong in found.discrepancies],
    }


def _with_remedy(value: Held | Discrepancy, remedy: str) -> dict[str, Any]:
    return {**asdict(value), "remedy": remedy}
