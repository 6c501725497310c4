"""Prove a flow within bounds: search its slices one by one, and keep what was found and left out."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from flows.engine.conversation import Conversation
from flows.engine.model import Flow
from payments.prover.deadline import Clock, Deadline
from payments.prover.endings import Endings
from payments.prover.munshi import NAME, Munshi
from payments.prover.outside import World
from payments.prover.search import Found, Hop, Search, Searched
from payments.prover.slices import Slice, slices
from payments.prover.standing import ID, Standing
from payments.shop.orders import FIRST_NUMBER, Lifecycle

_DUE: Final = frozenset({Lifecycle.FULFILLED, Lifecycle.PROMISED})


@dataclass(slots=True)
class Violation:
    """A truth that does not hold, with a shortest way to where it breaks."""

    found: Found
    part: Slice
    before: list[Hop]
    """The way to where the slice begins."""

    @property
    def hops(self) -> list[Hop]:
        """The whole way."""
        return [*self.before, *self.found.hops]


@dataclass(slots=True)
class Proof:
    """What a whole search saw."""

    munshi: Munshi
    begins: int
    """The standing with which each way begins."""
    endings: Endings
    searched: list[Searched] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    left_out: list[Slice] = field(default_factory=list)
    """Slices for which no time was left."""
    seconds: float = 0.0

    @property
    def places(self) -> int:
        """Places in all slices."""
        return sum(one.places for one in self.searched)

    @property
    def sells(self) -> bool:
        """Whether some story came to an order whose goods are due: it is paid, or cash for it is to come."""
        return any(
            order.lifecycle in _DUE
            for standing in self.munshi.standings.values
            for order in standing.orders.values()
        )

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.violations


@dataclass(slots=True)
class _Start:
    """Where a slice begins."""

    standing: int
    timers: int
    world: World
    hops: list[Hop] = field(default_factory=list)


def prove(
    flow: Flow,
    *,
    deep: bool = False,
    seconds: float = 120.0,
    most: int = 1,
    begun: Callable[[Slice], None] = lambda part: None,
    seen: Callable[[Searched], None] = lambda searched: None,
    only: Callable[[Slice], bool] = lambda part: True,
    clock: Clock = time.monotonic,
) -> Proof:
    """Search `flow` for at most `seconds` of `clock`, until `most` different violations are found.

    `begun` is called before each slice, `seen` after it. `only` picks slices.
    """
    began, deadline = clock(), Deadline.after(seconds, clock)
    munshi = Munshi(flow)
    chat = Conversation(ID, customer={"name": NAME})
    first = Standing(chat, {}, munshi.shop.counted, {}, FIRST_NUMBER)
    begins = munshi.number(munshi.canonical(first))
    proof = Proof(munshi, begins, Endings(munshi))
    start = _Start(begins, munshi.timers.nothing, World(()))
    ordered: dict[bool, _Start | None] = {}
    for part in slices(flow, deep=deep):
        if not only(part):
            continue
        if part.from_order and part.in_cash not in ordered:
            ordered[part.in_cash] = _ordered(munshi, start, deadline, in_cash=part.in_cash)
        if len(proof.violations) >= most or deadline.passed:
            proof.left_out.append(part)
            continue
        origin = ordered[part.in_cash] if part.from_order else start
        if origin is None:
            proof.left_out.append(part)
            continue
        begun(part)
        # A long slice leaves time for the others.
        searched = _search(proof, part, origin, deadline.within(seconds * part.share), most)
        proof.searched.append(searched)
        seen(searched)
    proof.seconds = clock() - began
    return proof


def _search(proof: Proof, part: Slice, start: _Start, deadline: Deadline, most: int) -> Searched:
    budget = tuple(sorted(part.budget.items()))
    world = start.world._replace(budget=budget)
    search = Search(proof.munshi, part, start.standing, start.timers, world)
    known = {_kind(one.found) for one in proof.violations}

    def stop(found: Found) -> bool:
        if _kind(found) not in known:
            known.add(_kind(found))
            proof.violations.append(Violation(found, part, start.hops))
        return len(proof.violations) >= most

    searched = search.run(deadline, stop)
    if len(proof.violations) < most:
        for index, broken in proof.endings.look(search):
            if stop(Found(broken, search.way(index))):
                break
    return searched


def _kind(found: Found) -> tuple[str, str]:
    return (found.broken.name, found.broken.said)


def _ordered(munshi: Munshi, start: _Start, deadline: Deadline, *, in_cash: bool) -> _Start | None:
    """Return where a customer has just ordered in the shortest way, and waits for a link if any does.

    None if no order is found.
    """
    first: _Start | None = None
    part = Slice("to the first order", orders=0)
    search = Search(munshi, part, start.standing, start.timers, start.world)
    for place, way in _reached(search, deadline):
        standing, timers, world = search.parts(place)
        order = munshi.standings.values[standing].order
        found = _Start(standing, timers, world, way)
        if order is not None and (order.lifecycle is Lifecycle.PROMISED if in_cash else order.attempts):
            return found
        first = first or (None if in_cash else found)
    return first


def _reached(search: Search, deadline: Deadline) -> Iterator[tuple[int, list[Hop]]]:
    index = 0
    while index < len(search.order) and not deadline.passed:
        place = search.order[index]
        if search.standing(place).orders:
            yield place, search.way(index)
        search.expand(index)
        index += 1
