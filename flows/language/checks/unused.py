"""Check that what is declared is used: messages, variables."""

from collections.abc import Iterator

from flows.document.errors import Issue
from flows.engine.model import SET
from flows.language.checks.subject import Subject
from flows.language.texts import ROOTS


def messages_are_said(subject: Subject) -> Iterator[Issue]:
    """Yield the messages that nobody says. An offer may be for broadcasts alone."""
    if any("say" in place[-2:] or "tell" in place[-2:] for place in subject.astray):
        return  # what is misspelt may mean any of them
    said = {name for reaction in subject.reactions() for name in (*reaction.say, *reaction.tell)}
    for name in subject.spec.messages.keys() - said - subject.flow.promotions:
        yield subject.warning(("messages", name), f"nobody says '{name}'", "say it, or remove it")


def variables_are_used(subject: Subject) -> Iterator[Issue]:
    """Yield the variables that nothing reads, and those that are read and never get a value."""
    flow = subject.flow
    asked = {state.ask for state in flow.states.values() if state.ask}
    calls = [call for reaction in subject.reactions() for call in reaction.do]
    given = asked | {name for call in calls if call.name == SET for name in call.args}
    given |= {name for call in calls if call.action for name in call.action.sets}
    read = {path[0] for text in flow.written for path in text.reads if path[0] not in text.names}
    used = read | asked | subject.refused_words | set(flow.vocabulary.kept(flow.sections))
    for name, variable in flow.variables.items():
        place = ("variables", name)
        if name not in used:
            yield subject.warning(
                place, f"nothing reads '{name}'", "read it in a text or an 'if', or remove it"
            )
        elif name not in given and variable.default is None:
            message = f"'{name}' is always empty: nothing asks for it, and nothing sets it"
            yield subject.warning(place, message, f"ask for it in a state ('ask: {name}'), or 'set' it")


def variable_names_are_free(subject: Subject) -> Iterator[Issue]:
    """Yield the variables that are called as something else that templates read."""
    flow = subject.flow
    used = ROOTS.union(flow.vocabulary.view_names, flow.statics[flow.languages[0]])
    for name in sorted(subject.spec.variables.keys() & used):
        message = f"'{name}' already means something else in templates"
        yield subject.issue(
            ("variables", name), message, f"call it my_{name}, here and where it is set, asked and read"
        )
