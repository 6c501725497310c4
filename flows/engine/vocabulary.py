"""What a host adds to the language: sections, actions, events, filters and views.

The engine knows states, events, actions and messages. A host (a shop) adds what is needed to sell.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from flows.engine.events import Happened
from flows.engine.variables import Kind
from flows.messages.fault import Fault
from flows.templates.types import Types

_NO_VARIABLES: Final[Mapping[str, str | int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action sees, as of this point of the step."""

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
    """The host's own value (of a shop: the customer's cart and orders, and the stock)."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Values of the flow's variables."""
    tells_by_template: bool = False
    """Whether the rule tells the host's staff something that has a template: it reaches who is silent too."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an action."""

    host: Any
    """The host's value from now on."""
    raised: tuple[Happened, ...] = ()
    """Events for the same conversation, handled before the step ends."""
    instead: Happened | None = None
    """An event in place of the rest of the rule: its further actions, its move and its messages are dropped,
    and this event is handled in the present state."""
    variables: Mapping[str, str | int] = field(default_factory=lambda: _NO_VARIABLES)
    """New values of variables of the flow, of those that the action `sets`."""


@dataclass(frozen=True, slots=True)
class Action:
    """A word that may stand under `do:`. `run` is pure."""

    args: type[BaseModel]
    """Shape of its arguments. Values may be templates; they are validated after rendering."""
    run: Callable[[Scene, Any], Result]
    raises: tuple[str, ...] = ()
    """Names of the events it may raise instead of the rest of the rule, in the state where it is run."""
    follows: tuple[str, ...] = ()
    """Names of the events it may raise once the rule is done, in the state that the rule leads to."""
    brings: tuple[str, ...] = ()
    """Names of the events with which the outside answers it, sooner or later."""
    sets: Mapping[str, Kind] = field(default_factory=dict)
    """Variables that it gives values, and the type with which the flow must declare each."""

    @property
    def events(self) -> tuple[str, ...]:
        """Every event that may come of it."""
        return (*self.raises, *self.follows, *self.brings)


def _unchanged(statics: Mapping[str, Any], host: Any) -> Mapping[str, Any]:
    return statics


@dataclass(frozen=True, slots=True)
class Late:
    """An event that may come long after the customer last wrote."""

    when: str
    """How long, in words: `days later`."""
    unless: Mapping[str, str] = field(default_factory=dict)
    """Fields of the event with which it comes at once."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A plausible conversation that messages are tried with when a flow is checked."""

    name: str
    """What is special about it, in words: "'masala-250' in the cart"."""
    tapped: str
    """The value of the button that was tapped last."""
    context: Mapping[str, Any]
    """Values for templates: the host's views, and `event`."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that one host adds to the language."""

    sections: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    """Top-level keys of the flow file that belong to the host."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    """Events from outside the chat: name -> meaning. No tap or word can fire one."""
    required: frozenset[str] = frozenset()
    """Those of `events` that every state must answer."""
    programs: frozenset[str] = frozenset()
    """Those of `events` by which a program asks for something. It is told itself of what is refused."""
    awaited: frozenset[str] = frozenset()
    """Those of `events` that somebody with an open order waits for."""
    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    statics: Callable[[Mapping[str, Any], str, str, frozenset[str]], Mapping[str, Any]] = (
        lambda sections, language, fallback, words: {}
    )
    """(sections, language, fallback language, the flow's words in normal form) -> values for templates, made
    at load (`shop`)."""
    refreshed: Callable[[Mapping[str, Any], Any], Mapping[str, Any]] = _unchanged
    """(statics, the host's value) -> statics as they are now; the same object if nothing differs."""
    view_names: tuple[str, ...] = ()
    views: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]] = lambda host, statics: {}
    """(the host's value, statics) -> the values in templates that come from it (`cart`, `order`)."""
    customer: Callable[[Any], Mapping[str, Any]] = lambda host: {}
    """The host's value, or None for a sample -> fields of `customer` in templates, beside `name`."""
    staff_place: Callable[[Any, str], str] = lambda host, conversation: ""
    """(the host's value, the conversation's id) -> place of the replies in messages to the staff."""
    staff_verbs: frozenset[str] = frozenset()
    """What a button of a message to the staff can do. Empty: the host does not say."""
    keeps_offers: Callable[[Any], str | None] = lambda host: None
    """The host's value -> why the customer gets no offers now; None if they do."""
    sample: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda statics: {}
    """statics -> statics and views with every field, and an item in every list: what templates may read."""
    faults: Callable[[Any], Iterable[Fault]] = lambda flow: ()
    """The compiled flow -> what is wrong with it beside the host's sections."""
    trials: Callable[[Mapping[str, Any]], Iterable[Trial]] = lambda statics: ()
    """statics -> conversations that every message is tried with when a flow is checked."""
    types: Callable[[Mapping[str, Any]], Types] = lambda statics: Types()
    """statics -> what is known of the types of values, beyond what the sample shows."""
    to_answer: Callable[[Action, Mapping[str, Any], Mapping[str, Any]], Iterable[str]] = (
        lambda action, args, sections: ()
    )
    """(action, its arguments, sections) -> those of its events that a flow must answer where it is run."""
    late: Callable[[Mapping[str, Any]], Mapping[str, Late]] = lambda sections: {}
    """sections -> events that may come long after the customer last wrote."""
    kept: Callable[[Mapping[str, Any]], Iterable[str]] = lambda sections: ()
    """sections -> variables that the host reads."""
    keeping: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """View that has those variables as fields too -> the section and the key that list them."""


EMPTY = Vocabulary()
"""The bare language, without a host."""
