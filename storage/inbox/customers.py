"""Whose event is it? Customers are internal ids; what the channel calls them are aliases.

Pure: the rules, without the database. What arrives together names one person (`Evidence`); where it names two
customers that we know, they are joined. A phone number may be given to somebody else, a BSUID never is.

Source: Meta, WhatsApp Cloud API, "Business-scoped user IDs" (a BSUID belongs to one person at one number, and
is made anew when the number changes).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

Alias: TypeAlias = tuple[str, str]
"""(kind, value): `bsuid`, `parent_bsuid` or `phone`."""

Address: TypeAlias = tuple[str | None, str | None]
"""(phone, BSUID); see `address`."""

BSUID: Final = "bsuid"
PHONE: Final = "phone"

_SECOND: Final = 999
"""A change of number is dated in whole seconds: what was written in that second came before it."""
_LATE: Final = 7 * 24 * 3600 * 1000
"""Milliseconds by which word of a changed number may come late: Meta repeats a webhook for 7 days."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an alias."""

    owner: int
    told_at: int
    """When the customer was last seen to begin using it, in milliseconds since 1970, UTC; 0 if only others
    said that it is theirs. The newest is where the customer is reached."""
    beside: str | None = None
    """Of a phone number: the BSUID that it came with; None while it has only come alone."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Names that belong to one customer, because they came together."""

    names: tuple[Alias, ...]
    """Best first."""
    at: int = 0
    """When the customer used them, in milliseconds since 1970, UTC; 0 if it was not they who said them."""
    formerly: tuple[Alias, ...] = ()
    """The names before, where the channel says that a number or id has changed."""

    @property
    def bsuid(self) -> str | None:
        """The BSUID among the names."""
        return next((value for kind, value in self.names if kind == BSUID), None)


