"""The orders: the board of what is to do, and one order with all that happened to it."""

from bot.console.context import Console
from bot.console.orders import board_page, order_page


def add_pages(console: Console) -> None:
    """Add these pages to the console."""
    board_page.add(console)
    order_page.add(console)
