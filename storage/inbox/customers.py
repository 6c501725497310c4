"""Whose event is it? Customers are internal ids; what the channel calls them are aliases.

Pure: the rules, without the database. What arrives together names one person (`Evidence`); where it names two
customers that we know, they are joined. A passing name may be given to somebody else, a lasting one never is;
the channel says which of its names are which (`Naming`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

Alias: TypeAlias = tuple[str, str]
"""(kind, value); the kinds are the channel's own words."""

Address: TypeAlias = tuple[Alias, ...]
"""The newest name first; see `address`."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a name of each kind proves. One of another kind is a customer's for good, and reaches nobody."""

    lasting: str
    """Kind of the names that belong to one person for good, and that a passing name comes with."""
    passing: str
    """Kind of the names that may be given to somebody else: to whoever has the lasting name beside it."""
    step: int
    """Milliseconds less than one step of the clock that dates a change of names: what was written in that
    step came before the change."""
    late: int
    """Milliseconds by which word of a change may come late."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an alias."""

    owner: int
    told_at: int
    """When the customer was last seen to begin using it, in milliseconds since 1970, UTC; 0 if only others
    said that it is theirs. The newest is where the customer is reached."""
    beside: str | None = None
    """Of a passing name: the lasting one that it came with; None while it has only come alone."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Names that belong to one customer, because they came together."""

    names: tuple[Alias, ...]
    """Best first."""
    at: int = 0
    """When the customer used them, in milliseconds since 1970, UTC; 0 if it was not they who said them."""
    formerly: tuple[Alias, ...] = ()
    """The names before, where the channel says that they have changed."""


@dataclass(slots=True)
class Directory:
    """Who owns which alias, and what changes: filled from the database, then asked arrival by arrival.

    It has to hold all aliases of each customer of whom it has one. A new customer has a negative number
    until the database gives it an id.
    """

    naming: Naming
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

        All that it names are one person, but for a passing name that has gone to somebody else: one that
        comes with another lasting name than before. That moves to whom it comes with, unless it came late.
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
        at = evidence.at + self.naming.step if evidence.formerly and evidence.at else evidence.at
        lasting = self._lasting(evidence)
        for alias in evidence.names:
            self._learn(alias, Known(customer, at, lasting if self._passes(alias) else None))
        for alias in evidence.formerly:
            if alias not in self.known:
                self._add(alias, Known(customer, 0))
        if evidence.formerly:
            # Also if they are in use already: a late word under the old names may be of the same second.
            for alias in evidence.names:
                self._change(alias, replace(self.known[alias], told_at=max(at, self.known[alias].told_at)))
        return customer

    def recipient(self, customer: int, evidence: Evidence) -> int:
        """`customer`, of whom the channel says what they are called; joined with whoever else is called so.

        A word about another person teaches nothing: the name that we wrote to may be somebody else's now.
        """
        customer = self.find(customer)
        if self.knows(customer, evidence):
            return customer
        meant = [alias for alias in evidence.names if alias in self._owned[customer] and self._passes(alias)]
        passing = meant or self._newest_passing(customer)
        loose = bool(passing) and all(self.known[alias].beside is None for alias in passing)
        named = [self.known[alias] for alias in evidence.names if alias in self.known]
        lasting = self._lasting(evidence)
        told = {lasting, *(known.beside for known in named)} - {None}
        own = {value for kind, value in self._owned[customer] if kind == self.naming.lasting}
        if own and not loose and not told <= own:
            return customer
        beside = lasting or next((self.known[alias].beside for alias in passing), None)
        customer = self._join([customer, *(self.find(known.owner) for known in named)]) or customer
        for alias in (*evidence.names, *passing):
            self._learn(alias, Known(customer, 0, beside if self._passes(alias) else None))
        return customer

    def knows(self, customer: int, evidence: Evidence) -> bool:
        """Whether `evidence` says nothing new of `customer`."""
        found = [self.known.get(alias) for alias in evidence.names]
        return all(known and self.find(known.owner) == customer for known in found)

    def _passes(self, alias: Alias) -> bool:
        """Whether `alias` may be given to somebody else."""
        return alias[0] == self.naming.passing

    def _lasting(self, evidence: Evidence) -> str | None:
        """The lasting name in `evidence`."""
        return next((value for kind, value in evidence.names if kind == self.naming.lasting), None)

    def _is_anothers(self, alias: Alias, known: Known, evidence: Evidence) -> bool:
        """Whether `alias`, a passing name, is or was another person's than the one `evidence` is of."""
        if not self._passes(alias) or known.beside is None:
            return False
        if alias in evidence.formerly:
            # Who had it left it, and somebody else has it by now.
            return known.told_at > evidence.at + self.naming.step
        others = [a for a in (*evidence.names, *evidence.formerly) if not self._passes(a) and a in self.known]
        if self.find(known.owner) in {self.find(self.known[a].owner) for a in others}:
            return False
        lasting = self._lasting(evidence)
        if lasting is not None:
            return lasting != known.beside
        # No lasting name says whose the new one is: the same person's, if they began to use it lately.
        return bool(evidence.formerly) and evidence.at - known.told_at > self.naming.late

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

    def _newest_passing(self, customer: int) -> list[Alias]:
        passing = [alias for alias in self._owned[customer] if self._passes(alias)]
        return [max(passing, key=lambda alias: (self.known[alias].told_at, alias))] if passing else []

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


def address(aliases: Iterable[Mapping[str, Any]], naming: Naming) -> Address:
    """The names under which a customer is reached now. `aliases`: rows of `alias`, all of theirs.

    The newest name decides; one of the other kind is given if it came with that one.
    """
    rows = sorted(aliases, key=lambda row: (row["told_at"], row["id"]))
    reach = [row for row in rows if row["kind"] in (naming.passing, naming.lasting)]
    if not reach:
        return ()
    kind, value, beside = (reach[-1][column] for column in ("kind", "value", "beside"))
    if kind == naming.passing:
        lasting = [row["value"] for row in rows if row["kind"] == naming.lasting]
        with_it = [beside] if beside else lasting
    else:
        with_it = [r["value"] for r in rows if r["kind"] == naming.passing and r["beside"] == value]
    other = naming.lasting if kind == naming.passing else naming.passing
    return ((kind, value), *((other, one) for one in with_it[-1:]))
