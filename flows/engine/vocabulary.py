"""What a host teaches the language: its sections, actions, events, filters and views.

The engine knows states, events, actions and messages; a host (a shop) brings the words that
make them sell something.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from flows.engine.events import Happened


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action sees: the conversation as it is at this point of the step."""

    conversation: str
    """The conversation's id."""
    language: str
    sections: Mapping[str, Any]
    """The host's sections of the flow file, validated."""
    event: Mapping[str, Any]
    """Fields of the event being handled."""
    now: int
    """Milliseconds since 1970, UTC."""
    number: int
    """Number of the event being handled; unique in the installation."""
    host: Any = None
    """The host's own value (a shop: the customer's cart and orders, what is left in stock)."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an action did."""

    host: Any
    """The host's value from now on."""
    raised: tuple[Happened, ...] = ()
    """Events for this same conversation, handled before the step ends."""
    instead: Happened | None = None
    """What happens in place of the rest: the actions after this one, the move and the messages of the
    rule are left out, and this event is handled where the conversation stands."""


@dataclass(frozen=True, slots=True)
class Action:
    """A word that may stand under `do:`. `run` is pure."""

    args: type[BaseModel]
    """What it needs; values may be templates and are validated after rendering."""
    run: Callable[[Scene, Any], Result]
    raises: tuple[str, ...] = ()
    """Names of the events it may raise."""


def _as_they_were(statics: Mapping[str, Any], host: Any) -> Mapping[str, Any]:
    return statics


@dataclass(frozen=True, slots=True)
class Trial:
    """A conversation as it may well be, to try messages with."""

    name: str
    """What is special about it, for people: "'masala-250' in the cart"."""
    tapped: str
    """The value of the button that was tapped last."""
    context: Mapping[str, Any]
    """What templates see of it: the host's views, and `event`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All the words of one host."""

    sections: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    """Top-level keys of the flow file that belong to the host."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    """Events from outside the chat: name and what it means. No tap or word can cause one."""
    required: frozenset[str] = frozenset()
    """Those of `events` that every state must answer."""
    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    statics: Callable[[Mapping[str, Any], str, str], Mapping[str, Any]] = (
        lambda sections, language, fallback: {}
    )
    """(sections, language, fallback language) -> what templates see that never changes (`shop`)."""
    refreshed: Callable[[Mapping[str, Any], Any], Mapping[str, Any]] = _as_they_were
    """(statics, the host's value) -> statics as they are now; the same ones if nothing differs."""
    view_names: tuple[str, ...] = ()
    views: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]] = lambda host, statics: {}
    """(the host's value, statics) -> what templates see of it (`cart`, `order`)."""
    sample: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda statics: {}
    """statics -> views with every field and an item in every list: templates are checked against it."""
    trials: Callable[[Mapping[str, Any]], Iterable[Trial]] = lambda statics: ()
    """statics -> conversations that every message is tried with."""


EMPTY = Vocabulary()
"""The bare language, without a host."""
