"""`munshi import`: print the products of a sheet as a flow file has them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Source(StrEnum):
    """Where products can come from."""

    CSV = "csv"


From = Annotated[Source, typer.Argument(metavar="csv", help="A sheet in CSV, as a spreadsheet saves it.")]
File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="The sheet. Its first row names the columns: name and price, and any of category, variant,"
        " stock, photo, sku, hindi name, hindi category, hindi variant.",
    ),
]


def command(source: From, file: File) -> None:
    """Print the products of a sheet, to put in place of 'categories:' and 'products:' in flows.yaml."""
    from bot.cli.product_file import products_of

    typer.echo(products_of(file), nl=False)
