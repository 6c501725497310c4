"""`munshi chats`: list the customers who wrote last, and the chats that a person has."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import orjson
import typer

from bot.chat_json import page_to_json
from bot.cli.books import customer_books
from bot.cli.display import table
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.shop_zone import shop_zone
from bot.printable import printable
from bot.whatsapp.channel import WHATSAPP
from storage.reports import chats
from storage.reports.chats import ChatFilter, ChatPage, ChatPlace, DeskChat

InHand = Annotated[bool, typer.Option("--in-hand", help="Those that a person has.")]
Waiting = Annotated[bool, typer.Option("--waiting", help="Those that wait for a person's answer.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")]
After = Annotated[
    str | None, typer.Option("--after", help="Go on after this place, which the last list named.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object; times in milliseconds.")]


def command(
    in_hand: InHand = False,
    waiting: Waiting = False,
    limit: Limit = 50,
    after: After = None,
    json: Json = False,
) -> None:
    """List chats, the customers who wrote last first. Phone numbers are shown whole.

    Times are the shop's. Reads DATABASE_URL while the server runs or not. munshi reply answers one.
    """
    wanted = ChatFilter(in_hand, waiting, _place(after), limit)
    page = looked_up(_listed(database_url(), wanted))
    if json:
        typer.echo(orjson.dumps(page_to_json(page), option=orjson.OPT_INDENT_2))
        return
    for line in _lines(page):
        typer.echo(printable(line))


def _place(text: str | None) -> ChatPlace | None:
    try:
        return None if text is None else ChatPlace.read(text)
    except ValueError:
        refuse(f"'{text}' is no place in a list: --after takes what the list before it named at its end")


async def _listed(url: str, wanted: ChatFilter) -> ChatPage:
    async with customer_books(url) as records:
        return await chats.listed(records, wanted, WHATSAPP.naming)


def _lines(page: ChatPage) -> Iterator[str]:
    if not page.chats:
        yield "no such chats"
        return
    yield from table([_row(chat) for chat in page.chats])
    if page.next is not None:
        yield f"… more: --after {page.next}"


def _row(chat: DeskChat) -> tuple[str, ...]:
    phone = f"+{chat.phone}" if chat.phone else chat.conversation
    heard = "never wrote" if chat.heard_at is None else f"{_time(chat.heard_at):%d %b %H:%M %Z}"
    return (phone, chat.name, heard, _stands(chat), f'"{chat.last}"' if chat.last else "")


def _stands(chat: DeskChat) -> str:
    """Return who has the chat, and what waits: `Meena since 14:03, 2 unread`."""
    if chat.since is None:
        return chat.state
    who = chat.by or "nobody yet"
    waits = f", {chat.unread} unread" if chat.unread else ""
    return f"{who}, since {_time(chat.since):%d %b %H:%M}{waits}"


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, shop_zone())
