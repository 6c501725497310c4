"""What no single step shows: places without a way on. It is looked for in all that a search has seen.

What the customer can do in a standing does not depend on timers or on the world. So these questions are asked
of the standings, of which there are few, and not of the places.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from payments.ledger.facts import FactState
from payments.ledger.state import PAYABLE
from payments.prover.clock import NOW
from payments.prover.customer import Customer
from payments.prover.munshi import Answer, Event, Munshi, timer_event
from payments.prover.search import Search
from payments.prover.slices import ANY, Slice
from payments.prover.standing import Standing
from payments.shop.orders import Lifecycle
from payments.truths.broken import Broken, Name

_INPUTS: Final = 2
"""Inputs of the customer that may lie between a link that exists and the message that shows it."""
_FAR: Final = 300
"""Standings that a customer can come to, by themselves, from one that is no dead end."""
_ALL: Final = Slice("everything that a customer can do", ANY)


class Endings:
    """Looks for standings without a way on, and remembers which have one."""

    def __init__(self, munshi: Munshi) -> None:
        self.munshi = munshi
        self._customer = Customer(munshi.flow, munshi.standings, _ALL)
        self._home: dict[int, bool] = {}
        self._shows: dict[tuple[int, int], bool] = {}

    def look(self, search: Search) -> Iterator[tuple[int, Broken]]:
        """Yield what is wrong at the end of ways in a finished search, with the index of the place."""
        first: dict[int, int] = {}
        for index, place in enumerate(search.order):
            standing = search.parts(place)[0]
            if standing not in first and search.is_inside(standing):
                first[standing] = index
        yield from self._dead_ends(first)
        yield from self._without_link(first)
        yield from _waiting(search)
        yield from self._loops(search)

    def _dead_ends(self, first: dict[int, int]) -> Iterator[tuple[int, Broken]]:
        start = self.munshi.flow.start
        for standing, index in first.items():
            now = self.munshi.standings.values[standing].conversation
            if now.state and not self._reaches(
                standing, self._home, lambda s, a: self._is_at(a.standing, start)
            ):
                said = f"nothing that the customer taps or types leads from '{now.state}' to '{start}' again"
                yield index, Broken(Name.DEAD_END, said)

    def _without_link(self, first: dict[int, int]) -> Iterator[tuple[int, Broken]]:
        for standing, index in first.items():
            now = self.munshi.standings.values[standing]
            url = _payable(now)
            if url and not self._gets_at(standing, url, _INPUTS):
                yield (
                    index,
                    Broken(
                        Name.NO_LINK, f"the link exists, and nothing shows it in '{now.conversation.state}'"
                    ),
                )

    def _gets_at(self, standing: int, url: str, inputs: int) -> bool:
        """Return whether so many inputs of the customer can bring the link."""
        key = (standing, inputs)
        known = self._shows.get(key)
        if known is None:
            own = [
                a for _, a in self._answers(standing) if self._speaks(a.standing) == self._speaks(standing)
            ]
            found = any(url in self.munshi.effects.values[answer.effect].shows for answer in own)
            further = inputs > 1 and any(self._gets_at(a.standing, url, inputs - 1) for a in own)
            known = self._shows[key] = found or further
        return known

    def _speaks(self, standing: int) -> str:
        return self.munshi.standings.values[standing].conversation.language

    def _is_at(self, standing: int, leaf: str) -> bool:
        return self.munshi.standings.values[standing].conversation.state == leaf

    def _reaches(self, begin: int, known: dict[int, bool], arrives: Callable[[int, Answer], bool]) -> bool:
        """Return whether what the customer does leads to an answer that `arrives`. `known` is filled in."""
        seen, queue, came = {begin}, [begin], dict[int, int]()
        for standing in queue:
            if len(seen) > _FAR:
                return True
            if known.get(standing) is False:
                continue
            found = known.get(standing) or any(arrives(standing, a) for _, a in self._answers(standing))
            if found:
                _mark(known, came, standing)
                return True
            for _, answer in self._answers(standing):
                if answer.standing not in seen:
                    seen.add(answer.standing)
                    came[answer.standing] = standing
                    queue.append(answer.standing)
        known |= dict.fromkeys(seen, False)
        return False

    def _answers(self, standing: int) -> Iterable[tuple[Event, Answer]]:
        """Yield what the customer can do, likeliest ways out first, computed only as far as it is needed."""
        for event in sorted(self._customer.doings(standing), key=_likely):
            yield event, self.munshi.answer(standing, event)

    def _loops(self, search: Search) -> Iterator[tuple[int, Broken]]:
        """Yield places from which timers alone lead back to themselves, and say something on the way."""
        over: set[tuple[int, int]] = set()
        for index, place in enumerate(search.order):
            standing, timers, _ = search.parts(place)
            way: dict[tuple[int, int], bool] = {}
            while (standing, timers) not in over and (standing, timers) not in way:
                following = self._timer(standing, timers)
                if following is None:
                    break
                way[standing, timers] = following[2]
                standing, timers = following[:2]
            if (standing, timers) in way and any(way.values()):
                state = self.munshi.standings.values[standing].conversation.state
                yield (
                    index,
                    Broken(Name.LOOP, f"timers lead to '{state}' again and again, and nobody does anything"),
                )
                return
            over |= way.keys()

    def _timer(self, standing: int, timers: int) -> tuple[int, int, bool] | None:
        """Return where the next timer leads, and whether it says anything; None if none runs."""
        while not (due := self.munshi.timers.due(timers)):
            passed = self.munshi.timers.next(timers)
            if passed is None:
                return None
            standing, timers = self.munshi.later(standing, timers, passed)
        answer = self.munshi.answer(standing, timer_event(due[0], self.munshi.quiet))
        effect = self.munshi.effects.values[answer.effect]
        after = self.munshi.timers.after(self.munshi.timers.without(timers, due[0]), effect.running)
        return answer.standing, after, effect.spoke


def _mark(known: dict[int, bool], came: dict[int, int], standing: int) -> None:
    known[standing] = True
    while standing in came:
        standing = came[standing]
        known[standing] = True


def _likely(event: Event) -> int:
    """Sort words first, since they are few and lead far."""
    return 0 if event.key.startswith("customer: ") else 1


def _payable(standing: Standing) -> str:
    """Return the address of the link with which the chat's order can be paid; empty if there is none."""
    order = standing.order
    if order is None or order.status not in PAYABLE or order.lapsed or order.link is None:
        return ""
    return (order.link.short_url or "") if order.link.expires_at > NOW else ""


def _waiting(search: Search) -> Iterator[tuple[int, Broken]]:
    """Yield a place in which an order is open, and nothing will ever happen to it by itself."""
    for index, place in enumerate(search.order):
        standing, timers, world = search.parts(place)
        if search.munshi.timers.are_running(timers) or world.calls or world.news or world.refunds:
            continue
        settles = any(one.state is FactState.AUTHORIZED for one in world.payments)
        if settles or any(link.status == "created" for link in world.links) or not search.is_inside(standing):
            continue
        orders = search.munshi.standings.values[standing].orders.values()
        stuck = next((one for one in orders if one.lifecycle is Lifecycle.OPEN and not one.held_for), None)
        if stuck:
            yield index, Broken(Name.WAITS, f"order #{stuck.order.number} is open, and nothing is under way")
            return
