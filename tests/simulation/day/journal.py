"""What the steps of one history changed, in the sequence in which they were stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput


@dataclass(frozen=True, slots=True)
class Entry:
    """One step that was stored."""

    numbers: tuple[int, ...]
    """Numbers of its events."""
    at: int
    """When it was decided, in milliseconds since 1970, UTC: `handled_at` of its events."""
    before: Mapping[str, OrderState]
    after: Mapping[str, OrderState]
    """The orders that it changed, by key."""


@dataclass
class Journal:
    """The steps of one database. Whoever runs its transactions calls `begin` and `commit`."""

    entries: list[Entry] = field(default_factory=list)
    _open: dict[str, Entry] = field(default_factory=dict)
    """What the transaction that is open has decided, by conversation."""

    def begin(self) -> None:
        """A transaction begins: what the one before decided and did not commit never happened."""
        self._open.clear()

    def add(self, given: StepInput, changes: ChangeSet, now: int) -> None:
        """The open transaction decided this. If it decides anew on a conversation, the last counts."""
        numbers = tuple(event.number for event in given.events)
        before = {key: state for key, state in given.orders.items() if key in changes.orders}
        self._open[given.conversation.id] = Entry(numbers, now, before, dict(changes.orders))

    def commit(self) -> None:
        """What the open transaction decided lasts."""
        self.entries += self._open.values()
        self._open.clear()

    def lasting(self, handled: Mapping[int, int | None]) -> list[Entry]:
        """Return the steps that the database still knows: a restored one lacks some.

        `handled` has the time at which each event of the database was handled, by its number.
        """
        return [entry for entry in self.entries if handled.get(entry.numbers[0]) == entry.at]
