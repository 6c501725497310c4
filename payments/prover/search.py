"""The search of one slice: breadth first over all places, each of them once.

A place is three small numbers in one: Munshi's standing, its running timers, and the world. The first
violation that is found is a shortest one.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from payments.prover import world as worlds
from payments.prover.clock import WINDOW
from payments.prover.customer import Customer
from payments.prover.deadline import Deadline
from payments.prover.munshi import Answer, Event, Munshi, timer_event
from payments.prover.outside import Kind, Move, World
from payments.prover.slices import Slice
from payments.prover.standing import Standing
from payments.prover.standings import Table
from payments.prover.world import SOLD_OUT
from payments.truths.broken import Broken, Name

_BITS: Final = 21
_MASK: Final = (1 << _BITS) - 1
_LOOKS: Final = 64
"""Places between two looks at the clock: a look may take longer than a place."""


class Hop(NamedTuple):
    """One way from a place to the next."""

    label: str
    """Its line in a scenario; empty if the line is the time that passes, or a timer."""
    place: int
    event: Event | None = None
    broken: tuple[Broken, ...] = ()
    passed: int = 0
    """Milliseconds."""

    @property
    def standing(self) -> int:
        """Munshi's standing afterwards."""
        return self.place & _MASK


@dataclass(slots=True)
class Found:
    """A violation, with the way to it from the beginning of its slice."""

    broken: Broken
    hops: list[Hop]


@dataclass(slots=True)
class Searched:
    """What a search of one slice saw."""

    part: Slice
    places: int = 0
    ways: int = 0
    depth: int = 0
    seconds: float = 0.0
    cut: int = 0
    """Places that lie beyond the bounds of the slice."""
    exhausted: bool = False
    found: list[Found] = field(default_factory=list)


