"""Check that nobody waits for ever: every state leads on, or lets the customer do something."""

from collections import defaultdict
from collections.abc import Iterator

from flows.document.errors import Issue
from flows.language.checks.subject import Subject
from flows.language.walk import state_place


def every_wait_ends(subject: Subject) -> Iterator[Issue]:
    """Yield the states in which customers can do nothing, and out of which nothing leads."""
    flow, ways = subject.flow, subject.ways
    if not flow.start:
        return
    ends = _leading_to(
        subject, [flow.start, *(leaf for leaf in ways.reached if _does_something(subject, leaf))]
    )
    for leaf in ways.leaves:
        if leaf in ways.reached and leaf not in ends:
            message = f"who is in '{leaf}' never comes out: nothing they do, and no time, leads anywhere"
            mend = "add a word under 'anywhere' that goes there, such as 'menu: {words: [menu], to: …}'"
            yield subject.warning(state_place(leaf), message, mend)


def _does_something(subject: Subject, leaf: str) -> bool:
    """Whether customers can do more in `leaf` than hear messages."""
    taken = subject.ways.taken_in(leaf)
    return any(
        call.action is not None
        for rule in taken
        if rule.trigger in subject.ways.of_customers
        for call in rule.reaction.do
    )


def _leading_to(subject: Subject, goals: list[str]) -> set[str]:
    """Return the leaves from which the customer or time may come to one of `goals`."""
    ways = subject.ways
    before: defaultdict[str, set[str]] = defaultdict(set)
    for rule in subject.flow.rules:
        if rule.target and _by_itself(subject, rule.trigger):
            for leaf in ways.leaves_of.get(rule.place, ()):
                before[ways.after(rule, leaf)].add(leaf)
    found: set[str] = set()
    queue = goals
    while queue:
        leaf = queue.pop()
        if leaf not in found:
            found.add(leaf)
            queue += before[leaf]
    return found


def _by_itself(subject: Subject, trigger: str) -> bool:
    """Whether a trigger needs nobody but the customer: their doing, time, or what an action raises."""
    return trigger in subject.ways.of_customers or trigger not in subject.flow.vocabulary.events
