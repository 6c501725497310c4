"""The chats: who waits for a person, who wrote last, and one chat as the customer sees it, with answers."""

from bot.console.chats import chat_page, list_page
from bot.console.context import Console


def add_pages(console: Console) -> None:
    """Add these pages to the console."""
    list_page.add(console)
    chat_page.add(console)
