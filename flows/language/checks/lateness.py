"""Check that what may come long after the customer last wrote has an approved template in its place."""

from collections.abc import Iterator

from flows.document.errors import Issue
from flows.engine.model import Reaction, Rule
from flows.engine.vocabulary import Late
from flows.language.checks.subject import Subject
from flows.templates.cases import Cases, holds


def late_messages_have_templates(subject: Subject) -> Iterator[Issue]:
    """Yield the messages without a template that may come when the channel takes nothing else."""
    flow, told = subject.flow, set[str]()
    hours = flow.limits.window // 3_600_000
    for reaction, when in (*_after_events(subject), *_after_timers(subject)):
        for name in reaction.say:
            if name in flow.templated or name in flow.promotions or name in told:
                continue
            told.add(name)
            message = f"'{name}' may come {when}, and has no template"
            mend = (
                f"add 'template: {{name: {name}}}' to it: {hours} hours after a customer wrote,"
                f" {flow.limits.channel} takes nothing else"
            )
            yield subject.warning(("messages", name), message, mend)


def _after_events(subject: Subject) -> Iterator[tuple[Reaction, str]]:
    """Yield each reaction to an event of the host that may come late, and when it comes."""
    flow = subject.flow
    late = flow.vocabulary.late(flow.sections)
    for rule in flow.rules:
        if (found := late.get(rule.trigger)) and _may_be_late(subject, rule, found):
            yield rule.reaction, f"{found.when} on '{rule.trigger}'"
            for leaf in subject.ways.leaves_of.get(rule.place, ()):
                for path in subject.ways.entered(rule, leaf):
                    yield flow.states[path].enter, f"{found.when} on '{rule.trigger}'"


def _may_be_late(subject: Subject, rule: Rule, late: Late) -> bool:
    """Whether `rule` may be taken by an event that does not come at once."""
    guard = subject.tree(rule.guard)
    if guard is None or not late.unless:
        return True
    cases = Cases([guard], subject.kinds_on(rule.trigger))
    at_once = {f"event.{name}": value for name, value in late.unless.items()}
    return not cases or any(
        holds(guard, values) and any(values.get(name) != value for name, value in at_once.items())
        for values in cases
    )


def _after_timers(subject: Subject) -> Iterator[tuple[Reaction, str]]:
    """Yield each reaction to a timer that runs out after the window of the channel, and when it comes."""
    flow, ways = subject.flow, subject.ways
    silent = _longest_silence(subject)
    for leaf in sorted(ways.reached):
        for path in flow.states[leaf].chain:
            for timer in flow.states[path].timers:
                if silent[leaf] + timer.after < flow.limits.window:
                    continue
                for rule in ways.answers(leaf).get(timer.trigger, ()):
                    yield rule.reaction, f"{timer.name} after the last word, or later"
                    for entered in ways.entered(rule, leaf):
                        yield flow.states[entered].enter, f"{timer.name} after the last word, or later"


def _longest_silence(subject: Subject) -> dict[str, int]:
    """Return how long a customer may have been silent when they come into each leaf, in milliseconds.

    Only timers count that lead from state to state; nothing is counted beyond the window.
    """
    flow, ways = subject.flow, subject.ways
    silent = dict.fromkeys(ways.leaves, 0)
    queue = [
        leaf for leaf in ways.reached if any(flow.states[path].timers for path in flow.states[leaf].chain)
    ]
    while queue:
        leaf = queue.pop()
        for path in flow.states[leaf].chain:
            for timer in flow.states[path].timers:
                passed = min(silent[leaf] + timer.after, flow.limits.window)
                for rule in ways.answers(leaf).get(timer.trigger, ()):
                    then = ways.after(rule, leaf)
                    if rule.target and passed > silent[then]:
                        silent[then] = passed
                        queue.append(then)
    return silent
