"""`munshi import`: print the products of a sheet, or of a Shopify store, as a flow file has them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Source(StrEnum):
    """Where products can come from."""

    CSV = "csv"
    SHOPIFY = "shopify"


From = Annotated[
    Source,
    typer.Argument(
        metavar="csv|shopify",
        help="csv: a sheet, as a spreadsheet saves it; shopify: the store that the settings name.",
    ),
]
File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="Of csv: the sheet. Its first row names the columns: name and price, and any of category,"
        " variant, stock, photo, sku, hindi name, hindi category, hindi variant.",
    ),
]


def command(source: From, file: File = None) -> None:
    """Print products, to put in place of 'categories:' and 'products:' in flows.yaml."""
    if source is Source.SHOPIFY:
        if file is not None:
            raise typer.BadParameter("'munshi import shopify' takes no file")
        from bot.cli.shopify_products import products_of_store

        typer.echo(products_of_store(), nl=False)
        return
    if file is None:
        raise typer.BadParameter("name the sheet: munshi import csv products.csv")
    from bot.cli.product_file import products_of

    typer.echo(products_of(file), nl=False)
