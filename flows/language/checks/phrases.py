"""Check that words which customers type apart are not written as one phrase: `words: hi hello menu`.

A phrase of several words is fine (`talk to a person`), so only those are named that nobody types.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from flows.document.errors import Issue
from flows.document.places import Path
from flows.document.words import normalise
from flows.language.checks.subject import Subject
from flows.language.schema import HandlerSpec
from flows.language.walk import state_place

_GREETINGS: Final = frozenset({
    "hi", "hii", "hiii", "hey", "hello", "helo", "hlo", "hola", "namaste", "namaskar",
    "नमस्ते", "नमस्कार", "हाय", "हैलो", "हेलो",
})  # fmt: skip
_OPENERS: Final = frozenset({"menu", "start", "मेनू"})
"""What people write instead of a greeting."""
_AGREEING: Final = frozenset({"yes", "yeah", "yep", "ok", "okay", "haan", "हाँ", "हां"})
_BY_A_COMMA: Final = _GREETINGS | _AGREEING | {"no", "nope", "nahi", "नहीं", "sorry", "thanks", "please"}
"""What a comma parts from the rest of a phrase: `yes, please`."""
_PLAIN: Final = re.compile(r"\w[\w ]*")


def words_stand_apart(subject: Subject) -> Iterator[Issue]:
    """Yield the phrases that are surely several words."""
    yield from _in_handlers(subject, ("anywhere",), subject.spec.anywhere)
    for path, state in subject.states():
        yield from _in_handlers(subject, (*state_place(path), "on"), state.on)


def _in_handlers(
    subject: Subject, where: Path, handlers: Mapping[str, Sequence[HandlerSpec]]
) -> Iterator[Issue]:
    for trigger, specs in handlers.items():
        for index, spec in enumerate(specs):
            yield from _of_one(subject, (*where, trigger, index), "words", spec.words)
            yield from _of_one(subject, (*where, trigger, index), "answers", spec.answers)


def _of_one(
    subject: Subject, where: Path, key: Literal["words", "answers"], written: Sequence[str]
) -> Iterator[Issue]:
    for phrase in written:
        parts = _apart(phrase, [normalise(other) for other in written if other != phrase])
        if parts:
            others = [part for other in written for part in (parts if other == phrase else [other])]
            listed = ", ".join(part if _PLAIN.fullmatch(part) else f'"{part}"' for part in others)
            message = f"'{phrase}' is one phrase: only who types all of it is understood"
            yield subject.warning((*where, key), message, f"write {key}: [{listed}]")


def _apart(phrase: str, others: Sequence[str]) -> Sequence[str]:
    """Return the words that are meant by a phrase; empty if it may be meant as it is.

    Who has one of its words in the list already knows how they are written.
    """
    by_comma = [part.strip() for part in phrase.split(",") if part.strip()]
    spoken = normalise(phrase).split()
    if len(spoken) < 2 or not {*spoken}.isdisjoint(others):
        return ()
    if len(by_comma) > 2 or (len(by_comma) == 2 and not others and _lists(by_comma)):
        return by_comma
    greetings = {*spoken} & _GREETINGS
    greets = len(greetings) > 1 or (greetings and {*spoken} <= _GREETINGS | _OPENERS)
    if len({*spoken}) > 1 and (greets or {*spoken} <= _AGREEING):
        return by_comma if len(by_comma) > 1 else phrase.split()
    return ()


def _lists(parts: Sequence[str]) -> bool:
    """Whether a comma is between words of a list, and not within a phrase such as `yes, please`."""
    words = [normalise(part) for part in parts]
    return _BY_A_COMMA.isdisjoint(words) and not any(" " in word for word in words)
