"""What must hold of customers who write and order too much: by rules written a second time."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.simulation.checker import Books

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
    merged = {row["merged_into"] for row in books.rows("SELECT merged_into FROM conversation")}
    for row in books.rows("SELECT conversation_id, placed_at FROM orders ORDER BY placed_at"):
        placed[row["conversation_id"]].append(row["placed_at"])
    for conversation, times in placed.items():
        # Two customers who turn out to be one may have ordered twice as much before.
        for first, last in zip(times, times[_ORDERS:], strict=False):
            if last - first < _AN_HOUR and conversation not in merged:
                yield f"budget: conversation {conversation} placed over {_ORDERS} orders within an hour"


def _answers(books: Books) -> Iterator[str]:
    kinds = {row["id"]: row["kind"] for row in books.rows("SELECT id, kind FROM inbox")}
    placing = {row["placed_by"] for row in books.rows("SELECT placed_by FROM orders")}
    entries = books.rows("SELECT * FROM outbox WHERE topic IS NOT NULL ORDER BY id")
    for one in (entry for entry in entries if entry["state"] == "superseded"):
        cause, topic = one["caused_by"], one["topic"]
        if kinds.get(cause, "chat") not in ("chat", "request") or cause in placing or one["urgency"]:
            yield f"answers: {one['name']} is left out, which answers no text"
        later = {entry["caused_by"] for entry in entries if _follows(entry, one)}
        if len(later) < (_LATER if topic == "answer" else 1):
            yield f"answers: {one['name']} is left out, and {len(later)} follow"


def _follows(entry: dict[str, object], one: dict[str, object]) -> bool:
    of_one = all(entry[name] == one[name] for name in ("conversation_id", "topic"))
    return of_one and int(str(entry["caused_by"])) > int(str(one["caused_by"]))
