"""Numbers of the search: equal values have one number, and so have the equal parts of different standings."""

from dataclasses import replace
from typing import Generic, TypeVar

from flows.engine.conversation import Conversation
from payments.ledger.state import OrderState
from payments.prover.standing import Standing

T = TypeVar("T")


class Table(Generic[T]):
    """Gives equal values one small number."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[object, int] = {}

    def number(self, value: T, key: object = None) -> int:
        """Return the number of `value`. `key` stands for values that have no hash."""
        key = value if key is None else key
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.values)
            self.values.append(value)
        return known

    def __len__(self) -> int:
        return len(self.values)


class Standings:
    """Gives equal standings one number. Keeps the numbers of their parts."""

    def __init__(self) -> None:
        self.values: list[Standing] = []
        self.chats: list[int] = []
        """The number of each standing's conversation."""
        self.orders: list[tuple[int, ...]] = []
        """The numbers of each standing's orders, sorted by their keys."""
        self.rests: list[int] = []
        """The number of all that a step is given beside the conversation and the content of the orders."""
        self.known_orders: Table[OrderState] = Table()
        self._chats: Table[Conversation] = Table()
        self._rests: Table[Standing] = Table()
        self._order_numbers: dict[int, int] = {}
        self._numbers: dict[tuple[int, tuple[int, ...], int], int] = {}

    def __len__(self) -> int:
        return len(self.values)

    def number(self, standing: Standing) -> int:
        """Return the number of a canonical standing."""
        orders = tuple(self._order(standing.orders[key]) for key in sorted(standing.orders))
        chat, rest = self._chat(standing.conversation), self._rests.number(standing, standing.rest_key)
        return self._number(standing, chat, orders, rest)

    def with_chat(self, standing: int, conversation: Conversation) -> int:
        """Return the number of a standing that differs from a known one in its conversation only."""
        known = replace(self.values[standing], conversation=conversation)
        return self._number(known, self._chat(conversation), self.orders[standing], self.rests[standing])

    def _chat(self, conversation: Conversation) -> int:
        c = conversation
        data = sorted((name, repr(value)) for name, value in c.data.items())
        key = repr((c.state, c.language, sorted(c.variables.items()), c.choices, c.paged, c.sent_since, data))
        return self._chats.number(conversation, key)

    def _order(self, state: OrderState) -> int:
        """Return the number of an order. One that has a number already is known by its identity."""
        known = self._order_numbers.get(id(state))
        if known is None:
            known = self.known_orders.number(state, repr(state))
            # The table keeps this object for ever, so no other one ever has its id.
            self._order_numbers[id(self.known_orders.values[known])] = known
        return known

    def _number(self, standing: Standing, chat: int, orders: tuple[int, ...], rest: int) -> int:
        parts = (chat, orders, rest)
        known = self._numbers.get(parts)
        if known is None:
            known = self._numbers[parts] = len(self.values)
            states = [self.known_orders.values[number] for number in orders]
            self.values.append(replace(standing, orders={state.key: state for state in states}))
            self.chats.append(chat)
            self.orders.append(orders)
            self.rests.append(rest)
        return known
