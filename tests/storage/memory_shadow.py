"""A store in memory beside a database: each step that the database gives must be the one that this gives."""

from collections.abc import Mapping
from typing import Final

from flows.engine.conversation import Conversation
from payments.processing.bodies import joined
from payments.processing.changes import ChangeSet
from payments.processing.memory import MemoryStore
from payments.processing.step_input import EventKind, StepInput
from payments.shop import quotas, stock
from storage.inbox.steps import Advance

_FIELDS: Final = tuple(name for name in StepInput._fields if name != "in_hand")
"""What is compared. Chats in hand are not: of joined conversations the store in memory keeps both."""
_OF_ALL_ORDERS: Final = frozenset({"numbered", "to_do", "days"})
"""What is read from the orders of all customers. After a restore the store in memory lacks some."""


class MemoryShadow:
    """Follows the transactions of one database: whoever runs them calls `begin` and `commit`."""

    def __init__(self, counted: Mapping[str, int]) -> None:
        self.memory = MemoryStore(counted)
        self.steps = 0
        self.wrongs: list[str] = []
        """What the first step that differed was given. No later one is compared."""
        self._decided: dict[str, ChangeSet] = {}
        """What the transaction that is open has decided, by conversation."""
        self._ending: set[str] = set()
        """Quotas that nobody can take after some time."""
        self._restored = False

    def begin(self) -> None:
        """A transaction begins: what the one before decided and did not commit never happened."""
        self._decided.clear()

    def commit(self) -> None:
        """What the open transaction decided lasts."""
        for changes in self._decided.values():
            self.memory.save(changes)
        self._decided.clear()

    def restored(self) -> None:
        """The database was turned back: what it holds is learned from what it gives."""
        self.memory = MemoryStore(next_number=0)
        self._decided.clear()
        self._restored = True

    def step(self, advance: Advance, given: StepInput) -> ChangeSet:
        """Return what `advance` decides, once `given` is compared."""
        if not self.wrongs:
            self._learn(given)
            self.wrongs += self._differences(given)
        changes = advance(given)
        self._decided[given.conversation.id] = changes
        self._ending.update(booking.name for booking in changes.bookings if booking.ends)
        self.steps += 1
        return changes

    def _learn(self, given: StepInput) -> None:
        """Take over what no step made.

        New conversations, what is off, what the channel says of customers and staff, and all that restored
        books hold.
        """
        memory, id = self.memory, given.conversation.id
        memory.off = given.off
        new = Conversation(id, customer=given.conversation.customer)
        memory.conversations.setdefault(id, given.conversation if self._restored else new)
        memory.phones[id], memory.heard[id] = given.phone, given.heard_at
        memory.staff, memory.quoted = given.staff, given.quoted
        memory.staff_heard = given.staff_heard
        for other in _others(given):
            memory.join(other.id, id)
        if self._restored:
            memory.forgotten |= {id} if given.forgotten else set()
            memory.orders = {**given.orders, **memory.orders}
            memory.left = memory.left or given.left
            memory.taken = memory.taken or given.taken
            memory.next_number = memory.next_number or given.next_number
            memory.account = memory.account or given.account

    def _differences(self, given: StepInput) -> list[str]:
        expected = self.memory.given(given.conversation.id, given.events, given.nonce)
        # A batch is read before any of it is decided; but for what each leaves to the next.
        for changes in self._decided.values():
            expected = expected._replace(
                left=stock.after(expected.left, changes.moves),
                taken=quotas.after(expected.taken, changes.bookings),
                next_number=expected.next_number + len(changes.placed),
            )
        # Of a slot that has begun, the database says no more; and nothing of what was never taken.
        kept = {n: c for n, c in expected.taken.items() if n in given.taken or (c and n not in self._ending)}
        expected = expected._replace(taken=kept)
        names = [name for name in _FIELDS if not (self._restored and name in _OF_ALL_ORDERS)]
        found = [(name, getattr(given, name), getattr(expected, name)) for name in names]
        found += [("other", one, self.memory.conversations.get(one.id, one)) for one in _others(given)]
        return [
            f"a step of {given.conversation.id} was given {name} {theirs}; the store in memory gives {ours}"
            for name, theirs, ours in found
            if theirs != ours
        ]


def _others(given: StepInput) -> list[Conversation]:
    """The conversations that were found to be this one's customer's too."""
    return [joined(event.body).other for event in given.events if event.kind is EventKind.JOINED]