class Search:
    """Searches one slice."""

    def __init__(self, munshi: Munshi, part: Slice, standing: int, timers: int, world: World) -> None:
        """The slice begins with this standing, these timers and this world."""
        self.munshi, self.part = munshi, part
        self.worlds: Table[World] = Table()
        self._customer = Customer(munshi.flow, munshi.standings, part)
        self._doings: dict[int, list[tuple[Event, Answer]]] = {}
        self._moves: dict[int, list[tuple[Move, int]]] = {}
        self._asked: dict[tuple[int, int, bool], int] = {}
        self._worlds_later: dict[tuple[int, int], int] = {}
        self._inside: dict[int, bool] = {}
        self.order = array("Q")
        """All places, in the order in which they were found."""
        self.parents = array("I")
        self.seen: set[int] = set()
        self._add(_place(standing, timers, self.worlds.number(world)), 0)

    def run(self, deadline: Deadline, stop: Callable[[Found], bool]) -> Searched:
        """Search until all is seen, `deadline` has passed, or `stop` says that enough is found."""
        began, done = deadline.clock(), Searched(self.part)
        layer_ends, index = 1, 0
        while index < len(self.order):
            if not index % _LOOKS and deadline.passed:
                break
            if index == layer_ends:
                layer_ends, done.depth = len(self.order), done.depth + 1
            if self._expand(index, done, stop):
                break
            index += 1
        done.exhausted = index == len(self.order)
        done.places, done.seconds = len(self.order), deadline.clock() - began
        return done

    def _add(self, place: int, parent: int) -> None:
        self.seen.add(place)
        self.order.append(place)
        self.parents.append(parent)

    def expand(self, index: int) -> None:
        """Add all places that one place leads to."""
        self._expand(index, Searched(self.part), lambda found: False)

    def _expand(self, index: int, done: Searched, stop: Callable[[Found], bool]) -> bool:
        """Look at all ways out of one place. Return whether the search is to stop."""
        place = self.order[index]
        if (
            not self.is_inside(place & _MASK)
            or len(self.worlds.values[place >> 2 * _BITS].calls) > self.part.calls
        ):
            done.cut += 1
            return False
        for hop in self.hops(place):
            done.ways += 1
            if hop.broken:
                found = Found(hop.broken[0], [*self.way(index), hop])
                done.found.append(found)
                if stop(found):
                    return True
            elif hop.place not in self.seen:
                self._add(hop.place, index)
        return False

    def way(self, index: int) -> list[Hop]:
        """Return a shortest way from the beginning to a place, by its number."""
        found: list[Hop] = []
        while index:
            parent = self.parents[index]
            place = self.order[index]
            found.append(next(hop for hop in self.hops(self.order[parent]) if hop.place == place))
            index = parent
        return found[::-1]

    def standing(self, place: int) -> Standing:
        """Return Munshi's standing in a place."""
        return self.munshi.standings.values[place & _MASK]

    def parts(self, place: int) -> tuple[int, int, World]:
        """Return the standing, the timers and the world of a place."""
        return place & _MASK, place >> _BITS & _MASK, self.worlds.values[place >> 2 * _BITS]

    def is_inside(self, standing: int) -> bool:
        """Return whether a standing lies within the bounds of the slice."""
        known = self._inside.get(standing)
        if known is None:
            now = self.munshi.standings.values[standing]
            part = self.part
            fits = len(now.orders) <= part.orders and now.links <= part.links and now.pieces <= part.pieces
            known = self._inside[standing] = fits
        return known

    # Ways out of a place

    def hops(self, place: int) -> Iterator[Hop]:
        """Yield all ways out of a place."""
        standing, timers, world = place & _MASK, place >> _BITS & _MASK, place >> 2 * _BITS
        now = self.worlds.values[world]
        outside = self._outside(world)
        if now.calls and not self.part.late_answers:
            yield from self._world_hops(standing, timers, outside, Kind.ANSWER)
            return
        if now.news and not self.part.late_news:
            yield from self._world_hops(standing, timers, outside, Kind.NEWS)
            return
        yield from self._customer_hops(standing, timers, world)
        yield from self._world_hops(standing, timers, outside, None)
        due = self.munshi.timers.due(timers)
        for timer in due:
            event = timer_event(timer, self.munshi.quiet)
            answer = self.munshi.answer(standing, event)
            rest = self.munshi.timers.without(timers, timer)
            yield self._hop("", event, answer, rest, world, by_customer=False)
        if not due and not any(move.urgent for move, _ in outside):
            yield from self._time_hops(standing, timers, world)

    def _customer_hops(self, standing: int, timers: int, world: int) -> Iterator[Hop]:
        known = self._doings.get(standing)
        if known is None:
            known = self._doings[standing] = [
                (event, self.munshi.answer(standing, event)) for event in self._customer.doings(standing)
            ]
        for event, answer in known:
            yield self._hop(event.key, event, answer, timers, world, by_customer=True)

    def _world_hops(
        self, standing: int, timers: int, outside: list[tuple[Move, int]], only: Kind | None
    ) -> Iterator[Hop]:
        for move, after in outside:
            if only and move.kind is not only:
                continue
            if move.label == SOLD_OUT:
                yield Hop(move.label, _place(self.munshi.sold_out(standing), timers, after))
            elif move.event is None:
                yield Hop(move.label, _place(standing, timers, after))
            else:
                answer = self.munshi.answer(standing, move.event)
                yield self._hop(move.label, move.event, answer, timers, after, by_customer=False)

    def _time_hops(self, standing: int, timers: int, world: int) -> Iterator[Hop]:
        dues = [self.munshi.timers.next(timers), worlds.next_due(self.worlds.values[world])]
        passed = min((due for due in dues if due is not None), default=None)
        if passed is None:
            yield from self._silence(standing, timers, world)
            return
        after = self._worlds_later.get((world, passed))
        if after is None:
            moved = worlds.later(self.worlds.values[world], passed)
            after = self._worlds_later[world, passed] = self.worlds.number(moved)
        standing, timers = self.munshi.later(standing, timers, passed)
        yield Hop("", _place(standing, timers, after), passed=passed)

    def _silence(self, standing: int, timers: int, world: int) -> Iterator[Hop]:
        """A day passes, if anything may still come in which its length matters."""
        now = self.worlds.values[world]
        if self.part.silence and not now.silent and self._outside(world):
            after = self.worlds.number(now._replace(silent=True))
            yield Hop("", _place(standing, timers, after), passed=WINDOW)

    def _hop(
        self, label: str, event: Event, answer: Answer, timers: int, world: int, *, by_customer: bool
    ) -> Hop:
        after = self._asked.get((world, answer.effect, by_customer))
        effect = self.munshi.effects.values[answer.effect]
        if after is None:
            asked = worlds.asked_for(self.worlds.values[world], effect, by_customer=by_customer)
            after = self._asked[world, answer.effect, by_customer] = self.worlds.number(asked)
        timers = self.munshi.timers.after(timers, effect.running)
        broken = answer.broken
        if effect.without_template and self.worlds.values[world].silent:
            name = effect.without_template[0]
            broken = (*broken, Broken(Name.NO_TEMPLATE, f"'{name}' cannot be sent: it has no template"))
        return Hop(label, _place(answer.standing, timers, after), event, broken)

    def _outside(self, world: int) -> list[tuple[Move, int]]:
        known = self._moves.get(world)
        if known is None:
            found = worlds.moves(self.worlds.values[world])
            known = self._moves[world] = [(move, self.worlds.number(move.after)) for move in found]
        return known


def _place(standing: int, timers: int, world: int) -> int:
    return standing | timers << _BITS | world << 2 * _BITS
