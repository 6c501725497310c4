"""Try every message with sample conversations, to find those that the channel would refuse or cut."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flows.document.errors import Issue, StepFailed, Unsendable
from flows.document.places import Path
from flows.document.words import normalise
from flows.engine.model import Flow
from flows.engine.variables import Variable
from flows.engine.vocabulary import Trial
from flows.language.checks.filled_in import WrittenTexts
from flows.language.checks.subject import Subject
from flows.messages.kinds import Message, Speech
from flows.messages.limits import clip, length, shorten
from flows.messages.writer import CUTS, Cut

_PLACE: Final = "aaaaaaaa-1000000.1000000"
"""The place in each reply's id, as long as it gets in a shop with many customers."""
_SHOWN: Final = 40
"""Characters of a text that is quoted in an issue."""


def messages_can_be_sent(subject: Subject) -> Iterator[Issue]:
    """Yield one issue for each message that the channel would refuse in some language, or cut in one place.

    A message that depends on the conversation is tried with the host's sample conversations
    (`Vocabulary.trials`). A refusal is then only a warning, because perhaps no customer gets there. A
    message that can't be rendered even so is skipped.
    """
    flow = subject.flow
    trials = {language: list(flow.vocabulary.trials(flow.statics[language])) for language in flow.languages}
    written = WrittenTexts(subject)
    for name, speeches in flow.messages.items():
        tried = _Tried(subject, name, written)
        for language, speech in speeches.items():
            if issue := tried.refusal(language, speech, trials[language]):
                yield issue
                break
        yield from tried.cuts()


class _Tried:
    """The trials of one message."""

    def __init__(self, subject: Subject, name: str, texts: WrittenTexts) -> None:
        self._subject, self._name, self._texts = subject, name, texts
        self._cuts: dict[Cut, str] = {}
        """Each cut, with what it was tried with."""
        self._alike: dict[str, str] = {}
        """A title that two replies have, with what it was tried with."""
        titles = [reply.title for reply, _ in subject.spec.messages[name].replies()]
        written = [
            text for title in titles for text in ([title] if isinstance(title, str) else title.values())
        ]
        self._written = {text for text in written if "{" not in text}
        """Titles that are written out: the kind of message compares them itself."""

    def refusal(self, language: str, speech: Speech, trials: list[Trial]) -> Issue | None:
        """Return why the channel would refuse the message in `language`, if it would."""
        subject, flow = self._subject, self._subject.flow
        statics, channel = flow.statics[language], flow.limits.channel
        customer = {"name": "Asha", **flow.vocabulary.customer(None)}
        anew = {
            key: dict(v) if type(v) is dict else v for key, v in statics.items()
        }  # nothing kept from load
        plain = {**anew, "customer": customer, "language": language, "state": flow.start}
        where = ("messages", self._name)
        try:
            self._say(speech, plain, f"in '{language}'")
        except Unsendable as refused:
            message = f"{channel} refuses this message in '{language}': {refused}"
            return subject.issue(where, message, refused.mend)
        except StepFailed:
            pass  # it reads values of a conversation
        else:
            return None
        for trial in trials:
            variables = {key: _value(key, flow, variable, trial) for key, variable in flow.variables.items()}
            context = {**plain, **variables, **trial.context}
            if refusal := self._refused(speech, context, f"in '{language}', with {trial.name}"):
                message = f"{channel} would refuse this message in '{language}', with {trial.name}: {refusal}"
                return subject.warning(where, message, refusal.mend)
        return None

    def _refused(self, speech: Speech, context: Mapping[str, Any], when: str) -> Unsendable | None:
        """Why the channel would refuse the message in `context`. None if it takes it, or if it fails."""
        try:
            self._say(speech, context, when)
        except Unsendable as refused:
            return refused
        except StepFailed:
            return None  # it reads fields of an event that the trial lacks
        return None

    def _say(self, speech: Speech, context: Mapping[str, Any], when: str) -> None:
        cuts: list[Cut] = []
        message = speech({**context, CUTS: cuts}, _PLACE)
        for cut in cuts:
            self._cuts.setdefault(cut, when)
        for title in _titles_alike(message) - self._written:
            self._alike.setdefault(title, when)

    def cuts(self) -> Iterator[Issue]:
        """Yield one warning for each place in which a text is cut, or two titles are the same."""
        channel = self._subject.flow.limits.channel
        by_place: dict[tuple[str | int, ...], list[tuple[Cut, str]]] = {}
        for cut, when in self._cuts.items():
            if not cut.at_end and not _loses_words(cut):
                continue
            if place := self._texts.place_of(cut.text, cut.limit):
                yield self._filled_in(cut, place)
            else:
                by_place.setdefault(cut.place, []).append((cut, when))
        for place, found in by_place.items():
            [(cut, when), *others] = found
            more = f", and {len(others)} more" if others else ""
            message = f"'{_quoted(cut.text)}' is cut at {cut.limit} characters {when}{more}"
            mend = f"{channel} takes no more here: shorten it, or what is filled in"
            yield self._subject.warning(("messages", self._name, *place), message, mend)
        for title, when in self._alike.items():
            message = f"two choices are called '{title}' {when}: who types it chooses neither"
            yield self._subject.warning(("messages", self._name), message, "give one of them another name")

    def _filled_in(self, cut: Cut, place: Path) -> Issue:
        """Return the warning at the text that the file gives a name or the like, wherever it is shown.

        Each message that shows it says the same, and it is told once.
        """
        channel = self._subject.flow.limits.channel
        message = f"'{_quoted(cut.text)}' has {length(cut.text)} characters, and {channel} takes {cut.limit}"
        seen = (clip if cut.at_end else shorten)(cut.text, cut.limit)
        return self._subject.warning(place, message, f"customers see '{_quoted(seen)}': shorten it")


def _quoted(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _loses_words(cut: Cut) -> bool:
    """Whether words are lost, and not whole lines of a long list, whose number is shown instead."""
    return "… +" not in shorten(cut.text, cut.limit)


def _titles_alike(message: Message) -> set[str]:
    """The titles that two different replies of a message have."""
    found: dict[str, set[str]] = {}
    for reply in message.replies:
        found.setdefault(normalise(reply.title), set()).add(reply.title)
    counted = [normalise(reply.title) for reply in message.replies]
    return {titles.pop() for form, titles in found.items() if form and counted.count(form) > 1}


def _value(name: str, flow: Flow, variable: Variable, trial: Trial) -> Any:
    """Sample value of a variable: for a text, the value of the last tap; else the default."""
    return trial.tapped if variable.type == "text" else flow.defaults[name]
