"""Find the customer of an event. Customers are internal ids; the channel's names of them are aliases.

These are pure rules, without the database. Names that arrive together belong to one person (`Evidence`); if
two known customers have them, those are joined. A passing name may be given to somebody else, a lasting name
never is; the channel says which of its names are which (`Naming`).
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
    """The channel's kinds of names. A name of any other kind is one person's for good, and no address."""

    lasting: str
    """The kind of names that belong to one person for good. A passing name comes with one."""
    passing: str
    """The kind of names that may be given to somebody else: the person whose lasting name comes with it."""
    step: int
    """One step of the clock that dates a change of names, in milliseconds, less one. A message of the same
    step counts as written before the change."""
    late: int
    """Milliseconds by which the report of a change may come late."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an alias."""

    owner: int
    told_at: int
    """When the customer was last seen to begin using it, in milliseconds since 1970, UTC; 0 if only others
    used it for them. The newest alias is the customer's address."""
    beside: str | None = None
    """Of a passing name: the lasting name that it came with; None if it has only come alone."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Names that belong to one customer, because they arrived together."""

    names: tuple[Alias, ...]
    """Best first."""
    at: int = 0
    """When the customer used them, in milliseconds since 1970, UTC; 0 if others used them."""
    formerly: tuple[Alias, ...] = ()
    """The former names, if the channel reports that they have changed."""


