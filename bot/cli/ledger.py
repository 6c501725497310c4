"""`munshi ledger`: show where every captured rupee is, and prove it over the whole database."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
import typer

from bot.amounts import shown
from bot.checks.held import held_lines
from bot.cli.lifecycle import database_url, looked_up
from bot.counted import counted
from bot.printable import printable
from payments.ledger import hints
from payments.ledger.audit import Check, Discrepancy, Sums
from payments.ledger.holds import in_words
from payments.shop.orders import CURRENCY
from storage.database.records import reading
from storage.reports.backlog import Held
from storage.reports.full_audit import Again, read_again
from storage.reports.ledger import Books, books

Json = Annotated[bool, typer.Option("--json", help="One JSON object; amounts in paise.")]
Full = Annotated[bool, typer.Option("--full", help="Read every order and every audit again.")]


def command(json: Json = False, full: Full = False) -> None:
    """Prove that captured = fulfilled + refunded + held, order by order. Exit status 1 if it is not so.

    Reads DATABASE_URL as it is at one instant, while the server runs or not: the orders that changed since
    the server last audited them. --full also reads all others, and checks that nobody has changed them, and
    the chain of audits. It reads them page by page, so that the server is not held up.
    """
    url = database_url()
    again = looked_up(read_again(url)) if full else None
    report = looked_up(_books(url))
    wrong = [*report.discrepancies]
    wrong += [one for one in again.discrepancies if one not in wrong] if again else []
    if json:
        typer.echo(orjson.dumps(_as_json(report, wrong, again), option=orjson.OPT_INDENT_2))
    else:
        for line in _lines(report, wrong, again):
            typer.echo(printable(line, "\n"))
    if wrong:
        raise typer.Exit(1)


async def _books(url: str) -> Books:
    async with reading(url) as records:
        return await books(records)


def _lines(report: Books, wrong: Sequence[Discrepancy], again: Again | None) -> Iterator[str]:
    figures = report.figures
    yield f"{counted(figures.orders, 'order')}, {counted(figures.payments, 'captured payment')}"
    for currency, sums in sorted(figures.sums.items()):
        yield from _sums(currency, sums)
    if report.held:
        yield "\nHeld:"
    for held in report.held:
        yield from held_lines(held)
    yield ""
    yield from _audits(report, again)
    if not wrong:
        yield "The books balance."
        return
    yield f"The books do NOT balance: {len(wrong)} to look into."
    for discrepancy in wrong:
        yield from _discrepancy_lines(discrepancy)


def _audits(report: Books, again: Again | None) -> Iterator[str]:
    """Yield lines about what was read now, and what an audit had seen before."""
    audit = report.audit
    if audit.number:
        at = datetime.fromtimestamp(audit.made_at / 1000, UTC)
        changed = counted(report.changed, "order")
        yield f"Audit {audit.number} of {at:%Y-%m-%d %H:%M} UTC, {audit.digest[:16]}; read now: {changed}"
    if again:
        yield f"Read again: {counted(again.orders, 'order')}, {counted(again.audits, 'audit')}"


_COUNTS: Final = frozenset({Check.STOCK, Check.QUOTA, Check.ROWS})
"""Checks whose numbers are no money."""


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


def _discrepancy_lines(discrepancy: Discrepancy) -> Iterator[str]:
    expected, found = _value(discrepancy, discrepancy.expected), _value(discrepancy, discrepancy.found)
    yield f"  {discrepancy.subject}: {discrepancy.said}"
    yield f"      expected {expected}, found {found}"
    yield f"      {hints.for_check(discrepancy.check)}"


def _value(discrepancy: Discrepancy, value: int | str | None) -> str:
    if isinstance(value, int):
        return str(value) if discrepancy.check in _COUNTS else shown(value, CURRENCY)
    return value or "none"


def _as_json(report: Books, wrong: Sequence[Discrepancy], again: Again | None) -> dict[str, Any]:
    audit = report.audit
    return {
        "balanced": not wrong,
        "orders": report.figures.orders,
        "payments": report.figures.payments,
        "sums": dict(sorted(report.figures.sums.items())),
        "held": [_held_json(held) for held in report.held],
        "audit": {"number": audit.number, "made_at": audit.made_at, "digest": audit.digest},
        "read_now": report.changed,
        "read_again": again and {"orders": again.orders, "audits": again.audits},
        "discrepancies": [{**asdict(one), "remedy": hints.for_check(one.check)} for one in wrong],
    }


def _held_json(held: Held) -> dict[str, Any]:
    return {**asdict(held), "reason": in_words(held.reason), "remedy": hints.for_held(held.reason)}
