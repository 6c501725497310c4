"""A compiled flow: frozen data, made once at load and shared by every customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel
from transitions import Machine

from flows.document.places import Path
from flows.engine.variables import Variable
from flows.engine.vocabulary import Action, Vocabulary
from flows.messages import replies
from flows.messages.address_form import ADDRESS
from flows.messages.kinds import Speech
from flows.messages.limits import ChannelLimits
from flows.templates.compiler import Written
from flows.templates.expressions import Expression, Template

Value: TypeAlias = Template | Any
"""An argument of an action: a template, or a constant (a container may hold templates)."""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One entry under `do:`."""

    name: str
    place: Path
    """In the flow file."""
    action: Action | None
    """The host's action; None for the engine's actions `set` and `language`."""
    args: Mapping[str, Value]
    constant: BaseModel | None
    """The validated arguments if none of them is a template, else None."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a rule or a state does: first the actions, then the messages, by name."""

    do: tuple[ActionCall, ...] = ()
    say: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    """Messages to the host's staff."""


NOTHING = Reaction()


@dataclass(frozen=True, slots=True)
class Rule:
    """One alternative answer to one trigger, as written in one place of the file."""

    owner: str
    """Dotted path of the state it was written in; empty for `anywhere`."""
    trigger: str
    guard: Expression | None
    reaction: Reaction
    target: str | None
    """Dotted path of the state it goes to, perhaps a group; None stays and keeps the visit."""
    stale: bool
    """Whether a tap on a message of an earlier visit may take it too."""
    ignored: str | None
    """Why the event does nothing, in the operator's words (`ignore:`); None if it does something."""
    place: Path
    """In the flow."""
    line: int
    file: str = ""
    """The included file that it is written in; empty if it is the flow file."""

    @property
    def name(self) -> str:
        """Where it was written and what it answers: `cart: confirm`. Its alternatives have the same."""
        return f"{self.owner or 'anywhere'}: {self.trigger}"

    @property
    def depth(self) -> int:
        """Number of states around the target. Only those may keep their visit."""
        return self.target.count(".") if self.target else 0


@dataclass(frozen=True, slots=True)
class Truth:
    """What must always hold (`always:`) or never (`never:`). The engine does not look at it."""

    holds: bool
    """Whether `guard` must be true; else it must be false."""
    say: tuple[str, ...]
    """Messages: the truth is about the moment in which one of them is said. Empty: about every moment."""
    guard: Expression
    line: int
    file: str = ""
    """The included file that it is written in; empty if it is the flow file."""

    @property
    def words(self) -> str:
        """The truth as a sentence for people."""
        named = "' or '".join(self.say)
        when = f"'{named}' is said" if self.say else ""
        if self.holds:
            return f"whenever {when}, {self.guard.source}" if when else f"always {self.guard.source}"
        return f"never {when} while {self.guard.source}" if when else f"never {self.guard.source}"


