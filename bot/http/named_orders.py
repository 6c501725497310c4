"""The order that a request names."""

from typing import Final

from aiohttp import web

from bot.context import Context
from bot.http.access import problem
from storage.reports.desk import DeskOrder

_KEY: Final = 64
"""Maximum characters of an order's key."""


async def named_order(context: Context, words: str) -> DeskOrder:
    """Return the order with this key or number. Raises HTTPNotFound, or HTTPConflict if there are several."""
    # PostgreSQL raises an error on some text that no key can be, such as NUL.
    may_be = len(words) <= _KEY and words.isascii() and words.isprintable()
    found = await context.store.detailed_orders(words) if may_be else []
    if not found:
        raise problem(web.HTTPNotFound, "there is no such order")
    if len(found) > 1:
        keys = ", ".join(order.state.key for order in found)
        raise problem(web.HTTPConflict, f"several orders have this number; name one by its key: {keys}")
    return found[0]
