"""Says every message of a flow once for each product, to see whether the channel would take it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flows.document.errors import Issue, Severity, StepFailed, Unsendable
from flows.document.reader import Document
from flows.engine.model import Flow
from flows.engine.variables import Variable
from flows.engine.vocabulary import Trial
from flows.messages.kinds import Speech

_PLACE: Final = "aaaaaaaa-1000000.1000000"
"""A reply's id may be as long as it gets in a shop with many customers."""


def messages_can_be_sent(document: Document, flow: Flow) -> Iterator[Issue]:
    """Issues of messages that the channel would refuse, in any language and with any product.

    What depends on the conversation is tried with what the host thinks up (`Vocabulary.trials`), and is a
    warning: whether it ever comes to it, only customers can tell. What cannot be tried is passed over.
    """
    for name, speeches in flow.messages.items():
        for language, speech in speeches.items():
            if issue := _issue(document, flow, name, language, speech):
                yield issue
                break


def _issue(document: Document, flow: Flow, name: str, language: str, speech: Speech) -> Issue | None:
    statics, channel = flow.statics[language], flow.limits.channel
    plain = {**statics, "customer": {"name": "Asha"}, "language": language, "state": flow.start}
    try:
        speech(plain, _PLACE)
    except Unsendable as refused:
        said = f"{channel} refuses this message in '{language}': {refused}"
        return document.issue(("messages", name), said)
    except StepFailed:
        pass  # it reads more than that
    else:
        return None
    for trial in flow.vocabulary.trials(statics):
        variables = {key: _value(key, flow, variable, trial) for key, variable in flow.variables.items()}
        if why := _refused(speech, {**plain, **variables, **trial.context}):
            said = f"{channel} would refuse this message in '{language}', with {trial.name}: {why}"
            return document.issue(("messages", name), said, severity=Severity.WARNING)
    return None


def _refused(speech: Speech, context: Mapping[str, Any]) -> Unsendable | None:
    try:
        speech(context, _PLACE)
    except Unsendable as refused:
        return refused
    except StepFailed:
        return None  # it reads what only the event can tell
    return None


def _value(name: str, flow: Flow, variable: Variable, trial: Trial) -> Any:
    """What a variable may hold: a text may well be what was tapped."""
    return trial.tapped if variable.type == "text" else flow.defaults[name]
