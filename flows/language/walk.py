"""Walks over a flow's spec: its states by path, and the replies that its messages offer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from flows.document.places import Path
from flows.document.words import normalise
from flows.engine.model import Reaction
from flows.language.schema import FlowSpec, StateSpec


class PlacedOffer(NamedTuple):
    """A button or row of a message, and its place in the file."""

    message: str
    trigger: str
    value: str
    """What it carries, as written."""
    place: Path


def state_paths(states: Mapping[str, StateSpec], prefix: str = "") -> Iterator[tuple[str, StateSpec]]:
    """(dotted path, spec) of every state, outer states first."""
    for name, spec in states.items():
        path = f"{prefix}{name}"
        yield path, spec
        yield from state_paths(spec.states, f"{path}.")


def words_of(spec: FlowSpec) -> frozenset[str]:
    """Normal forms of the words that some state understands."""
    handlers = [spec.anywhere, *(state.on for _, state in state_paths(spec.states))]
    answers = (one for each in handlers for alternatives in each.values() for one in alternatives)
    return frozenset(normalise(word) for one in answers for word in (*one.words, *one.answers))


def chain(path: str) -> tuple[str, ...]:
    """The dotted paths from the outermost state down to `path`."""
    names = path.split(".")
    return tuple(".".join(names[: index + 1]) for index in range(len(names)))


def state_place(path: str) -> Path:
    """Place in the file of the state at a dotted path."""
    return tuple(step for name in path.split(".") for step in ("states", name))


def told_only(reactions: Iterable[Reaction]) -> set[str]:
    """Names of the messages that only the staff get."""
    listed = list(reactions)
    said = {name for reaction in listed for name in reaction.say}
    return {name for reaction in listed for name in reaction.tell} - said


def offers(spec: FlowSpec, told: set[str]) -> Iterator[PlacedOffer]:
    """Every button and row of the messages to customers. `told`: names of those that only the staff get."""
    for name, message in spec.messages.items():
        if name in told:
            continue
        for reply, where in message.replies():
            yield PlacedOffer(name, reply.on, reply.with_, ("messages", name, *where, "on"))
