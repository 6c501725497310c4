"""What must hold of the orders' copies at Shopify, by Shopify's own books."""

from collections.abc import Iterator, Sequence

from tests.simulation.day.books import DayBooks
from tests.simulation.day.journal import Entry
from tests.simulation.day.shopify import Copy, Shopify

_DUE = ("promised", "fulfilled")
_AMENDMENTS = "SELECT order_key FROM amendment WHERE amount > 0 OR pieces > 0"


class Copies:
    """The store beside the orders of one database."""

    def __init__(self, books: DayBooks, entries: Sequence[Entry], shopify: Shopify) -> None:
        """`entries` are all steps that were ever stored, those of lost books with them."""
        self._books, self._shopify, self._seen = books, shopify, books.seen
        self._were_due = {
            key for entry in entries for key, order in entry.after.items() if order.lifecycle in _DUE
        }
        lasting = {id(entry) for entry in books.entries}
        self._lost = {key for entry in entries if id(entry) not in lasting for key in entry.after}
        """Orders of which only lost books knew something."""
        notices = books.rows("SELECT subject FROM notice WHERE kind = 'shopify'")
        self._told = {row["subject"] for row in notices}

    def wrongs(self) -> Iterator[str]:
        """Return all violations."""
        yield from self._shopify.wrongs
        for source in sorted({copy.source for copy in self._shopify.copies} - self._were_due):
            yield f"shopify: {source} is there, and its goods were never due"
        for key, order in self._books.orders.items():
            if key in self._were_due:
                yield from self._order(key, order["lifecycle"] in _DUE)

    def _order(self, key: str, due: bool) -> Iterator[str]:
        copies = self._shopify.of(key)
        if len(copies) > 1 and f"two {key}" not in self._told:
            yield f"shopify: {key} is there {len(copies)} times"
        if due and not copies:
            yield f"shopify: {key} is due, and is not there"
        if copies:
            yield from self._copy(key, copies[0], due)

    def _copy(self, key: str, copy: Copy, due: bool) -> Iterator[str]:
        """It costs what the order cost, and says what the order is."""
        order = self._books.orders[key]
        if copy.total != order["total"]:
            yield f"shopify: {key} costs {order['total']}, and {copy.total} there"
        if key in self._lost:
            return
        if due and copy.cancelled_by:
            self._seen["an order was cancelled at shopify, and is due"] += 1
            if f"gone {key}" not in self._told or copy.cancelled_by == "munshi":
                yield f"shopify: {key} is due, and was cancelled there by {copy.cancelled_by}"
            return
        if not due:
            yield from self._called_off(key, copy)
        if due and copy.paid != (order["lifecycle"] == "fulfilled") and f"owed {key}" not in self._told:
            yield f"shopify: {key} is {order['lifecycle']}, and is {'' if copy.paid else 'not '}paid there"
        if due:
            yield from self._amended(key, copy)

    def _called_off(self, key: str, copy: Copy) -> Iterator[str]:
        """It is cancelled there too, and what went back is recorded: all but a delivery fee that is kept."""
        if not copy.cancelled_by:
            yield f"shopify: {key} is called off, and is not cancelled there"
        stays = self._books.cost(key) if self._books.replay.deeds[key].delivery else 0
        self._seen["an order with money at shopify was called off"] += copy.paid
        if copy.paid and copy.net != stays and f"back {key}" not in self._told:
            yield f"shopify: {key} is called off, {stays} of its money stays, and {copy.net} there"

    def _amended(self, key: str, copy: Copy) -> Iterator[str]:
        """What was taken off here is taken off there, or a person was told of it."""
        deeds = self._books.replay.deeds[key]
        made = sum(1 for one in self._books.rows(_AMENDMENTS) if one["order_key"] == key)
        there = sum(1 for one in copy.refunds if one.startswith(f"{key}-a"))
        if there > made:
            yield f"shopify: {key} was amended {made} times, and has {there} refunds there"
        by_hand = any(subject.startswith(f"changed {key}-a") for subject in self._told)
        if by_hand or f"total {key}" in self._told:
            self._seen["a person changes an order at shopify"] += 1
            return
        if copy.paid and copy.net != self._books.cost(key):
            yield f"shopify: {key} costs {self._books.cost(key)} now, and {copy.net} is paid there"
        if copy.pieces != deeds.remaining:
            yield f"shopify: {key} has {deeds.remaining} left, and {copy.pieces} there"
        if deeds.address and copy.zip not in deeds.address:
            yield f"shopify: {key} goes to {deeds.address}, and to {copy.zip} there"
