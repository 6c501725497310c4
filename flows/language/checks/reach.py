"""Check that every state can be reached and every alternative be taken."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from flows.document.errors import Issue
from flows.engine.model import Rule
from flows.language.checks.subject import Subject
from flows.language.walk import state_place
from flows.templates.cases import Cases, holds
from flows.templates.expressions import NEVER
from flows.templates.inference import EventType, Inference


def keys_fit_groups_and_states(subject: Subject) -> Iterator[Issue]:
    """Yield `ask` on a group, and `start` on a state."""
    for path, state in subject.states():
        where = state_place(path)
        if state.states and state.ask:
            message = f"'{path}' holds states, so no customer rests in it to be asked"
            yield subject.issue((*where, "ask"), message, "move 'ask' to the one of its states that asks")
        if state.start and not state.states:
            message = f"'{path}' says where to start, but holds no states"
            yield subject.issue((*where, "start"), message, "remove 'start', or give it 'states'")


def states_are_reachable(subject: Subject) -> Iterator[Issue]:
    """Yield the states to which nothing leads."""
    if not subject.flow.start or any(place[-1] == "to" for place in subject.astray):
        return  # what is misspelt may lead anywhere
    reached = subject.ways.reached
    for path, state in subject.states():
        if not state.states and path not in reached:
            yield subject.issue(
                state_place(path), f"nothing leads to '{path}'", "add a 'to' somewhere, or remove it"
            )


def alternatives_are_reachable(subject: Subject) -> Iterator[Issue]:
    """Yield the alternatives that are never taken, because others above them always are, or by themselves."""
    for _, found in groupby(subject.flow.rules, key=lambda rule: (rule.owner, rule.trigger)):
        rules = list(found)
        unguarded = list(_behind_unguarded(subject, rules))
        for rule, first in unguarded:
            message = f"never taken: the alternative on line {first.line} has no 'if' and always is"
            yield subject.issue(rule.place, message, "put it first, or give that one an 'if'")
        if not unguarded:
            yield from _never_left_over(subject, rules)


def _behind_unguarded(subject: Subject, rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Each rule behind one without a guard, with that one."""
    for index, rule in enumerate(rules):
        earlier = (one for one in rules[:index] if one.guard is None and _goes_before(subject, one, rule))
        if first := next(earlier, None):
            yield rule, first


def _goes_before(subject: Subject, earlier: Rule, rule: Rule) -> bool:
    """Whether `earlier` is tried for all that `rule` is: one without 'stale' leaves old taps to it."""
    return earlier.stale or not (rule.stale and rule.trigger in subject.flow.offered)


def _never_left_over(subject: Subject, rules: Sequence[Rule]) -> Iterator[Issue]:
    """Yield the guarded alternatives that the guards above them, or their own, leave nothing."""
    guards = [subject.tree(rule.guard) for rule in rules]
    cases = Cases([guard for guard in guards if guard is not None], subject.kinds_on(rules[0].trigger))
    if not cases or all(guard is None for guard in guards):
        return
    tried = [[holds(guard, values) for guard in guards] for values in cases]
    for index, rule in enumerate(rules):
        if rule.guard is None or rule.guard is NEVER:
            continue
        taken = [row for row in tried if row[index]]
        above = [n for n in range(index) if _goes_before(subject, rules[n], rule)]
        if not taken and not _says_why(subject, rule):
            yield subject.warning(rule.place, *_never_true(rule.guard.source))
        elif taken and all(any(row[n] for n in above) for row in taken):
            lines = [rules[n].line for n in above if any(row[n] for row in taken)]
            yield subject.warning(rule.place, *_taken_before(lines))


def _says_why(subject: Subject, rule: Rule) -> bool:
    """Whether the check of values complains of the guard, such as of a word that there is not."""
    record, guard = subject.record(rule.trigger), subject.tree(rule.guard)
    inference = Inference(subject.types, {}, EventType({rule.trigger: record} if record else {}))
    return guard is not None and inference.value(guard) is not None and bool(inference.problems)


def _never_true(source: str) -> tuple[str, str]:
    return f"never taken: '{source}' can't be true", "mend its 'if', or remove it"


def _taken_before(lines: Sequence[int]) -> tuple[str, str]:
    shown = ", ".join(str(line) for line in dict.fromkeys(lines))
    where = "line" if len(set(lines)) == 1 else "lines"
    return (
        f"never taken: the alternatives on {where} {shown} take every case of it",
        "put it first, or remove it",
    )
