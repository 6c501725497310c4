"""Walks over a flow's spec: its states by path, what its messages offer, where its templates stand."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flows.document.reader import Path
from flows.language.schema import ButtonSpec, FlowSpec, MessageSpec, RowSpec, StateSpec, Texts


class Offer(NamedTuple):
    """A button or row of a message, and where it is written."""

    message: str
    trigger: str
    place: Path


class Source(NamedTuple):
    """One template or expression of a message, and where it is written."""

    place: Path
    text: str
    is_expression: bool
    names: Mapping[str, str]
    """Names that only exist here (`as:` of a row), and the list that each is an item of."""


def state_paths(states: Mapping[str, StateSpec], prefix: str = "") -> Iterator[tuple[str, StateSpec]]:
    """(dotted path, spec) of every state, outer before inner."""
    for name, spec in states.items():
        path = f"{prefix}{name}"
        yield path, spec
        yield from state_paths(spec.states, f"{path}.")


def chain(path: str) -> tuple[str, ...]:
    """The dotted paths from the outermost state down to `path`."""
    names = path.split(".")
    return tuple(".".join(names[: index + 1]) for index in range(len(names)))


def state_place(path: str) -> Path:
    """Where the state at a dotted path is written."""
    return tuple(step for name in path.split(".") for step in ("states", name))


def replies_of(name: str, spec: MessageSpec) -> Iterator[tuple[ButtonSpec, Path]]:
    """Every button and row of a message, and where it is written."""
    where: Path = ("messages", name)
    for index, button in enumerate(spec.buttons or ()):
        yield button, (*where, "buttons", index)
    if spec.list:
        for index, row in enumerate(spec.list.rows):
            yield row, (*where, "list", "rows", index)
        for number, section in enumerate(spec.list.sections):
            for index, row in enumerate(section.rows):
                yield row, (*where, "list", "sections", number, "rows", index)


def offers(spec: FlowSpec) -> Iterator[Offer]:
    """Everything that a customer of this flow can tap."""
    for name, message in spec.messages.items():
        for reply, where in replies_of(name, message):
            yield Offer(name, reply.on, (*where, "on"))


def texts_of(name: str, spec: MessageSpec) -> Iterator[tuple[Texts, Path]]:
    """Every text of a message that may differ by language, and where it is written."""
    where: Path = ("messages", name)
    if spec.text is not None:
        yield spec.text, (*where, "text")
    if spec.footer is not None:
        yield spec.footer, (*where, "footer")
    if spec.list:
        yield spec.list.button, (*where, "list", "button")
        if spec.list.title is not None:
            yield spec.list.title, (*where, "list", "title")
        for index, section in enumerate(spec.list.sections):
            yield section.title, (*where, "list", "sections", index, "title")
    if spec.link:
        yield spec.link.title, (*where, "link", "title")
    if spec.template:
        for index, value in enumerate(spec.template.values):
            yield value, (*where, "template", "values", index)
    for reply, place in replies_of(name, spec):
        yield reply.title, (*place, "title")
        if isinstance(reply, RowSpec) and reply.description is not None:
            yield reply.description, (*place, "description")


def sources_of(name: str, spec: MessageSpec) -> Iterator[Source]:
    """Every template and expression of a message."""
    rows: dict[Path, Mapping[str, str]] = {
        place: {reply.as_: reply.each}
        for reply, place in replies_of(name, spec)
        if isinstance(reply, RowSpec) and reply.each
    }
    for texts, place in texts_of(name, spec):
        for language, text in [("", texts)] if isinstance(texts, str) else texts.items():
            yield Source((*place, language), text, False, rows.get(place[:-1], {}))
    where: Path = ("messages", name)
    if spec.image:
        yield Source((*where, "image"), spec.image, False, {})
    if spec.link:
        yield Source((*where, "link", "url"), spec.link.url, False, {})
    for reply, place in replies_of(name, spec):
        names = rows.get(place, {})
        yield Source((*place, "with"), reply.with_, False, names)
        if reply.if_:
            yield Source((*place, "if"), reply.if_, True, names)
        if isinstance(reply, RowSpec) and reply.each:
            yield Source((*place, "each"), reply.each, True, {})
