"""People: who may log in, in which role, and what was done in the console. For owners alone."""

from bot.console.context import Console
from bot.console.people import page


def add_pages(console: Console) -> None:
    """Add the page to the console, where people log in."""
    if console.accounts is not None:
        page.add(console, console.accounts)
