"""The flow: its files in an editor that checks them as one types, and the versions that were served."""

from bot.console.context import Console
from bot.console.flow import page


def add_pages(console: Console) -> None:
    """Add this page to the console."""
    page.add(console)
