"""Check the values in templates and guards: their types, what they show, and defaults of variables."""

from collections.abc import Iterator, Mapping
from typing import Final

from flows.document.errors import Issue
from flows.document.places import Path
from flows.engine.model import OTHERWISE, timer_trigger
from flows.engine.variables import given, taken
from flows.language.checks.set_sums import variables_of_sums
from flows.language.checks.subject import Subject
from flows.templates.compiler import Names, Written
from flows.templates.expressions import TemplateError
from flows.templates.faults import offset_on
from flows.templates.inference import EventType, Inference
from flows.templates.types import UNKNOWN, ListOf, Type


def defaults_fit(subject: Subject) -> Iterator[Issue]:
    """Yield the defaults that are no value for their variable. An empty one is none.

    A number is computed with, so its default must be one. Of what is text, another text may be meant to say
    that nothing was answered yet.
    """
    for name, variable in subject.flow.variables.items():
        default = variable.default
        if default in (None, "") or given(variable, default) is not None:
            continue
        place, message = ("variables", name, "default"), f"{default!r} is no value for the variable '{name}'"
        if variable.type == "integer":
            yield subject.issue(place, message, f"it takes {taken(variable)}")
        else:
            mend = f"it takes {taken(variable)}; without 'default' it is empty"
            yield subject.warning(place, message, mend)


def values_fit(subject: Subject) -> Iterator[Issue]:
    """Yield what can't be compared, added, divided, looked up or shown in a template or guard."""
    sums = variables_of_sums(subject)
    for written in subject.flow.written:
        message = str(written.place[1]) if written.place[0] == "messages" else ""
        event = subject.event_on(_triggers(subject, written.place) or (), message)
        inference = Inference(subject.types, {**sums, **local_types(subject, written.names)}, event)
        if written.is_guard:
            inference.value(subject.value(written.source))
        else:
            inference.template(subject.template(written.source))
        shown = inference.paise if inference.paise and _is_read(subject, written) else {}
        for problem, line in (*inference.problems.items(), *shown.items()):
            offset = offset_on(line, written.source, problem.message)
            yield subject.document.issue_within(written.place, written.source, offset, *problem)


_UNREAD: Final = frozenset({"with", "url"})
"""Keys of a message whose texts no customer reads."""
_ADDRESSES: Final = (("image",), ("video",), ("document", "link"))
"""Parts of a message that are addresses."""


def _is_read(subject: Subject, written: Written) -> bool:
    """Whether people read what a template gives: texts of messages, and what an action joins to a text."""
    if written.place[0] != "messages":
        return subject.alone_in(written.source) is None
    within = written.place[2:]
    return _UNREAD.isdisjoint(within) and not any(within[: len(one)] == one for one in _ADDRESSES)


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


def local_types(subject: Subject, names: Names) -> Mapping[str, Type]:
    """Return the types of the local names of a template: each is an item of the list that it goes through."""
    found: dict[str, Type] = {}
    for name, each in names.items():
        found[name] = _item(subject, each, found)
    return found


def _item(subject: Subject, each: str, names: Mapping[str, Type]) -> Type:
    """Return the type of an item of the list `each`. Nothing is known if it does not compile."""
    try:
        listed = Inference(subject.types, names, EventType({})).value(subject.value(each))
    except TemplateError:
        return UNKNOWN
    return listed.item if isinstance(listed, ListOf) else UNKNOWN
