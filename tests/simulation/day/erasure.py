"""Pruning deletes only what is done and old; forgetting leaves nothing of a person, once all is done."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tests.simulation.checker import Row

if TYPE_CHECKING:
    from tests.simulation.day.books import DayBooks

_MONEY: Final = frozenset({"facts", "result", "poll", "forget"})
"""Kinds of events that stay of a person who was forgotten."""
_PERSONAL: Final = (
    "conversation", "alias", "inbox", "outbox", "orders", "amendment", "attempt", "fact", "refund", "notice",
)  # fmt: skip
"""Tables in which something of a person could be left."""
_COMMAND: Final = "staff:"
"""How the key of an event begins that one of the staff caused; the number of what they wrote follows."""


class Erasure:
    """What was deleted in one day, and what was left. Nothing done before `pruned_before` should be left."""

    def __init__(self, books: "DayBooks", pruned_before: int) -> None:
        self._books, self._pruned_before, self._forgotten = books, pruned_before, books.forgotten

    def wrongs(self) -> Iterator[str]:
        """Yield what was deleted and should not be, and what should be and is not."""
        yield from self._deleted()
        yield from self._left()
        yield from self._named()
        yield from self._of_the_forgotten()

    def _deleted(self) -> Iterator[str]:
        """What waits is not pruned, nor what is newer than the term."""
        commands = self._books.rows(f"SELECT key FROM inbox WHERE key LIKE '{_COMMAND}%'")
        by_staff = {row["key"].removeprefix(_COMMAND) for row in commands}
        # A receipt's row goes as soon as its message says what it said.
        for row in self._books.rows("SELECT * FROM deleted_inbox WHERE kind <> 'receipt'"):
            done_at = row["handled_at"] or row["received_at"]
            erased = row["conversation_id"] in self._forgotten or str(row["id"]) in by_staff
            if not erased and (row["state"] in ("erased", "parked") or done_at >= self._pruned_before):
                yield f"pruned: event {row['id']} ({row['kind']}, {row['state']}) of {done_at} is deleted"
        for row in self._books.rows("SELECT * FROM deleted_outbox"):
            done_at = row["finished_at"] or 0
            erased = row["conversation_id"] in self._forgotten or row["about"] in self._forgotten
            if not erased and (row["state"] == "erased" or done_at >= self._pruned_before):
                yield f"pruned: delivery {row['id']} ({row['name']}, {row['state']}) of {done_at} is deleted"

    def _left(self) -> Iterator[str]:
        """What is done and older than the term is gone, but for webhooks that the books keep."""
        if self._books.restored:
            return  # webhooks for lost orders are settled after the last run
        done = "state IN ('applied', 'ignored') AND COALESCE(handled_at, received_at)"
        for row in self._books.rows(f"SELECT id, kind FROM main.inbox WHERE {done} < {self._pruned_before}"):
            yield f"pruned: event {row['id']} ({row['kind']}) is older than the term, and still there"
        for row in self._books.rows(f"SELECT id FROM main.outbox WHERE finished_at < {self._pruned_before}"):
            yield f"pruned: delivery {row['id']} is older than the term, and still there"

    def _named(self) -> Iterator[str]:
        """No table has a name of who was forgotten, unless they are known again."""
        known = [row["value"] for row in self._books.rows("SELECT value FROM alias")]
        gone = self._books.rows("SELECT value, conversation_id FROM deleted_alias")
        names = {row["value"] for row in gone if row["conversation_id"] in self._forgotten}
        for name in sorted(names):
            if not any(name in other for other in known):
                yield from (
                    f"forgotten: {name} stands in {table}" for table in _PERSONAL if self._holds(table, name)
                )

    def _holds(self, table: str, name: str) -> bool:
        return any(name in str(value) for row in self._rows(table) for value in row.values())

    def _rows(self, table: str) -> list[Row]:
        return self._books.rows(f"SELECT * FROM main.{table}")

    def _of_the_forgotten(self) -> Iterator[str]:
        """Of who was forgotten only money is left: no chat, no message, no address."""
        at = self._forgotten
        for row in self._rows("inbox"):
            forgotten_at, handled_at = at.get(row["conversation_id"], 0), row["handled_at"] or row["due_at"]
            if handled_at < forgotten_at and row["kind"] not in _MONEY:
                yield f"forgotten: event {row['id']} ({row['kind']}) is left"
        for row in self._rows("outbox"):
            own = at.get(row["conversation_id"], 0) if row["lane"] == "chat" else 0
            if row["created_at"] < max(own, at.get(row["about"], 0)):
                yield f"forgotten: delivery {row['id']} ({row['name']}) is left"
        for table in ("orders", "amendment"):
            for row in self._rows(table):
                to = json.loads(row["destination"] or "{}")
                if row["conversation_id"] in self._forgotten and (to.get("address") or to.get("note")):
                    yield f"forgotten: {row['key']} says where its customer lives"
