"""What can happen in which state: what answers, which states are entered, what is said on what."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import takewhile
from typing import Final, TypeAlias

from flows.document.places import Path
from flows.engine.model import ANSWERED, BUILT_IN, OTHERWISE, RECEIVED, Flow, Reaction, Rule

Alternatives: TypeAlias = Mapping[str, tuple[Rule, ...]]
"""Trigger -> the rules that may answer it in one state, in the order in which they are tried."""
ANNOUNCED: Final = "a broadcast"
"""What causes an offer that no rule says."""


class Ways:
    """The ways through a flow, whatever its guards say."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.leaves = tuple(path for path, state in flow.states.items() if state.leaf == path)
        """Every state in which a conversation can rest."""
        self._owned: dict[str, dict[str, list[Rule]]] = defaultdict(lambda: defaultdict(list))
        for rule in flow.rules:
            self._owned[rule.owner][rule.trigger].append(rule)
        self._answers: dict[str, Alternatives] = {}

    def answers(self, leaf: str) -> Alternatives:
        """Return what answers in `leaf`. What stands behind a rule that is always taken is left out."""
        if leaf not in self._answers:
            self._answers[leaf] = self._found(leaf)
        return self._answers[leaf]

    def _found(self, leaf: str) -> Alternatives:
        found: dict[str, list[Rule]] = {}
        closed: set[str] = set()
        for owner in (*reversed(self._flow.states[leaf].chain), ""):
            for trigger, rules in self._owned[owner].items():
                if trigger in closed:
                    continue
                alternatives = found.setdefault(trigger, [])
                for rule in rules:
                    alternatives.append(rule)
                    if self.always(rule):
                        closed.add(trigger)
                        break
        return {trigger: tuple(rules) for trigger, rules in found.items()}

    def always(self, rule: Rule) -> bool:
        """Whether nothing behind `rule` is tried: it has no guard, and takes old taps too."""
        return rule.guard is None and (rule.stale or rule.trigger not in self._flow.offered)

    def after(self, rule: Rule, leaf: str) -> str:
        """Return the leaf in which a conversation rests after `rule`."""
        return self._flow.states[rule.target].leaf if rule.target else leaf

    def entered(self, rule: Rule, leaf: str) -> tuple[str, ...]:
        """Return the states that `rule` enters from `leaf`, outermost first."""
        if not rule.target:
            return ()
        return self._flow.states[self.after(rule, leaf)].chain[self._kept(rule, leaf) :]

    def left(self, rule: Rule, leaf: str) -> tuple[str, ...]:
        """Return the states that `rule` leaves."""
        return self._flow.states[leaf].chain[self._kept(rule, leaf) :] if rule.target else ()

    def _kept(self, rule: Rule, leaf: str) -> int:
        chain, target = self._flow.states[leaf].chain, self._flow.states[self.after(rule, leaf)].chain
        pairs = zip(chain, target, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return min(rule.depth, shared)

    @cached_property
    def reached(self) -> frozenset[str]:
        """The leaves that a customer can come to."""
        return self.reached_from(self._flow.start) if self._flow.start else frozenset()

    def reached_from(self, start: str) -> frozenset[str]:
        """Return the leaves that can be reached from `start`."""
        found: set[str] = set()
        queue = [start]
        while queue:
            leaf = queue.pop()
            if leaf not in found:
                found.add(leaf)
                queue += (self.after(rule, leaf) for rule in self.taken_in(leaf) if rule.target)
        return frozenset(found)

    def taken_in(self, leaf: str) -> Iterator[Rule]:
        """Yield every rule that may be taken in `leaf`."""
        for rules in self.answers(leaf).values():
            yield from rules

    @cached_property
    def leaves_of(self) -> Mapping[Path, tuple[str, ...]]:
        """Place of a rule -> the leaves, of those that can be reached, in which it may be taken."""
        found: defaultdict[Path, list[str]] = defaultdict(list)
        for leaf in self.leaves:
            if leaf in self.reached:
                for rule in self.taken_in(leaf):
                    found[rule.place].append(leaf)
        return {place: tuple(leaves) for place, leaves in found.items()}

    def inside(self, state: str) -> frozenset[str]:
        """Return the leaves in `state`, itself or below it, that a customer can come to."""
        return frozenset(leaf for leaf in self.reached if state in self._flow.states[leaf].chain)

    def left_for(self, state: str) -> frozenset[str]:
        """Return the leaves for which a customer may leave `state`."""
        rules = [rule for rule in self._flow.rules if rule.target]
        return frozenset(
            self.after(rule, leaf)
            for rule in rules
            for leaf in self.leaves_of.get(rule.place, ())
            if state in self.left(rule, leaf)
        )

    @cached_property
    def entered_on(self) -> Mapping[str, frozenset[str]]:
        """State -> the triggers on which it is entered."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for rule in self._flow.rules:
            for leaf in self.leaves_of.get(rule.place, ()):
                for state in self.entered(rule, leaf):
                    found[state].add(rule.trigger)
        return {state: frozenset(triggers) for state, triggers in found.items()}

    @cached_property
    def left_on(self) -> Mapping[str, frozenset[str]]:
        """State -> the triggers on which it is left."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for rule in self._flow.rules:
            for leaf in self.leaves_of.get(rule.place, ()):
                for state in self.left(rule, leaf):
                    found[state].add(rule.trigger)
        return {state: frozenset(triggers) for state, triggers in found.items()}

    @cached_property
    def said_on(self) -> Mapping[str, frozenset[str]]:
        """Message -> the triggers on which it is said, to the customer or to the staff."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for reaction, triggers in self.occasions():
            for name in (*reaction.say, *reaction.tell):
                found[name] |= triggers
        for name in self._flow.promotions:
            found[name].add(ANNOUNCED)
        return {name: frozenset(triggers) for name, triggers in found.items()}

    @cached_property
    def said_always(self) -> frozenset[tuple[str, str]]:
        """(message, trigger) where nothing but the trigger is asked for."""
        return frozenset(
            (name, rule.trigger)
            for rule in self._flow.rules
            if rule.guard is None
            for name in (*rule.reaction.say, *rule.reaction.tell)
        )

    def occasions(self) -> Iterator[tuple[Reaction, frozenset[str]]]:
        """Yield every reaction with the triggers that cause it."""
        for rule in self._flow.rules:
            yield rule.reaction, frozenset({rule.trigger} if rule.place in self.leaves_of else ())
        for path, state in self._flow.states.items():
            yield state.enter, self.entered_on.get(path, frozenset())
            yield state.exit, self.left_on.get(path, frozenset())

    @cached_property
    def typed(self) -> frozenset[str]:
        """Triggers that have words."""
        states = self._flow.states.values()
        return frozenset(trigger for state in states for trigger in state.words.values())

    @cached_property
    def of_customers(self) -> frozenset[str]:
        """Triggers that the customer's own doing fires."""
        return frozenset(self.typed | self._flow.offered | BUILT_IN.keys() | RECEIVED | {OTHERWISE, ANSWERED})
