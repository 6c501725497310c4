"""Whose event is it? Customers are internal ids; what the channel calls them are aliases.

Pure: the rules, without the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Alias: TypeAlias = tuple[str, str]
"""(kind, value): `bsuid`, `parent_bsuid` or `phone`."""

BSUID: Final = "bsuid"
PHONE: Final = "phone"


@dataclass(slots=True)
class Directory:
    """Who owns which alias, and what changes: filled from the database, then asked arrival by arrival.

    A new customer has a negative number until the database gives it an id.
    """

    owners: dict[Alias, int]
    added: dict[Alias, int] = field(default_factory=dict)
    """Aliases to write, with their owner."""
    moved: set[Alias] = field(default_factory=set)
    """Those of `added` that the database knows under another owner."""
    names: dict[int, str | None] = field(default_factory=dict)
    """New customers, with their profile name."""
    bsuids: dict[int, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Iterable[tuple[str, str, int]]) -> "Directory":
        """From every (kind, value, customer) of all customers that may be meant."""
        directory = cls({})
        for kind, value, customer in known:
            directory._own((kind, value), customer)
        return directory

    def customer(self, aliases: Sequence[Alias], name: str | None) -> int:
        """Whom `aliases` (best first) name; a new customer if nobody.

        The first alias that is known decides; the others are added to that customer where nobody
        has them. A phone number goes with the BSUID it comes with: if its owner is another customer,
        it moves. An owner who has a BSUID of his own lost the number to a new person, so that it names
        nobody; one who has none is the same person, known by number only until now.
        Source: Meta, "Business-scoped user IDs" (a BSUID belongs to one person at one number).
        """
        recycled = {alias for alias in aliases if self._is_recycled(alias, aliases)}
        usable = (self.owners[a] for a in aliases if a in self.owners and a not in recycled)
        customer = next(usable, None)
        if customer is None:
            customer = -1 - len(self.names)
            self.names[customer] = name
        by_bsuid = any(kind == BSUID for kind, _ in aliases)
        for alias in aliases:
            owner = self.owners.get(alias)
            if owner is None or (by_bsuid and alias[0] == PHONE and owner != customer):
                self._give(alias, customer)
        return customer

    def _is_recycled(self, alias: Alias, given: Sequence[Alias]) -> bool:
        owner = self.owners.get(alias)
        told = {value for kind, value in given if kind == BSUID}
        if alias[0] != PHONE or owner is None or not told:
            return False
        theirs = self.bsuids.get(owner, set())
        return bool(theirs) and not theirs & told

    def _give(self, alias: Alias, customer: int) -> None:
        if alias in self.owners and alias not in self.added:
            self.moved.add(alias)
        self.added[alias] = customer
        self._own(alias, customer)

    def _own(self, alias: Alias, customer: int) -> None:
        self.owners[alias] = customer
        if alias[0] == BSUID:
            self.bsuids.setdefault(customer, set()).add(alias[1])


def numbered(changes: Mapping[Alias, int], ids: Mapping[int, int]) -> list[tuple[int, str, str]]:
    """`changes` as (customer, kind, value) rows, new customers by the ids they were given.

    Sorted, so that two processes that write the same aliases wait for each other instead of
    deadlocking.
    """
    rows = [(ids.get(customer, customer), kind, value) for (kind, value), customer in changes.items()]
    return sorted(rows, key=lambda row: row[1:])