@dataclass(frozen=True, slots=True)
class Migration:
    """One entry of `migrate:`: where those go who stand in a state of an earlier version that is gone."""

    sources: tuple[str, ...]
    """Dotted paths of states or groups of earlier versions; empty for `else:`, which takes who is left."""
    rule: Rule
    """Its guard, its target, and the variables that it sets."""

    def takes(self, leaf: str) -> bool:
        """Whether it is about those who stand in `leaf` of an earlier version."""
        return not self.sources or any(leaf == one or leaf.startswith(f"{one}.") for one in self.sources)


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of a state, named by its duration as written (`10 min`)."""

    name: str
    after: int
    """Duration in milliseconds, from the entry into the state."""
    trigger: str
    """What it fires when it ends."""


@dataclass(frozen=True, slots=True)
class State:
    """One state, by its dotted path."""

    path: str
    chain: tuple[str, ...]
    """Paths from the outermost state to this one."""
    leaf: str
    """Path of the state where a conversation rests after entering this one: itself, or its start's leaf."""
    enter: Reaction
    exit: Reaction
    timers: tuple[Timer, ...]
    ask: str | None
    """The variable that a text gives its value here; None if the state asks nothing."""
    words: Mapping[str, str]
    """Normalised word -> trigger, of this state, the states around it and `anywhere`."""
    answers: Mapping[str, str]
    """Normalised word -> trigger, as `words`, which counts only right after a message that offers that."""
    interrupting: frozenset[str]
    """Those of `words` that fire their trigger even if they could answer what the state asks."""
    triggers: frozenset[str]
    """Every trigger that some rule answers here, those of the states around it and of `anywhere` too."""
    line: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked flow. At run time it raises StepFailed only."""

    name: str
    file: str
    languages: tuple[str, ...]
    start: str
    """Path of the leaf in which a new conversation starts."""
    states: Mapping[str, State]
    rules: tuple[Rule, ...]
    machine: Machine
    """Decides which rule is taken, and which leaf it leads to. Holds no conversation, so all share it."""
    messages: Mapping[str, Mapping[str, Speech]]
    """Message name -> language -> speech."""
    variables: Mapping[str, Variable]
    offered: frozenset[str]
    """Triggers that some button or row offers. A tap may fire no other."""
    paged: frozenset[str]
    """Names of the messages that have pages."""
    promotions: frozenset[str]
    """Names of the messages that are offers (`offer: true`): only for customers who want them."""
    templated: frozenset[str]
    """Names of the messages that have a template in their place."""
    vocabulary: Vocabulary
    limits: ChannelLimits
    """Limits of the channel that the flow was compiled for."""
    sections: Mapping[str, Any]
    statics: Mapping[str, Mapping[str, Any]]
    """Language -> values for templates that are the same for every customer, made at load."""
    apologies: Mapping[str, str]
    """Language -> text for a customer whose event could not be handled."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Default value of each variable; empty text where none is declared."""
    written: tuple[Written, ...] = ()
    """Every template and guard, for the checks of the host."""
    truths: tuple[Truth, ...] = ()
    """For `munshi prove`."""
    migrations: tuple[Migration, ...] = ()
    """In order of precedence."""
    message_places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Message name -> its file and line: `flows.yaml:12`."""
    version: str = ""
    """Hash of all that its files say, without comments and blanks (`flows.language.content`)."""
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The files that it was read from: name -> text, the flow file first."""
    understood: frozenset[str] = frozenset()
    """Triggers that only messages of earlier versions offer. A tap on one of those may fire them too."""

    def offers(self, reply: replies.AnyId) -> bool:
        """Whether some message of the flow can offer `reply`: fire its trigger, or show its page."""
        if isinstance(reply, replies.PageId):
            return reply.message in self.paged
        return reply.trigger in self.offered or reply.trigger in self.understood

    def where_message(self, name: str) -> str:
        """Return where a message stands in the file, for people."""
        return f"{self.message_places.get(name, self.file)} (message '{name}')"

    def where_rule(self, rule: Rule) -> str:
        """Return where a rule stands in the file, for people."""
        return f"{rule.file or self.file}:{rule.line} (rule '{rule.name}')"

    def with_sections(self, sections: Mapping[str, Any]) -> "Flow":
        """Return the same flow over other sections of the host."""
        made, fallback = self.vocabulary.statics, self.languages[0]
        statics = {one: dict(made(sections, one, fallback, self.words)) for one in self.languages}
        return replace(self, sections=sections, statics=MappingProxyType(statics))

    @property
    def words(self) -> frozenset[str]:
        """Normal forms of the words that are understood in some state."""
        return frozenset(word for state in self.states.values() for word in (*state.words, *state.answers))

    @property
    def reserved(self) -> frozenset[str]:
        """Triggers that neither taps nor words may fire."""
        host = self.vocabulary
        raised = {event for action in host.actions.values() for event in action.events}
        return RECEIVED.union(raised, host.events, BUILT_IN, (OTHERWISE,))


SET = "set"
"""The action that gives variables values."""
LANGUAGE = "language"
"""The action that changes the customer's language."""

STALE = "stale"
"""Fired by a tap on a message of an earlier visit that no rule here answers by its trigger."""
TEXT = "text"
"""Fired by a text that is no word, no choice and no answer to a question."""
ANSWERED = "answered"
"""Fired by a text that gave the asked variable its value (`event.value`)."""
INVALID = "invalid"
"""Fired by a text that is no value for the asked variable."""
OTHERWISE = "otherwise"
"""Fired when no other rule answers what the customer sent."""
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
        "nfm_reply", "unsupported", "request_welcome", ADDRESS,
    }
)  # fmt: skip
"""What a customer may send besides text and taps. Each is a trigger; any other kind fires `otherwise`."""


MIGRATE = "migrate"
"""Trigger of the rules under `migrate:`, which no event fires."""


def timer_trigger(state: str, name: str) -> str:
    """The trigger that the timer `name` of `state` fires."""
    return f"after {name} in {state}"
