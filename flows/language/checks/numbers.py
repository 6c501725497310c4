"""Check that whole numbers are given numbers: by actions, and by what is set into variables."""

from collections.abc import Iterator
from typing import Final

from jinja2 import nodes

from flows.document.errors import Issue
from flows.document.places import Path
from flows.engine.model import SET, ActionCall
from flows.language.checks.subject import Subject
from flows.templates.comparisons import said
from flows.templates.expressions import Template
from flows.templates.inference import EVENT, EventType, Inference
from flows.templates.lookups import path
from flows.templates.types import ListOf, Record, Table, Truth, Words

_IN_NUMBERS: Final = frozenset("-0123456789 \n")
"""What may stand in the text of a number."""


def numbers_are_numbers(subject: Subject) -> Iterator[Issue]:
    """Yield what is no number where an action or a variable takes one."""
    typed = _typed(subject)
    for reaction, triggers in subject.ways.occasions():
        event = subject.event_on(triggers)
        for call in reaction.do:
            for name, value in call.args.items():
                if isinstance(value, Template) and _takes_number(subject, call, name):
                    place = (*call.place, name)
                    if found := _text_variable(subject, value):
                        yield _of_text(subject, place, name, found, is_typed=found in typed)
                    else:
                        yield from _no_number(subject, place, name, value, event)


def _typed(subject: Subject) -> frozenset[str]:
    """Return the variables that hold what customers type."""
    asked = {state.ask for state in subject.flow.states.values() if state.ask}
    given = {
        name
        for reaction in subject.reactions()
        for call in reaction.do
        if call.name == SET
        for name, value in call.args.items()
        if isinstance(value, Template) and path(subject.alone_in(value.source), {}) == (EVENT, "text")
    }
    return frozenset(asked | given)


def _takes_number(subject: Subject, call: ActionCall, name: str) -> bool:
    if call.action is not None:
        return call.action.args.model_fields[name].annotation is int
    variable = subject.flow.variables.get(name)
    return variable is not None and variable.type == "integer"


def _no_number(
    subject: Subject, place: Path, name: str, value: Template, event: EventType
) -> Iterator[Issue]:
    part = subject.alone_in(value.source)
    if part is None:
        yield from _letters_around(subject, place, name, value.source)
        return
    kind = Inference(subject.types, {}, event).value(part)
    shown = isinstance(part, nodes.Filter) and part.name in subject.types.money_filters
    known = (
        [str(part.value)] if isinstance(part, nodes.Const) else kind.words if isinstance(kind, Words) else ()
    )
    letters = known and not any(word.strip().isdigit() for word in known)
    if shown or letters or isinstance(kind, (ListOf, Record, Table, Truth)):
        said_kind = "a sum as people read it" if shown else kind.SAID
        message = f"'{name}' is a whole number, and {said(part)} is {said_kind}"
        yield subject.issue(place, message, "write what holds digits")


_KEPT: Final = frozenset({"default", "lower", "upper", "title", "first", "last"})
"""Filters that leave a text a text."""


def _text_variable(subject: Subject, value: Template) -> str | None:
    """Return the variable that is filled in as it is and is no whole number; None without one."""
    outputs = (node for node in subject.template(value.source).body if isinstance(node, nodes.Output))
    shown = {name for output in outputs for part in output.nodes for name in _filled_in(part)}
    variables, types = subject.flow.variables, subject.types.names
    texts = (name for name in sorted(shown) if name in variables and variables[name].type != "integer")
    return next((name for name in texts if not isinstance(types[name], Words)), None)


def _filled_in(node: nodes.Node | None) -> Iterator[str]:
    """Yield the names whose values are, or may be, what a part of a template gives."""
    match node:
        case nodes.Name(name=name):
            yield name
        case nodes.Filter(node=inner, name=name) if name in _KEPT:
            yield from _filled_in(inner)
        case nodes.CondExpr(expr1=one, expr2=other) | nodes.Or(left=one, right=other):
            yield from (*_filled_in(one), *_filled_in(other))
        case nodes.Concat(nodes=parts):
            for part in parts:
                yield from _filled_in(part)


def _of_text(subject: Subject, place: Path, name: str, variable: str, *, is_typed: bool) -> Issue:
    """Return that a variable which is no whole number stands where one must.

    Of one that only rules set, all values may be digits: then it works, and is not what is meant.
    """
    at = subject.document.place(("variables", variable))
    written = subject.flow.variables[variable]
    message = f"'{name}' is a whole number, and the variable '{variable}' (line {at.line}) is {written.type}"
    bounded = written.min is not None or written.max is not None
    bounds = ", where 'min' and 'max' are the least and the most" if bounded else ""
    mend = f"write 'type: integer' on line {at.line}{bounds}"
    return (subject.issue if is_typed else subject.warning)(place, message, mend)


def _letters_around(subject: Subject, place: Path, name: str, source: str) -> Iterator[Issue]:
    """Yield that what a template always shows beside what it fills in is in no number: `about {{ n }}`."""
    outputs = (node for node in subject.template(source).body if isinstance(node, nodes.Output))
    always = "".join(
        part.data for output in outputs for part in output.nodes if isinstance(part, nodes.TemplateData)
    )
    if not _IN_NUMBERS.issuperset(always):
        message = f"'{name}' is a whole number, and '{always.strip()}' stands around it"
        yield subject.issue(place, message, "write what holds digits, alone")
