"""Check that what is to be filled in stands between two braces on each side."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flows.document.errors import Issue, Severity, nearest
from flows.document.places import Path
from flows.language.checks.languages import placed_parts
from flows.language.checks.subject import Subject
from flows.language.checks.values import local_types
from flows.language.texts import ROOTS
from flows.templates.compiler import NO_NAMES, Names
from flows.templates.expressions import Template
from flows.templates.lookups import Lookup
from flows.templates.types import Record, Type

_PATH: Final = r"(?<!\{)\{ *([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)"
_SINGLE: Final = re.compile(_PATH + r"((?: *\| *[a-z]+)*) *\}(?!\})")
"""A name, or a path to a field, and filters, between single braces."""
_LOST: Final = re.compile(_PATH + r"((?: *(?:[|~+*/\[-]|(?:or|and|if) )[^{}]*?)?) *\}\}(?!\})")
"""A name, or a path to a field, and what is computed of it, with one brace before and two behind."""
_RAW: Final = re.compile(r"\{%-? *raw *-?%\}.*?\{%-? *endraw *-?%\}", re.DOTALL)
"""What is shown as it is written, on purpose."""
_FILLED_IN: Final = re.compile(_RAW.pattern + r"|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
"""What the template language reads: two closing braces in it are its own, or stand in quotes."""


def braces_are_double(subject: Subject) -> Iterator[Issue]:
    """Yield the names and fields that lack a brace on each side, or in front: they are said as written.

    Those of an unknown name are left alone, unless it is a field's and near to a known one: `ordr.total`.
    """
    for where, text, local in _texts(subject):
        names = {**subject.types.names, **local_types(subject, local)} if "{" in text else {}
        for found, why in _lacking(text):
            if meant := _meant(names, tuple(found[1].split("."))):
                mend = f"did you mean {{{{ {'.'.join(meant)}{found[2]} }}}}?"
                message = f"'{found[0]}' is not filled in: {why}"
                yield subject.document.issue_within(
                    where, text, found.start(), message, mend, Severity.WARNING
                )


def _lacking(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield what may lack a brace in `text`, and what is wrong with it."""
    for found in _SINGLE.finditer(_RAW.sub(_blank, text)):
        yield found, "it stands between single braces"
    for found in _LOST.finditer(_FILLED_IN.sub(_blank, text)):
        yield found, "an opening brace is missing"


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _meant(names: Mapping[str, Type], written: Lookup) -> Lookup | None:
    """Return the path that is meant by one that lacks braces; None if no template could read it."""
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


def _texts(subject: Subject) -> Iterator[tuple[Path, str, Names]]:
    """Every text of a message or an action, with its place in the file and its local names."""
    for where, part in placed_parts(subject):
        texts = {"": part.texts} if isinstance(part.texts, str) else part.texts
        yield from (((*where, language), text, part.names) for language, text in texts.items())
    for reaction in subject.reactions():
        for call in reaction.do:
            for name, value in call.args.items():
                if isinstance(value, (str, Template)):
                    text = value if isinstance(value, str) else value.source
                    yield (*call.place, name), text, NO_NAMES
