"""Check the languages: every text is there in each of them, and customers can choose each."""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.document.errors import Issue
from flows.document.places import Path
from flows.engine.model import LANGUAGE
from flows.language.checks.subject import Subject
from flows.messages.writer import Part


def languages_are_known(subject: Subject) -> Iterator[Issue]:
    """Yield the texts in languages that the flow does not have."""
    for where, part in placed_parts(subject):
        if isinstance(part.texts, str):
            continue
        for language in part.texts.keys() - set(subject.spec.languages):
            mend = f"add it to 'languages', which has {', '.join(subject.spec.languages)}"
            yield subject.issue((*where, language), f"'{language}' is not a language of this flow", mend)


def the_apology_is_a_text(subject: Subject) -> Iterator[Issue]:
    """Yield what stands in the place of the text of `apology`: the name of a message, a rule, nothing."""
    apology, mend = subject.spec.apology, "write the text itself behind 'apology:'"
    texts = {"": apology} if isinstance(apology, str) else apology
    for language, text in texts.items():
        where = ("apology", language)
        if language and language not in subject.spec.languages:
            yield subject.issue(where, f"'{language}' is not a language of this flow", mend)
        elif not text.strip():
            yield subject.issue(where, "the text is empty", mend)
        elif text in subject.spec.messages:
            message = f"customers would read '{text}': an apology is a text, not the name of a message"
            yield subject.warning(where, message, mend)


def texts_are_in_every_language(subject: Subject) -> Iterator[Issue]:
    """Yield each text that is missing in a language."""
    first = subject.spec.languages[0]
    for where, texts in _texts(subject):
        for language in subject.spec.languages:
            if language not in texts:
                seen = first if first in texts else next(iter(texts))
                message = f"no text in '{language}': customers see '{seen}'"
                yield subject.warning(where, message, f"add '{language}: …'")


def languages_can_be_chosen(subject: Subject) -> Iterator[Issue]:
    """Yield the languages that no rule gives to a customer. The first is everybody's at the beginning."""
    chosen = {
        call.args["to"] for reaction in subject.reactions() for call in reaction.do if call.name == LANGUAGE
    }
    for index, language in enumerate(subject.spec.languages):
        if index and language not in chosen:
            message = f"nobody can choose '{language}': no rule changes the language to it"
            mend = f"add 'do: {{language: {language}}}' to a rule, or take it out of 'languages'"
            yield subject.warning(("languages", index), message, mend)


def placed_parts(subject: Subject) -> list[tuple[Path, Part]]:
    """Return every text of the messages with its place in the file."""
    return [
        (("messages", name, *part.place), part) for name, parts in subject.parts.items() for part in parts
    ]


def _texts(subject: Subject) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every text that is written by language: of messages, of the apology, of the host's sections."""
    for where, part in placed_parts(subject):
        if not isinstance(part.texts, str):
            yield where, part.texts
    data = subject.document.data
    for key in ("apology", *subject.flow.vocabulary.sections):
        yield from _by_language(data.get(key), (key,), frozenset(subject.spec.languages))


def _by_language(
    value: Any, where: Path, languages: frozenset[str]
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the mappings in `value` whose keys are languages of the flow."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _by_language(item, (*where, index), languages)
    elif isinstance(value, dict) and value and languages.issuperset(value):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _by_language(item, (*where, key), languages)
