"""Check what actions are given: names that must be known, and numbers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import nodes

from flows.document.errors import Issue
from flows.document.places import Path
from flows.language.checks.subject import Subject
from flows.language.checks.values import local_types
from flows.language.walk import offers
from flows.templates.as_written import as_written
from flows.templates.comparisons import no_such_word, said
from flows.templates.expressions import Template
from flows.templates.inference import EVENT, EventType, Inference
from flows.templates.types import Record, Type, Words

_TAPPED: Final = ((EVENT, "value"),)
"""What an argument reads that is the value of a tap."""


def arguments_are_known(subject: Subject) -> Iterator[Issue]:
    """Yield the arguments of actions that name what there is not, also by the value of a button."""
    flow, known = subject.flow, subject.types.arguments
    tapped: dict[str, Words] = {}
    for reaction, triggers in subject.ways.occasions():
        for call in reaction.do:
            for name, value in call.args.items():
                if (kind := known.get((call.name, name))) is None:
                    continue
                if isinstance(value, str):
                    yield from _no_such(subject, (*call.place, name), f"'{name}'", kind, value)
                elif isinstance(value, Template) and _is_tapped(value):
                    tapped |= dict.fromkeys(triggers & flow.offered, kind)
                elif isinstance(value, Template):
                    yield from _other_field(subject, (*call.place, name), value.source, kind, {})
    yield from _taps_are_known(subject, tapped)


def _taps_are_known(subject: Subject, tapped: Mapping[str, Words]) -> Iterator[Issue]:
    """Yield the values of buttons and rows that are none of what their triggers take, by `tapped`."""
    written = {one.place: one for one in subject.flow.written} if tapped else {}
    for offer in offers(subject.spec, set()):
        kind, place = tapped.get(offer.trigger), (*offer.place[:-1], "with")
        if kind and offer.value and "{" not in offer.value:
            yield from _no_such(subject, place, f"a tap on '{offer.trigger}'", kind, offer.value)
        elif kind and (one := written.get((*place, ""))):
            yield from _other_field(subject, place, one.source, kind, local_types(subject, one.names))


def _other_field(
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


def _is_tapped(value: Template) -> bool:
    """Whether an argument is the value of the tap, and nothing else."""
    return (
        value.reads == frozenset(_TAPPED) and value.source.startswith("{{") and value.source.count("{") == 2
    )


def _no_such(subject: Subject, place: Path, name: str, kind: Words, value: Any) -> Iterator[Issue]:
    for problem in no_such_word(name, kind, value):
        yield subject.issue(place, f"there is no {kind.what} '{value}'", problem.mend)
