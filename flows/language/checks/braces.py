"""Check that what is to be filled in stands between two braces on each side."""

import re
from collections.abc import Iterator
from typing import Final

from flows.document.errors import Issue, Severity
from flows.document.places import Path
from flows.language.checks.languages import placed_parts
from flows.language.checks.subject import Subject
from flows.language.texts import ROOTS

_SINGLE: Final = re.compile(r"(?<!\{)\{ *([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*) *\}")
"""A name, or a path to a field, between single braces."""


def braces_are_double(subject: Subject) -> Iterator[Issue]:
    """Yield the names and fields between single braces: they are said as they are written."""
    names = subject.types.names.keys() | ROOTS
    for where, text in _texts(subject):
        for found in _SINGLE.finditer(text):
            if "." in found[1] or found[1] in names:
                message = f"'{found[0]}' is not filled in: it stands between single braces"
                mend = f"did you mean {{{{ {found[1]} }}}}?"
                yield subject.document.issue_within(
                    where, text, found.start(), message, mend, Severity.WARNING
                )


def _texts(subject: Subject) -> Iterator[tuple[Path, str]]:
    """Every text of a message or an action, with its place in the file."""
    for where, part in placed_parts(subject):
        texts = {"": part.texts} if isinstance(part.texts, str) else part.texts
        yield from (((*where, language), text) for language, text in texts.items())
    for reaction in subject.reactions():
        for call in reaction.do:
            for name, value in call.args.items():
                if isinstance(value, str):
                    yield (*call.place, name), value
