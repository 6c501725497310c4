"""Health: what needs a person, and what `munshi doctor` finds, each with what to do."""

from bot.console.context import Console
from bot.console.health import page


def add_pages(console: Console) -> None:
    """Add the page to the console."""
    page.add(console)
