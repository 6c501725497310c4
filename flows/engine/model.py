"""A flow, ready to run: frozen data, compiled once at load, shared by every customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel
from transitions import Machine

from flows.engine.variables import Variable
from flows.engine.vocabulary import Action, Vocabulary
from flows.messages.kinds import Speech
from flows.messages.limits import ChannelLimits
from flows.templates.expressions import Expression, Template

Value: TypeAlias = Template | Any
"""An argument of an action: a template, or a constant (a container may hold templates)."""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One entry under `do:`."""

    name: str
    action: Action | None
    """The host's action; None for the engine's own (`set`, `language`)."""
    args: Mapping[str, Value]
    constant: BaseModel | None
    """The validated arguments, when none of them is a template."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """Actions, then messages."""

    do: tuple[ActionCall, ...] = ()
    say: tuple[str, ...] = ()


NOTHING = Reaction()


@dataclass(frozen=True, slots=True)
class Rule:
    """One alternative answer to one trigger, where it was written."""

    index: int
    owner: str
    """Dotted path of the state it was written in; empty for `anywhere`."""
    trigger: str
    guard: Expression | None
    reaction: Reaction
    target: str | None
    """Dotted path of the state it goes to, as written; None stays and keeps the visit."""
    stale: bool
    """Also taken by taps on messages of earlier visits."""
    ignored: str | None
    line: int

    @property
    def depth(self) -> int:
        """How many states are around the target: these alone may keep their visit."""
        return self.target.count(".") if self.target else 0


@dataclass(frozen=True, slots=True)
class Timer:
    """`name` is the span as written; it fires trigger `after` when it ends."""

    name: str
    after: int
    """Milliseconds."""
    trigger: str


@dataclass(frozen=True, slots=True)
class State:
    """One state, by its dotted path."""

    path: str
    chain: tuple[str, ...]
    """Paths from the outermost state to this one."""
    leaf: str
    """Where a conversation rests that goes here: this state, or its first one's first one."""
    enter: Reaction
    exit: Reaction
    timers: tuple[Timer, ...]
    ask: str | None
    """The variable a text gives here."""
    words: Mapping[str, str]
    """Normalised word to trigger, of this state and all around it."""
    interrupting: frozenset[str]
    """Those of `words` that are understood even where they would answer what the state asks."""
    triggers: frozenset[str]
    """Every trigger that some rule answers here."""
    line: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked flow. Raises nothing at run time but StepFailed."""

    name: str
    file: str
    languages: tuple[str, ...]
    start: str
    """The leaf a new conversation stands in."""
    states: Mapping[str, State]
    rules: tuple[Rule, ...]
    machine: Machine
    """Decides which rule is taken, and which leaf it leads to. Holds no conversation; shared by all."""
    messages: Mapping[str, Mapping[str, Speech]]
    """Message name -> language -> speech."""
    variables: Mapping[str, Variable]
    offered: frozenset[str]
    """Triggers that some button or row offers: all a tap may fire."""
    vocabulary: Vocabulary
    limits: ChannelLimits
    """What the channel takes for which it was compiled."""
    sections: Mapping[str, Any]
    statics: Mapping[str, Mapping[str, Any]]
    """Language -> what templates see that never changes."""
    apologies: Mapping[str, str]
    """Language -> what a customer hears whose event could not be handled."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Values of the variables nobody has set; empty text where none is declared."""
    version: str = ""
    """Twelve hex digits of the file's SHA-256: another one for each edit."""


SET = "set"
"""The action that gives variables values."""
LANGUAGE = "language"
"""The action that changes the customer's language."""

STALE = "stale"
"""Fired by a tap on a message of an earlier visit that nothing here still answers."""
TEXT = "text"
"""Fired by a text that is no word, no choice and no answer."""
ANSWERED = "answered"
"""Fired by a text that gave the asked variable its value (`event.value`)."""
INVALID = "invalid"
"""Fired by a text that didn't."""
OTHERWISE = "otherwise"
"""Fired when nothing else answered a customer."""
BUILT_IN = MappingProxyType(
    {
        STALE: "a tap on a message of an earlier visit",
        TEXT: "a text that nothing else understood",
        ANSWERED: "a text that answered what the state asks",
        INVALID: "a text that did not",
    }
)

RECEIVED = frozenset(
    {
        "image", "video", "audio", "document", "sticker", "location", "contacts", "order",
        "nfm_reply", "unsupported", "request_welcome",
    }
)  # fmt: skip
"""What a customer may send besides text and taps; each can be a trigger, any other kind is `otherwise`."""


def timer_trigger(state: str, name: str) -> str:
    """The trigger of the timer `name` of `state`."""
    return f"after {name} in {state}"
