"""Check what actions are given: names that must be known, and numbers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import nodes

from flows.document.errors import Issue
from flows.document.places import Path
from flows.language.checks.subject import Subject
from flows.templates.as_written import as_written
from flows.templates.comparisons import no_such_word, said
from flows.templates.expressions import Template
from flows.templates.inference import EVENT, EventType, Inference
from flows.templates.types import Record, Type, Words

_TAPPED: Final = ((EVENT, "value"),)
"""What an argument reads that is the value of a tap."""


def arguments_are_known(subject: Subject) -> Iterator[Issue]:
    """Yield the arguments of actions that name what there is not."""
    known = subject.types.arguments
    for reaction in subject.reactions():
        for call in reaction.do:
            for name, value in call.args.items():
                if (kind := known.get((call.name, name))) is None:
                    continue
                if isinstance(value, str):
                    yield from no_such(subject, (*call.place, name), f"'{name}'", kind, value)
                elif isinstance(value, Template) and not is_tapped(value):
                    yield from other_field(subject, (*call.place, name), value.source, kind, {})


def other_field(
    subject: Subject, place: Path, source: str, kind: Words, names: Mapping[str, Type]
) -> Iterator[Issue]:
    """Yield that a template gives another field of a thing than the one that is of the type `kind`."""
    part = subject.alone_in(source)
    if not isinstance(part, nodes.Getitem) or not isinstance(part.arg, nodes.Const):
        return
    owner = Inference(subject.types, names, EventType({})).value(part.node)
    if not isinstance(owner, Record):
        return
    fields = [name for name, field in owner.fields.items() if field == kind]
    if fields and part.arg.value in owner.fields and part.arg.value not in fields:
        right = as_written(nodes.Getitem(part.node, nodes.Const(fields[0]), "load"))
        mend = f"write {{{{ {right} }}}}" if right else f"write its '{fields[0]}'"
        yield subject.issue(place, f"{said(part)} is no {kind.what}", mend)


def is_tapped(value: Template) -> bool:
    """Whether an argument is the value of the tap, and nothing else."""
    return (
        value.reads == frozenset(_TAPPED) and value.source.startswith("{{") and value.source.count("{") == 2
    )


def no_such(subject: Subject, place: Path, name: str, kind: Words, value: Any) -> Iterator[Issue]:
    """Yield that `value`, which stands for `name` at `place`, is none of `kind`."""
    for problem in no_such_word(name, kind, value):
        yield subject.issue(place, f"there is no {kind.what} '{value}'", problem.mend)
