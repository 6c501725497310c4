"""Try every message of a flow with sample conversations, to find those that the channel would refuse."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flows.document.errors import Issue, Severity, StepFailed, Unsendable
from flows.document.reader import Document
from flows.engine.model import Flow
from flows.engine.variables import Variable
from flows.engine.vocabulary import Trial
from flows.messages.kinds import Speech

_PLACE: Final = "aaaaaaaa-1000000.1000000"
"""The place in each reply's id, as long as it gets in a shop with many customers."""


def messages_can_be_sent(document: Document, flow: Flow) -> Iterator[Issue]:
    """One issue for each message that the channel would refuse in some language.

    A message that depends on the conversation is tried with the host's sample conversations
    (`Vocabulary.trials`). A refusal is then only a warning, because perhaps no customer gets there. A
    message that can't be rendered even so is skipped.
    """
    for name, speeches in flow.messages.items():
        for language, speech in speeches.items():
            if issue := _issue(document, flow, name, language, speech):
                yield issue
                break


def _issue(document: Document, flow: Flow, name: str, language: str, speech: Speech) -> Issue | None:
    statics, channel = flow.statics[language], flow.limits.channel
    customer = {"name": "Asha", **flow.vocabulary.customer(None)}
    plain = {**statics, "customer": customer, "language": language, "state": flow.start}
    try:
        speech(plain, _PLACE)
    except Unsendable as refused:
        message = f"{channel} refuses this message in '{language}': {refused}"
        return document.issue(("messages", name), message, refused.mend)
    except StepFailed:
        pass  # it reads values of a conversation
    else:
        return None
    for trial in flow.vocabulary.trials(statics):
        variables = {key: _value(key, flow, variable, trial) for key, variable in flow.variables.items()}
        if refusal := _refusal(speech, {**plain, **variables, **trial.context}):
            message = f"{channel} would refuse this message in '{language}', with {trial.name}: {refusal}"
            return document.issue(("messages", name), message, refusal.mend, Severity.WARNING)
    return None


def _refusal(speech: Speech, context: Mapping[str, Any]) -> Unsendable | None:
    """Why the channel would refuse the message in `context`; None if it takes it, or it can't be rendered."""
    try:
        speech(context, _PLACE)
    except Unsendable as refused:
        return refused
    except StepFailed:
        return None  # it reads fields of an event that the trial lacks
    return None


def _value(name: str, flow: Flow, variable: Variable, trial: Trial) -> Any:
    """Sample value of a variable: for a text, the value of the last tap; else the default."""
    return trial.tapped if variable.type == "text" else flow.defaults[name]
