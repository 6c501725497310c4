"""Check the values in templates, guards and actions: their types, and words that must be known."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import nodes

from flows.document.errors import Issue
from flows.document.places import Path
from flows.engine.model import OTHERWISE, ActionCall, timer_trigger
from flows.language.checks.subject import Subject
from flows.language.walk import offers
from flows.templates.comparisons import no_such_word, said
from flows.templates.compiler import Written
from flows.templates.expressions import Template, TemplateError
from flows.templates.faults import offset_on
from flows.templates.inference import EVENT, EventType, Inference
from flows.templates.types import UNKNOWN, ListOf, Record, Table, Truth, Type, Words

_TAPPED: Final = ((EVENT, "value"),)
"""What an argument reads that is the value of a tap."""


def values_fit(subject: Subject) -> Iterator[Issue]:
    """Yield what can't be compared, added, divided, looked up or shown in a template or guard."""
    for written in subject.flow.written:
        message = str(written.place[1]) if written.place[0] == "messages" else ""
        event = _event(subject, _triggers(subject, written.place), message)
        inference = Inference(subject.types, _local(subject, written), event)
        if written.is_guard:
            inference.value(subject.value(written.source))
        else:
            inference.template(subject.template(written.source))
        for problem, line in inference.problems.items():
            offset = offset_on(line, written.source, problem.message)
            yield subject.document.issue_within(written.place, written.source, offset, *problem)


def _event(subject: Subject, triggers: frozenset[str] | None, message: str = "") -> EventType:
    """Return the fields of `event` on any of `triggers`; nothing is known if one of them is not."""
    records: dict[str, Record] = {}
    for trigger in triggers or ():
        record = subject.record(trigger)
        if record is None:
            return EventType({})
        records[trigger] = record
    return EventType(records, frozenset(t for t in records if (message, t) in subject.ways.said_always))


def _triggers(subject: Subject, place: Path) -> frozenset[str] | None:
    """Return the events on which a template at `place` is rendered; None if they are not known."""
    ways = subject.ways
    match place:
        case ("messages", str(name), *_):
            return ways.said_on.get(name)
        case ("anywhere", str(trigger), *_):
            return frozenset({trigger})
        case ("otherwise", *_):
            return frozenset({OTHERWISE})
        case ("states", *_):
            return _in_state(subject, place)
        case _:
            return None


def _in_state(subject: Subject, place: Path) -> frozenset[str] | None:
    """Return the events on which a template in a state is rendered."""
    names: list[str] = []
    while place[:1] == ("states",):
        names.append(str(place[1]))
        place = place[2:]
    path = ".".join(names)
    match place:
        case ("on", str(trigger), *_):
            return frozenset({trigger})
        case ("after", str(name), *_):
            return frozenset({timer_trigger(path, name)})
        case ("otherwise", *_):
            return frozenset({OTHERWISE})
        case ("enter", *_):
            return subject.ways.entered_on.get(path)
        case ("exit", *_):
            return subject.ways.left_on.get(path)
        case _:
            return None


def _local(subject: Subject, written: Written) -> Mapping[str, Type]:
    """Return the types of the local names of a template: each is an item of the list that it goes through."""
    found: dict[str, Type] = {}
    for name, each in written.names.items():
        found[name] = _item(subject, each, found)
    return found


def _item(subject: Subject, each: str, names: Mapping[str, Type]) -> Type:
    """Return the type of an item of the list `each`. Nothing is known if it does not compile."""
    try:
        listed = Inference(subject.types, names, EventType({})).value(subject.value(each))
    except TemplateError:
        return UNKNOWN
    return listed.item if isinstance(listed, ListOf) else UNKNOWN


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
    for offer in offers(subject.spec, set()):
        if (kind := tapped.get(offer.trigger)) and offer.value and "{" not in offer.value:
            place = (*offer.place[:-1], "with")
            yield from _no_such(subject, place, f"a tap on '{offer.trigger}'", kind, offer.value)


def _is_tapped(value: Template) -> bool:
    """Whether an argument is the value of the tap, and nothing else."""
    return (
        value.reads == frozenset(_TAPPED) and value.source.startswith("{{") and value.source.count("{") == 2
    )


def _no_such(subject: Subject, place: Path, name: str, kind: Words, value: Any) -> Iterator[Issue]:
    for problem in no_such_word(name, kind, value):
        yield subject.issue(place, f"there is no {kind.what} '{value}'", problem.mend)


def numbers_are_numbers(subject: Subject) -> Iterator[Issue]:
    """Yield what is no number where an action or a variable takes one."""
    for reaction, triggers in subject.ways.occasions():
        event = _event(subject, triggers)
        for call in reaction.do:
            for name, value in call.args.items():
                if isinstance(value, Template) and _takes_number(subject, call, name):
                    yield from _no_number(subject, (*call.place, name), name, value, event)


def _takes_number(subject: Subject, call: ActionCall, name: str) -> bool:
    if call.action is not None:
        return call.action.args.model_fields[name].annotation is int
    variable = subject.flow.variables.get(name)
    return variable is not None and variable.type == "integer"


def _no_number(
    subject: Subject, place: Path, name: str, value: Template, event: EventType
) -> Iterator[Issue]:
    body = subject.template(value.source).body
    parts = body[0].nodes if len(body) == 1 and isinstance(body[0], nodes.Output) else []
    if len(parts) != 1:
        return
    [part] = parts
    kind = Inference(subject.types, {}, event).value(part)
    shown = isinstance(part, nodes.Filter) and part.name in subject.types.money_filters
    letters = isinstance(kind, Words) and not any(word.isdigit() for word in kind.words)
    if shown or letters or isinstance(kind, (ListOf, Record, Table, Truth)):
        said_kind = "a sum as people read it" if shown else kind.SAID
        message = f"'{name}' is a whole number, and {said(part)} is {said_kind}"
        yield subject.issue(place, message, "write what holds digits")
