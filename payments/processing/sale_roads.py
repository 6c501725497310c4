"""Check that an order can be paid: it is placed before money is asked for, and asked for once it is. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from flows.document.errors import Severity
from flows.engine.model import ActionCall, Flow, Reaction, Rule
from flows.language.checks.ways import Ways
from flows.messages.fault import Fault
from payments.shop.catalogue import Shop

_PLACE: Final = "order.place"
_CASH: Final = "payment.cash"
_PAYS: Final = frozenset({"payment.request", _CASH})
"""Actions that make a placed order payable."""
_FILLS: Final = frozenset({"cart.add", "cart.set", "cart.fill", "cart.repeat"})


def faults(flow: Flow) -> Iterator[Fault]:
    """Yield where money is asked for before there is an order, and orders for which none is asked for."""
    roads = _Roads(flow)
    yield from _before_an_order(roads)
    yield from _never_asked_for(roads)


class _Roads:
    """The roads of a flow, and what is done on them. They are found only if a rule does half a sale."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.chats = [rule for rule in flow.rules if rule.trigger not in flow.vocabulary.programs]
        """The rules that no program fires."""
        shop: Shop = flow.sections["shop"]
        self._takes_cash = shop.cash is not None

    @cached_property
    def ways(self) -> Ways:
        return Ways(self.flow)

    @cached_property
    def _moves(self) -> Mapping[str, frozenset[str]]:
        """State -> where customers can come from it in one move, whatever programs ask for."""
        chats = {rule.place for rule in self.chats}
        return {
            leaf: frozenset(
                self.ways.after(rule, leaf) for rule in self.ways.taken_in(leaf) if rule.place in chats
            )
            for leaf in self.ways.leaves
        }

    def after(self, leaves: Iterable[str]) -> frozenset[str]:
        """Return the states that customers can come to from `leaves`."""
        return _spread(leaves, self._moves)

    def before(self, leaves: Iterable[str]) -> frozenset[str]:
        """Return the states from which customers can come to `leaves`."""
        back: defaultdict[str, set[str]] = defaultdict(set)
        for leaf, moves in self._moves.items():
            for to in moves:
                back[to].add(leaf)
        return _spread(leaves, back)

    def doing(self, does: Callable[[Reaction], object], rules: Iterable[Rule]) -> Iterator[str]:
        """Yield the states in which one of `rules` does so, or that are entered with it."""
        for rule in rules:
            if does(rule.reaction):
                yield from self.ways.leaves_of.get(rule.place, ())
        for path, state in self.flow.states.items():
            if does(state.enter):
                yield from self.ways.inside(path)

    def done(self, does: Callable[[Reaction], object], rules: Iterable[Rule]) -> Iterator[str]:
        """Yield the states in which customers rest once one of `rules` did so, or an `enter` or `exit`."""
        for rule in rules:
            if does(rule.reaction):
                yield from (self.ways.after(rule, leaf) for leaf in self.ways.leaves_of.get(rule.place, ()))
        for path, state in self.flow.states.items():
            if does(state.enter):
                yield from self.ways.inside(path)
            if does(state.exit):
                yield from self.ways.left_for(path)

    def places(self, reaction: Reaction) -> bool:
        """Whether an order is placed and stays.

        What stands behind a refusal is not done. Cash that the shop does not take undoes the order.
        """
        names = {call.name for call in reaction.do}
        return _PLACE in names and not _unplaced(reaction) and (self._takes_cash or _CASH not in names)

    def asks(self, reaction: Reaction) -> bool:
        """Whether money is asked for in a way that the shop has."""
        return any(call.name in _PAYS and (self._takes_cash or call.name != _CASH) for call in reaction.do)


def _spread(leaves: Iterable[str], moves: Mapping[str, Iterable[str]]) -> frozenset[str]:
    found: set[str] = set()
    queue = list(leaves)
    while queue:
        leaf = queue.pop()
        if leaf not in found:
            found.add(leaf)
            queue += moves.get(leaf, ())
    return frozenset(found)


def _unplaced(reaction: Reaction) -> ActionCall | None:
    """Return the call that asks for money with no `order.place` before it in the same place, if any."""
    for call in reaction.do:
        if call.name == _PLACE:
            return None
        if call.name in _PAYS:
            return call
    return None


def _before_an_order(roads: _Roads) -> Iterator[Fault]:
    flow = roads.flow
    asking = [
        (rule.reaction, rule)
        for rule in roads.chats
        if rule.trigger not in flow.vocabulary.events and not _knows(rule) and _unplaced(rule.reaction)
    ]
    entered = [path for path, state in flow.states.items() if _unplaced(state.enter)]
    if not asking and not entered:
        return
    reached = roads.after([flow.start] if flow.start else ())
    # A shop that fills no cart in the chat has its orders over the API, whatever state the customer is in.
    placing = roads.chats if _sells(roads.chats) else flow.rules
    placed = roads.after(roads.done(roads.places, placing))
    asked = [(reaction, roads.ways.leaves_of.get(rule.place, ())) for reaction, rule in asking]
    asked += [(flow.states[path].enter, tuple(roads.ways.inside(path))) for path in entered]
    for reaction, leaves in asked:
        call = _unplaced(reaction)
        if call and (here := reached.intersection(leaves)) and here.isdisjoint(placed):
            message = f"'{call.name}' is always refused here: no order was placed before it"
            mend = f"write 'order.place' before it: do: [order.place, {call.name}]"
            yield Fault(call.place, message, mend, Severity.WARNING)


def _knows(rule: Rule) -> bool:
    """Whether the rule looks at an order first."""
    return rule.guard is not None and any(read[0] == "order" for read in rule.guard.reads)


def _sells(chats: Iterable[Rule]) -> bool:
    """Whether customers fill their cart in the chat."""
    return any(call.name in _FILLS for rule in chats for call in rule.reaction.do)


def _never_asked_for(roads: _Roads) -> Iterator[Fault]:
    flow = roads.flow
    placing = [rule for rule in flow.rules if _unpaid(rule.reaction)]
    entered = [path for path, state in flow.states.items() if _unpaid(state.enter)]
    if not placing and not entered:
        return
    paying = roads.before(roads.doing(roads.asks, roads.chats))
    ways = roads.ways
    placed = [
        (rule.reaction, [ways.after(rule, leaf) for leaf in ways.leaves_of.get(rule.place, ())])
        for rule in placing
    ]
    placed += [(flow.states[path].enter, [*ways.inside(path)]) for path in entered]
    for reaction, leaves in placed:
        call = _unpaid(reaction)
        if call and leaves and paying.isdisjoint(leaves):
            message = "nothing asks for the money of this order: it stays unpaid, and nobody can accept it"
            mend = "write 'payment.request' behind it, or 'payment.cash' if the shop has 'cash:'"
            yield Fault(call.place, message, mend, Severity.WARNING)


def _unpaid(reaction: Reaction) -> ActionCall | None:
    """Return the `order.place` behind which the same place asks for no money, if any."""
    names = [call.name for call in reaction.do]
    if _PLACE not in names or _PAYS.intersection(names[names.index(_PLACE) :]):
        return None
    return reaction.do[names.index(_PLACE)]
