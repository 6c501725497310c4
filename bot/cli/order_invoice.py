"""`munshi order <number> invoice`: write an order's invoice, or one of its credit notes, as PDF."""

from collections.abc import Sequence
from pathlib import Path

import typer

from bot.cli.books import order_books
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.invoice_pdf import drawn, file_name
from payments.ledger.state import OrderState
from payments.shop.invoice import NumberedInvoice, chosen
from payments.shop.money import money
from storage.reports import invoices


def write(order: OrderState, words: Sequence[str], out: Path | None) -> None:
    """Write the document that `words` name, or the invoice, to `out`, or to a file named after its number.

    Says which other documents the order has.
    """
    if len(words) > 1:
        refuse("say: munshi order <number> invoice, or name one document: invoice AN/26-27/000123")
    found = looked_up(_documents(database_url(), order))
    document = chosen(found, words[0] if words else "")
    if document is None:
        refuse(_none(order, found))
    path = out or Path(file_name(document.number))
    try:
        path.write_bytes(drawn(document))
    except OSError as error:
        refuse(f"{path} can't be written: {error.strerror}")
    typer.echo(f"{path}: {shown(document)}")
    for other in found:
        if other is not document:
            typer.echo(f"there is also {shown(other)}")


def shown(document: NumberedInvoice) -> str:
    """Return the document in a line, for people."""
    invoice = document.invoice
    return f"{invoice.kind} {document.number} of {invoice.dated}, {money(invoice.total)}"


def _none(order: OrderState, found: Sequence[NumberedInvoice]) -> str:
    if found:
        return f"the order has {', '.join(map(shown, found))}; name one of these"
    if not order.order.terms.seller.name:
        return "there is no invoice: the shop named no seller when it was ordered ('legal' in its file)"
    return f"there is no invoice yet: it is made when the goods leave, and the order is {order.stands}"


async def _documents(url: str, order: OrderState) -> list[NumberedInvoice]:
    async with order_books(url) as records:
        return await invoices.of_order(records.reads, order.order.conversation, order.key)