@dataclass(slots=True)
class Directory:
    """The owners of aliases, and the changes to save. Load it from the database, then ask it by arrival.

    It must hold all aliases of each customer of whom it holds one. A new customer has a negative number until
    the database gives it an id.
    """

    naming: Naming
    known: dict[Alias, Known] = field(default_factory=dict)
    added: set[Alias] = field(default_factory=set)
    """Aliases to insert, as `known` has them."""
    changed: set[Alias] = field(default_factory=set)
    """Aliases to update."""
    names: dict[int, str | None] = field(default_factory=dict)
    """New customers, with their profile name; also those who turned out to be a known customer."""
    _joined: dict[int, int] = field(default_factory=dict)
    _owned: defaultdict[int, set[Alias]] = field(default_factory=lambda: defaultdict(set))
    """The aliases of each customer, by the number that `find` returns."""

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Load rows of the table `alias`."""
        for row in rows:
            alias = (row["kind"], row["value"])
            if alias not in self.known:
                self._put(alias, Known(row["conversation_id"], row["told_at"], row["beside"]))

    def find(self, customer: int) -> int:
        """Return the customer that `customer` is now, after joins: an existing one, if any of them exists."""
        while customer in self._joined:
            customer = self._joined[customer]
        return customer

    def groups(self) -> list[list[int]]:
        """Return the existing customers that were joined. Each group begins with its `find` result."""
        groups: dict[int, list[int]] = {}
        for customer in sorted(self._joined):
            if customer > 0:
                root = self.find(customer)
                groups.setdefault(root, [root]).append(customer)
        return list(groups.values())

    def customer(self, evidence: Evidence, name: str | None) -> int:
        """Return the customer who wrote a message with `evidence`; a new customer if its names are unknown.

        All its names are one person's, except a passing name that has gone to somebody else: one that comes
        with another lasting name than before. It moves to the writer, unless the message came late.
        """
        owners = [
            self.find(known.owner)
            for alias in (*evidence.formerly, *evidence.names)
            if (known := self.known.get(alias)) and not self._is_of_another(alias, known, evidence)
        ]
        customer = self._join(owners)
        if customer is None:
            customer = -1 - len(self.names)
            self.names[customer] = name
        at = evidence.at + self.naming.step if evidence.formerly and evidence.at else evidence.at
        lasting = self._lasting(evidence)
        for alias in evidence.names:
            self._learn(alias, Known(customer, at, lasting if self._is_passing(alias) else None))
        for alias in evidence.formerly:
            if alias not in self.known:
                self._add(alias, Known(customer, 0))
        if evidence.formerly:
            # Also if they are in use already: a late message under the old names may be of the same second.
            for alias in evidence.names:
                self._change(alias, replace(self.known[alias], told_at=max(at, self.known[alias].told_at)))
        return customer

    def recipient(self, customer: int, evidence: Evidence) -> int:
        """Give `customer`, to whom we wrote, the names that the channel reports of the recipient.

        Return the customer, joined with other owners of these names. Evidence of another person changes
        nothing: the name that we wrote to may be somebody else's now.
        """
        customer = self.find(customer)
        if self.knows(customer, evidence):
            return customer
        addressed = [a for a in evidence.names if a in self._owned[customer] and self._is_passing(a)]
        passing = addressed or self._newest_passing(customer)
        came_alone = bool(passing) and all(self.known[alias].beside is None for alias in passing)
        entries = [self.known[alias] for alias in evidence.names if alias in self.known]
        lasting = self._lasting(evidence)
        reported = {lasting, *(known.beside for known in entries)} - {None}
        own = {value for kind, value in self._owned[customer] if kind == self.naming.lasting}
        if own and not came_alone and not reported <= own:
            return customer
        beside = lasting or next((self.known[alias].beside for alias in passing), None)
        customer = self._join([customer, *(self.find(known.owner) for known in entries)]) or customer
        for alias in (*evidence.names, *passing):
            self._learn(alias, Known(customer, 0, beside if self._is_passing(alias) else None))
        return customer

    def knows(self, customer: int, evidence: Evidence) -> bool:
        """Whether `customer` owns all names of `evidence` already."""
        entries = [self.known.get(alias) for alias in evidence.names]
        return all(known and self.find(known.owner) == customer for known in entries)

    def _is_passing(self, alias: Alias) -> bool:
        """Whether `alias` may be given to somebody else."""
        return alias[0] == self.naming.passing

    def _lasting(self, evidence: Evidence) -> str | None:
        """Return the lasting name in `evidence`; None if it has none."""
        return next((value for kind, value in evidence.names if kind == self.naming.lasting), None)

    def _is_of_another(self, alias: Alias, known: Known, evidence: Evidence) -> bool:
        """Whether `alias`, a passing name, belongs or belonged to another person than that of `evidence`."""
        if not self._is_passing(alias) or known.beside is None:
            return False
        if alias in evidence.formerly:
            # The person of `evidence` left it, and a later first use is somebody else's.
            return known.told_at > evidence.at + self.naming.step
        names = (*evidence.names, *evidence.formerly)
        others = [a for a in names if not self._is_passing(a) and a in self.known]
        if self.find(known.owner) in {self.find(self.known[a].owner) for a in others}:
            return False
        lasting = self._lasting(evidence)
        if lasting is not None:
            return lasting != known.beside
        # No lasting name says whose the new name is. It is the same person's if its use began lately.
        return bool(evidence.formerly) and evidence.at - known.told_at > self.naming.late

    def _join(self, customers: Iterable[int]) -> int | None:
        """Join all of `customers` and return the one that they are from now on; None if there are none."""
        # Existing customers first; new ones have negative numbers.
        distinct = sorted(dict.fromkeys(customers), key=lambda customer: (customer < 0, abs(customer)))
        for other in distinct[1:]:
            self._joined[other] = distinct[0]
            self._owned[distinct[0]] |= self._owned.pop(other, set())
        return distinct[0] if distinct else None

    def _learn(self, alias: Alias, new: Known) -> None:
        """Take over `new`, what an arrival says of `alias`, unless something later is known."""
        before = self.known.get(alias)
        if before is None:
            self._add(alias, new)
        elif self.find(before.owner) != new.owner:
            if new.told_at >= before.told_at:
                self._change(alias, new)
        elif new.told_at >= before.told_at or before.beside is None:
            # The address in use keeps the date of its first use, so that a message causes no write.
            moved = new.told_at > before.told_at and not (before.told_at and self._is_newest(alias, before))
            told_at = new.told_at if moved else before.told_at
            self._change(alias, Known(new.owner, told_at, new.beside or before.beside))

    def _is_newest(self, alias: Alias, known: Known) -> bool:
        others = [a for a in self._owned[self.find(known.owner)] if a[0] == alias[0] and a != alias]
        return all(self.known[other].told_at < known.told_at for other in others)

    def _newest_passing(self, customer: int) -> list[Alias]:
        passing = [alias for alias in self._owned[customer] if self._is_passing(alias)]
        return [max(passing, key=lambda alias: (self.known[alias].told_at, alias))] if passing else []

    def _add(self, alias: Alias, known: Known) -> None:
        self._put(alias, known)
        self.added.add(alias)

    def _change(self, alias: Alias, known: Known) -> None:
        before = self.known[alias]
        # The owner may have been joined a moment ago: `_owned` is keyed by the number that `find` returns.
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
    """Return the names at which a customer is reached now. `aliases`: all the customer's rows of `alias`.

    The newest name comes first. A name of the other kind follows if it came with that one.
    """
    rows = sorted(aliases, key=lambda row: (row["told_at"], row["id"]))
    reach = [row for row in rows if row["kind"] in (naming.passing, naming.lasting)]
    if not reach:
        return ()
    kind, value, beside = (reach[-1][column] for column in ("kind", "value", "beside"))
    if kind == naming.passing:
        lasting = [row["value"] for row in rows if row["kind"] == naming.lasting]
        companions = [beside] if beside else lasting
    else:
        companions = [r["value"] for r in rows if r["kind"] == naming.passing and r["beside"] == value]
    other = naming.lasting if kind == naming.passing else naming.passing
    return ((kind, value), *((other, companion) for companion in companions[-1:]))
