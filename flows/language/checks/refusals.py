"""Check that the events which an action may raise are answered in the states where it is run."""

from collections.abc import Iterator
from typing import NamedTuple

from flows.document.errors import Issue
from flows.document.places import Path
from flows.engine.model import ActionCall
from flows.language.checks.subject import Subject
from flows.templates.cases import Cases, holds


class _Run(NamedTuple):
    """An action as it is run by a rule, or on entering or leaving a state."""

    call: ActionCall
    here: frozenset[str]
    """Leaves in which the customer is then."""
    then: frozenset[str]
    """Leaves in which they are once the rule is done."""


def refusals_are_answered(subject: Subject) -> Iterator[Issue]:
    """Yield the events of actions that nothing answers, and those that are answered in some cases only."""
    silent: dict[tuple[str, str], set[str]] = {}
    half: dict[tuple[str, str], set[str]] = {}
    places: dict[tuple[str, str], Path] = {}
    for run in _runs(subject):
        for event, leaves in _raised(subject, run):
            key = (run.call.name, event)
            if event in subject.meant:
                continue  # the rule that answers it is misspelt, and that is told
            unanswered = {leaf for leaf in leaves if event not in subject.ways.answers(leaf)}
            open_in = {leaf for leaf in leaves - unanswered if _missed(subject, leaf, *key) is not None}
            for found, where in ((silent, unanswered), (half, open_in)):
                if where:
                    found.setdefault(key, set()).update(where)
                    places.setdefault(key, run.call.place)
    for (action, event), where in silent.items():
        place, mend = places[action, event], f"add '{event}: {{say: …}}' under 'anywhere'"
        if event in subject.flow.vocabulary.actions[action].brings:
            message = f"'{action}' may bring '{event}', and nobody hears of it in: {_listed(subject, where)}"
            yield subject.warning(place, message, mend)
        else:
            message = (
                f"'{action}' may end with '{event}', which nothing answers in: {_listed(subject, where)}"
            )
            yield subject.issue(place, message, mend)
    for (action, event), where in half.items():
        yield from _half_answered(subject, places[action, event], action, event, where)


def _half_answered(
    subject: Subject, place: Path, action: str, event: str, where: set[str]
) -> Iterator[Issue]:
    case = _missed(subject, min(where), action, event)
    example = f", such as {case}" if case else ""
    message = f"'{action}' may end with '{event}' in a case that nothing answers{example}"
    mend = f"add an alternative without 'if' to '{event}', in: {_listed(subject, where)}"
    yield subject.warning(place, message, mend)


def _listed(subject: Subject, leaves: set[str]) -> str:
    return ", ".join(leaf for leaf in subject.ways.leaves if leaf in leaves)


def _raised(subject: Subject, run: _Run) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each event that must be answered, with the leaves in which it may come."""
    action = run.call.action
    if action is None:
        return
    flow = subject.flow
    for event in flow.vocabulary.to_answer(action, run.call.args, flow.sections):
        yield event, run.here if event in action.raises else run.then


def _missed(subject: Subject, leaf: str, action: str, event: str) -> str | None:
    """Return a case of `event` that no alternative takes in `leaf`, in words if it has any. None if none."""
    rules = subject.ways.answers(leaf)[event]
    if any(rule.guard is None for rule in rules):
        return None
    guards = [guard for rule in rules if (guard := subject.tree(rule.guard)) is not None]
    cases = Cases(guards, subject.kinds_on(event, action))
    if not cases:
        return None
    for values in cases:
        if not any(holds(guard, values) for guard in guards):
            return next((f"{name} == '{v}'" for name, v in values.items() if name.startswith("event.")), "")
    return None


def _runs(subject: Subject) -> Iterator[_Run]:
    """Yield each action. A program that asks for something is told of a refusal, so nothing is said then."""
    flow, ways = subject.flow, subject.ways
    for rule in flow.rules:
        leaves = frozenset(ways.leaves_of.get(rule.place, ()))
        here = frozenset() if rule.trigger in flow.vocabulary.programs else leaves
        then = frozenset(ways.after(rule, leaf) for leaf in leaves)
        yield from (_Run(call, here, then) for call in rule.reaction.do)
    for path, state in flow.states.items():
        for reaction, leaves_of in ((state.enter, ways.inside), (state.exit, ways.left_for)):
            if reaction.do:
                leaves = leaves_of(path)
                yield from (_Run(call, leaves, leaves) for call in reaction.do)
