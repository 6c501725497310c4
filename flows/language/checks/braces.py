"""Check that what is to be filled in stands between two braces on each side."""

import re
from collections.abc import Iterator
from typing import Final

from flows.document.errors import Issue, Severity, nearest
from flows.document.places import Path
from flows.language.checks.languages import placed_parts
from flows.language.checks.subject import Subject
from flows.language.texts import ROOTS
from flows.templates.lookups import Lookup
from flows.templates.types import Record, Type

_SINGLE: Final = re.compile(
    r"(?<!\{)\{ *([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)((?: *\| *[a-z]+)*) *\}(?!\})"
)
"""A name, or a path to a field, and filters, between single braces."""
_RAW: Final = re.compile(r"\{%-? *raw *-?%\}.*?\{%-? *endraw *-?%\}", re.DOTALL)
"""What is shown as it is written, on purpose."""


def braces_are_double(subject: Subject) -> Iterator[Issue]:
    """Yield the names and fields between single braces: they are said as they are written.

    Those of an unknown name are left alone, unless it is a field's and near to a known one: `ordr.total`.
    """
    for where, text in _texts(subject):
        shown = _RAW.sub(lambda raw: " " * len(raw[0]), text)
        for found in _SINGLE.finditer(shown):
            if meant := _meant(subject, tuple(found[1].split("."))):
                message = f"'{found[0]}' is not filled in: it stands between single braces"
                mend = f"did you mean {{{{ {'.'.join(meant)}{found[2]} }}}}?"
                yield subject.document.issue_within(
                    where, text, found.start(), message, mend, Severity.WARNING
                )


def _meant(subject: Subject, written: Lookup) -> Lookup | None:
    """Return the path that is meant by one between single braces; None if no template could read it."""
    names = subject.types.names
    root = written[0] if written[0] in names.keys() | ROOTS else nearest(written[0], names)
    if not root or (len(written) == 1 and root != written[0]):
        return None
    meant: Lookup = (root,)
    kind: Type | None = names.get(root)
    for step in written[1:]:
        if isinstance(kind, Record) and kind.fields:
            is_known = step in kind.fields or kind.is_open
            meant = (*meant, step if is_known else nearest(step, kind.fields) or step)
            kind = kind.fields.get(meant[-1])
        else:
            meant = (*meant, step)
    return meant if root == written[0] or isinstance(names.get(root), Record) else None


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
