"""Says of an order with held money which it is, how much, why, and what a person can do. Pure."""

from collections.abc import Iterator

from bot.amounts import shown
from payments.ledger import hints
from payments.ledger.holds import in_words
from payments.shop.orders import CURRENCY
from storage.reports.backlog import Held


def held_lines(held: Held) -> Iterator[str]:
    """Yield lines about an order with held money: which order, how much, why, and what to do."""
    amount = shown(held.amount, CURRENCY) if held.amount else "money"
    yield f"  order #{held.number} ({held.key}): {amount} held, {in_words(held.reason)}"
    yield f"      {hints.for_held(held.reason)}"