@dataclass(slots=True)
class Directory:
    """Who owns which alias, and what changes: filled from the database, then asked arrival by arrival.

    It has to hold all aliases of each customer of whom it has one. A new customer has a negative number
    until the database gives it an id.
    """

    known: dict[Alias, Known] = field(default_factory=dict)
    added: set[Alias] = field(default_factory=set)
    """Aliases to insert, as `known` has them."""
    changed: set[Alias] = field(default_factory=set)
    """Aliases to update."""
    names: dict[int, str | None] = field(default_factory=dict)
    """New customers, with their profile name; those that turned out to be somebody known too."""
    _joined: dict[int, int] = field(default_factory=dict)
    _owned: defaultdict[int, set[Alias]] = field(default_factory=lambda: defaultdict(set))
    """The aliases of each customer that `find` gives."""

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in rows of `alias`."""
        for row in rows:
            alias = (row["kind"], row["value"])
            if alias not in self.known:
                self._put(alias, Known(row["conversation_id"], row["told_at"], row["beside"]))

    def find(self, customer: int) -> int:
        """The customer that `customer` is by now: one that exists, where one of those joined does."""
        while customer in self._joined:
            customer = self._joined[customer]
        return customer

    def groups(self) -> list[list[int]]:
        """The existing customers that are one: each group begins with what `find` gives for its members."""
        found: dict[int, list[int]] = {}
        for customer in sorted(self._joined):
            if customer > 0:
                root = self.find(customer)
                found.setdefault(root, [root]).append(customer)
        return list(found.values())

    def customer(self, evidence: Evidence, name: str | None) -> int:
        """Whom `evidence`, a message of theirs, is of; a new customer if nobody.

        All that it names are one person, but for a phone number that has gone to somebody else: one that
        comes with another BSUID than before. That moves to whom it comes with, unless it came late.
        """
        theirs = [
            self.find(known.owner)
            for alias in (*evidence.formerly, *evidence.names)
            if (known := self.known.get(alias)) and not self._is_anothers(alias, known, evidence)
        ]
        customer = self._join(theirs)
        if customer is None:
            customer = -1 - len(self.names)
            self.names[customer] = name
        at = evidence.at + _SECOND if evidence.formerly and evidence.at else evidence.at
        for alias in evidence.names:
            self._learn(alias, Known(customer, at, evidence.bsuid if alias[0] == PHONE else None))
        for alias in evidence.formerly:
            if alias not in self.known:
                self._add(alias, Known(customer, 0))
        if evidence.formerly:
            # Also if they are in use already: a late word under the old names may be of the same second.
            for alias in evidence.names:
                self._change(alias, replace(self.known[alias], told_at=max(at, self.known[alias].told_at)))
        return customer

    def recipient(self, customer: int, evidence: Evidence) -> int:
        """`customer`, of whom WhatsApp says what they are called; joined with whoever else is called so.

        A word about another person teaches nothing: the number that we wrote to may be somebody else's now.
        """
        customer = self.find(customer)
        if self.knows(customer, evidence):
            return customer
        meant = [alias for alias in evidence.names if alias in self._owned[customer] and alias[0] == PHONE]
        phones = meant or self._newest_phone(customer)
        loose = bool(phones) and all(self.known[phone].beside is None for phone in phones)
        named = [self.known[alias] for alias in evidence.names if alias in self.known]
        told = {evidence.bsuid, *(known.beside for known in named)} - {None}
        own = {value for kind, value in self._owned[customer] if kind == BSUID}
        if own and not loose and not told <= own:
            return customer
        beside = evidence.bsuid or next((self.known[phone].beside for phone in phones), None)
        customer = self._join([customer, *(self.find(known.owner) for known in named)]) or customer
        for alias in (*evidence.names, *phones):
            self._learn(alias, Known(customer, 0, beside if alias[0] == PHONE else None))
        return customer

    def knows(self, customer: int, evidence: Evidence) -> bool:
        """Whether `evidence` says nothing new of `customer`."""
        found = [self.known.get(alias) for alias in evidence.names]
        return all(known and self.find(known.owner) == customer for known in found)

    def _is_anothers(self, alias: Alias, known: Known, evidence: Evidence) -> bool:
        """Whether `alias`, a phone number, is or was another person's than the one `evidence` is of."""
        if alias[0] != PHONE or known.beside is None:
            return False
        if alias in evidence.formerly:
            return (
                known.told_at > evidence.at + _SECOND
            )  # who had it left it, and somebody else has it by now
        strong = [a for a in (*evidence.names, *evidence.formerly) if a[0] != PHONE and a in self.known]
        if self.find(known.owner) in {self.find(self.known[a].owner) for a in strong}:
            return False
        if evidence.bsuid is not None:
            return evidence.bsuid != known.beside
        # No BSUID says whose the new number is: the same person's, if they began to write from it lately.
        return bool(evidence.formerly) and evidence.at - known.told_at > _LATE

    def _join(self, customers: Iterable[int]) -> int | None:
        """The one that all of `customers` are from now on; None if there are none."""
        # New ones have negative numbers: those that exist come first.
        distinct = sorted(dict.fromkeys(customers), key=lambda customer: (customer < 0, abs(customer)))
        for other in distinct[1:]:
            self._joined[other] = distinct[0]
            self._owned[distinct[0]] |= self._owned.pop(other, set())
        return distinct[0] if distinct else None

    def _learn(self, alias: Alias, told: Known) -> None:
        before = self.known.get(alias)
        if before is None:
            self._add(alias, told)
        elif self.find(before.owner) != told.owner:
            if told.told_at >= before.told_at:
                self._change(alias, told)
        elif told.told_at >= before.told_at or before.beside is None:
            # Nothing is written for one that is used as before: the date is that of the first use.
            moved = told.told_at > before.told_at and not (before.told_at and self._is_newest(alias, before))
            told_at = told.told_at if moved else before.told_at
            self._change(alias, Known(told.owner, told_at, told.beside or before.beside))

    def _is_newest(self, alias: Alias, known: Known) -> bool:
        others = [a for a in self._owned[self.find(known.owner)] if a[0] == alias[0] and a != alias]
        return all(self.known[other].told_at < known.told_at for other in others)

    def _newest_phone(self, customer: int) -> list[Alias]:
        phones = [alias for alias in self._owned[customer] if alias[0] == PHONE]
        return [max(phones, key=lambda alias: (self.known[alias].told_at, alias))] if phones else []

    def _add(self, alias: Alias, known: Known) -> None:
        self._put(alias, known)
        self.added.add(alias)

    def _change(self, alias: Alias, known: Known) -> None:
        before = self.known[alias]
        # Whoever owned it may have been joined a moment ago: `_owned` knows them by their last number.
        known = replace(known, owner=self.find(known.owner))
        if replace(before, owner=self.find(before.owner)) == known:
            return
        self._owned[self.find(before.owner)].discard(alias)
        self._put(alias, known)
        if alias not in self.added:
            self.changed.add(alias)

    def _put(self, alias: Alias, known: Known) -> None:
        self.known[alias] = known
        self._owned[known.owner].add(alias)


def address(aliases: Iterable[Mapping[str, Any]]) -> Address:
    """(phone, BSUID) under which a customer is reached now. `aliases`: rows of `alias`, all of theirs.

    The newest name decides; the other is given if it came with that one.
    """
    rows = sorted(aliases, key=lambda row: (row["told_at"], row["id"]))
    phones = [row for row in rows if row["kind"] == PHONE]
    bsuids = [row["value"] for row in rows if row["kind"] == BSUID]
    newest = next((row for row in reversed(rows) if row["kind"] in (PHONE, BSUID)), None)
    if newest is None:
        return None, None
    if newest["kind"] == PHONE:
        return newest["value"], newest["beside"] or (bsuids[-1] if bsuids else None)
    with_it = [row["value"] for row in phones if row["beside"] == newest["value"]]
    return (with_it[-1] if with_it else None), newest["value"]
