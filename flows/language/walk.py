"""Walks over a flow's spec: its states by path, what its messages offer."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flows.document.reader import Path
from flows.language.schema import FlowSpec, StateSpec


class PlacedOffer(NamedTuple):
    """A button or row of a message, and where it is written."""

    message: str
    trigger: str
    place: Path


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


def offers(spec: FlowSpec) -> Iterator[PlacedOffer]:
    """Everything that a customer of this flow can tap."""
    for name, message in spec.messages.items():
        for reply, where in message.replies():
            yield PlacedOffer(name, reply.on, ("messages", name, *where, "on"))
