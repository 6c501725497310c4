"""What must hold of customers who write and order too much: by rules written a second time."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.simulation.checker import Books, Row

_AN_HOUR: Final = 3_600_000
_ORDERS: Final = 12
_LATER: Final = 5
"""How many of a customer's events with answers must follow one whose answer is left out."""


def wrongs(books: Books) -> Iterator[str]:
    """Yield what is wrong with the orders and the answers of those who ask for much."""
    yield from _orders(books)
    yield from _answers(books)


def _orders(books: Books) -> Iterator[str]:
    placed: defaultdict[int, list[int]] = defaultdict(list)
    for row in books.rows("SELECT conversation_id, placed_at FROM orders ORDER BY placed_at"):
        placed[row["conversation_id"]].append(row["placed_at"])
    for conversation, times in placed.items():
        # Two customers who turn out to be one may have ordered twice as much before.
        joined = conversation in books.joined_into.values()
        for first, last in zip(times, times[_ORDERS:], strict=False):
            if last - first < _AN_HOUR and not joined:
                yield f"budget: conversation {conversation} placed over {_ORDERS} orders within an hour"


def _answers(books: Books) -> Iterator[str]:
    kinds = {row["id"]: row["kind"] for row in books.rows("SELECT id, kind FROM inbox")}
    placing = {row["placed_by"] for row in books.rows("SELECT placed_by FROM orders")}
    entries = books.rows("SELECT * FROM outbox WHERE topic IS NOT NULL ORDER BY id")
    causes: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for entry in entries:
        causes[_queue(books, entry)].add(entry["caused_by"])
    for one in (entry for entry in entries if entry["state"] == "superseded"):
        cause, topic = one["caused_by"], one["topic"]
        if kinds.get(cause, "chat") not in ("chat", "request") or cause in placing or one["urgency"]:
            yield f"answers: {one['name']} is left out, which answers no text"
        later = sum(other > cause for other in causes[_queue(books, one)])
        if later < (_LATER if topic == "answer" else 1):
            yield f"answers: {one['name']} for {one['conversation_id']} is left out, and {later} follow"


def _queue(books: Books, entry: Row) -> tuple[int, str]:
    """Return whose answers these are, and their topic."""
    conversation = entry["conversation_id"]
    while conversation in books.joined_into:
        conversation = books.joined_into[conversation]
    return conversation, entry["topic"]
