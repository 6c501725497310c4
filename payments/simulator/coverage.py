"""What chats have used of a flow: the rules that were taken, the messages that were said. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from flows.document.places import Path
from flows.engine.model import Flow, Rule
from payments.processing.changes import EventResult

Alternative: TypeAlias = tuple[str, int]
"""A rule: its name, and its place among the rules of that name, from 0."""


class Coverage:
    """The rules of one flow, the messages that these and its states name, and which of them were used."""

    def __init__(self, flow: Flow) -> None:
        self._rules = _numbered(flow.rules)
        self._messages = frozenset(_named(flow))
        self._taken: set[Alternative] = set()
        self._said: set[str] = set()

    def add(self, results: Iterable[EventResult]) -> None:
        """Count what the events of one chat have used."""
        for result in results:
            for entry in result.trace:
                if taken := entry.get("taken"):
                    self._taken.add(_alternative(entry, taken["rule"]))
                self._said.update(entry.get("said", ()), entry.get("told", ()))

    @property
    def rules(self) -> tuple[int, int]:
        """(how many were taken, how many there are)"""
        return len(self._taken & self._rules.keys()), len(self._rules)

    @property
    def messages(self) -> tuple[int, int]:
        """(how many were said or told, how many there are)"""
        return len(self._said & self._messages), len(self._messages)

    @property
    def percent(self) -> int:
        """Rules and messages that were used, of a hundred: 100 only if all were."""
        (taken, rules), (said, messages) = self.rules, self.messages
        return 100 * (taken + said) // (rules + messages)

    def never(self) -> Iterator[tuple[Path, str]]:
        """Yield the place in the flow and the words of each rule never taken and each message never said."""
        for alternative, rule in self._rules.items():
            if alternative not in self._taken:
                guard = f" [{rule.guard.source}]" if rule.guard else ""
                yield rule.place, f"never taken: {rule.name}{guard}"
        for name in sorted(self._messages - self._said):
            yield ("messages", name), f"never said: {name}"


def _named(flow: Flow) -> Iterator[str]:
    """Yield the messages that a chat can bring. Another one is only sent to everybody, as an offer."""
    around = [reaction for state in flow.states.values() for reaction in (state.enter, state.exit)]
    for reaction in (*around, *(rule.reaction for rule in flow.rules)):
        yield from (*reaction.say, *reaction.tell)


def _numbered(rules: Iterable[Rule]) -> dict[Alternative, Rule]:
    seen: Counter[str] = Counter()
    numbered = {}
    for rule in rules:
        numbered[rule.name, seen[rule.name]] = rule
        seen[rule.name] += 1
    return numbered


def _alternative(entry: Mapping[str, Any], name: str) -> Alternative:
    """Return which rule of this name was taken: those before it were looked at first, and passed over."""
    return name, sum(passed["rule"] == name for passed in entry.get("passed", ()))
