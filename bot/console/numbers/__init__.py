"""The shop's numbers over some days: charts, a table under each, and the same as CSV."""

from fastapi import FastAPI

from bot.console.context import Console
from bot.console.numbers import as_csv, page


def add_pages(site: FastAPI, console: Console) -> None:
    """Add the page and its tables to the console."""
    page.add(console)
    as_csv.add(site, console)
