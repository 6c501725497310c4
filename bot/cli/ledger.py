"""`munshi ledger`: show where every captured rupee is, and prove it over the whole database."""

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
from payments.ledger.holds import in_words
from payments.shop.orders import CURRENCY
from storage.database.records import reading
from storage.reports.backlog import Held
from storage.reports.ledger import Books, books

Json = Annotated[bool, typer.Option("--json", help="One JSON object; amounts in paise.")]


def command(json: Json = False) -> None:
    """Prove that captured = fulfilled + refunded + held, order by order. Exit status 1 if it is not so.

    Reads DATABASE_URL as it is at one instant, while the server runs or not.
    """
    report = looked_up(_books(database_url()))
    if json:
        typer.echo(orjson.dumps(_as_json(report), option=orjson.OPT_INDENT_2))
    else:
        for line in _lines(report):
            typer.echo(printable(line, "\n"))
    if report.discrepancies:
        raise typer.Exit(1)


async def _books(url: str) -> Books:
    async with reading(url) as records:
        return await books(records)


def _lines(report: Books) -> Iterator[str]:
    yield f"{counted(report.orders, 'order')}, {counted(report.payments, 'captured payment')}"
    for currency, sums in sorted(report.sums.items()):
        yield from _sums(currency, sums)
    if report.held:
        yield "\nHeld:"
    for held in report.held:
        yield from held_lines(held)
    if not report.discrepancies:
        yield "\nThe books balance."
        return
    yield f"\nThe books do NOT balance: {len(report.discrepancies)} to look into."
    for discrepancy in report.discrepancies:
        yield from _discrepancy_lines(discrepancy)


def _sums(currency: str, sums: Sums) -> Iterator[str]:
    pending = f"  ({shown(sums.pending, currency)} of it on its way)" if sums.pending else ""
    rows = (
        ("captured", sums.captured, ""),
        ("= fulfilled", sums.fulfilled, ""),
        ("+ refunded", sums.refunded, pending),
        ("+ held", sums.held, ""),
    )
    for name, amount, note in rows:
        yield f"  {name:<12} {shown(amount, currency):>16}{note}"


def held_lines(held: Held) -> Iterator[str]:
    """Yield lines about an order with held money: which order, how much, why, and what to do."""
    amount = shown(held.amount, CURRENCY) if held.amount else "money"
    yield f"  order #{held.number} ({held.key}): {amount} held, {in_words(held.reason)}"
    yield f"      {hints.for_held(held.reason)}"


def _discrepancy_lines(discrepancy: Discrepancy) -> Iterator[str]:
    expected, found = _value(discrepancy, discrepancy.expected), _value(discrepancy, discrepancy.found)
    yield f"  {discrepancy.subject}: {discrepancy.said}"
    yield f"      expected {expected}, found {found}"
    yield f"      {hints.for_check(discrepancy.check)}"


def _value(discrepancy: Discrepancy, value: int | str | None) -> str:
    if isinstance(value, int):
        return str(value) if discrepancy.check in (Check.STOCK, Check.QUOTA) else shown(value, CURRENCY)
    return value or "none"


def _as_json(report: Books) -> dict[str, Any]:
    return {
        "balanced": not report.discrepancies,
        "orders": report.orders,
        "payments": report.payments,
        "sums": dict(sorted(report.sums.items())),
        "held": [_held_json(held) for held in report.held],
        "discrepancies": [
            {**asdict(discrepancy), "remedy": hints.for_check(discrepancy.check)}
            for discrepancy in report.discrepancies
        ],
    }


def _held_json(held: Held) -> dict[str, Any]:
    return {**asdict(held), "reason": in_words(held.reason), "remedy": hints.for_held(held.reason)}
