"""Reads a sheet of products that a command was given, and prints what is wrong with it."""

from pathlib import Path
from typing import Final, NoReturn

import typer

from bot.counted import counted
from bot.printable import printable
from bot.whatsapp.limits import LIMITS
from payments.shop.money import money
from payments.shop.product_sheet import Sheet, read_sheet
from payments.shop.product_yaml import products_yaml
from payments.shop.sheet_rows import SheetFault

_SAVE: Final = "save it in your spreadsheet as 'CSV UTF-8', and name that file here"


def products_of(file: Path) -> str:
    """Return the products in the sheet `file` as YAML. Ends the command with every fault if it has one.

    What can be mended, and what was read, is told on stderr.
    """
    return in_yaml(read_sheet(_text_of(file), LIMITS.row_title), str(file))


def in_yaml(sheet: Sheet, place: str) -> str:
    """Return the products of `sheet` as YAML, as `products_of` does. `place` is where faults are shown."""
    for fault in sheet.faults:
        _tell(place, "error", fault)
    if sheet.faults:
        typer.echo("Nothing was taken over: mend these and call the command again.", err=True)
        raise typer.Exit(1)
    for hint in sheet.hints:
        _tell(place, "warning", hint)
    if sheet.unread:
        typer.echo(printable(f"not read: the columns {', '.join(sheet.unread)}"), err=True)
    typer.echo(_read(sheet), err=True)
    return products_yaml(sheet)


def _tell(place: str, severity: str, fault: SheetFault) -> None:
    mend = f"\n    {fault.mend}" if fault.mend else ""
    typer.echo(printable(f"{place}:{fault.line}: {severity}: {fault.message}{mend}", "\n"), err=True)


def _read(sheet: Sheet) -> str:
    products = counted(len(sheet.products), "product")
    categories = len(sheet.categories)
    read = f"{products} in {categories} {'category' if categories == 1 else 'categories'}"
    cheap, dear = _ends(sheet)
    return f"{read}, {cheap}" if cheap == dear else f"{read}, from {cheap} to {dear}"


def _ends(sheet: Sheet) -> tuple[str, str]:
    """Return the price and the name of the cheapest and the dearest that is sold: slips show there."""
    rows = sorted((row for product in sheet.products for row in product.rows), key=lambda row: row.price)
    cheap, dear = (
        f"{money(row.price)} ({row.name}{row.variant and f', {row.variant}'})" for row in (rows[0], rows[-1])
    )
    return cheap, dear


def _text_of(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        _refuse(file, f"can't be read: {error.strerror}")
    if content.startswith(b"PK"):
        _refuse(file, f"a workbook, no CSV: {_SAVE}")
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        _refuse(file, f"not UTF-8 text: {_SAVE}")


def _refuse(file: Path, reason: str) -> NoReturn:
    typer.echo(f"{file}: error: {reason}", err=True)
    raise typer.Exit(1)
