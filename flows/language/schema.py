"""The shape of a flow file: pydantic models of what an operator may write.

They check the shape only: keys, types, counts. `flows.language.check` checks the meaning. Unknown keys are
refused everywhere.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, Field, create_model, model_validator

from flows.document.shape import TRIGGER, LanguageCode, Name, Spec, Texts, Trigger, one_or_many
from flows.engine.variables import Variable
from flows.messages.kinds import MessageSpec

ActionSpec: TypeAlias = str | dict[str, dict[str, Any] | str | int | None]
"""`cart.empty`, or `{cart.add: {sku: …}}`."""
Actions: TypeAlias = Annotated[list[ActionSpec], BeforeValidator(one_or_many)]
Names: TypeAlias = Annotated[list[Name], BeforeValidator(one_or_many)]


class ReactionSpec(Spec):
    """What happens when a state is entered or left: actions, then messages, then messages to the staff."""

    do: Actions = []
    """Actions, one or several, in the order in which they run."""
    say: Names = []
    """Messages to the customer, by name."""
    tell: Names = []
    """Messages to those who run the shop, not to the customer."""


class HandlerSpec(ReactionSpec):
    """One alternative answer to an event. `ignore` gives the reason why nothing happens."""

    if_: Annotated[str | None, Field(alias="if")] = None
    """A guard: an expression as in `{{ }}`. Without it, the alternative is always taken."""
    to: Annotated[str | None, Field(pattern=TRIGGER)] = None
    """The state to go to: one beside or around this one, or a dotted path. Without it, the customer stays."""
    call: Name | None = None
    """A subflow to go to. `to` then says where it returns; without it, to the state of this rule."""
    stale: bool = False
    """Whether a tap on a message of an earlier visit may take it too."""
    words: Annotated[list[str], BeforeValidator(one_or_many)] = []
    """What customers may type for it, in any case and with any punctuation."""
    answers: Annotated[list[str], BeforeValidator(one_or_many)] = []
    """Words that count only right after a message that offers the trigger."""
    interrupts: bool = False
    """Whether its words fire it even if they could answer what a state asks."""
    ignore: str | None = None
    """Why nothing happens, in your words. Nothing else stands beside it."""

    @model_validator(mode="after")
    def _does_something(self) -> "HandlerSpec":
        acts = bool(self.do or self.say or self.tell or self.to or self.call)
        if not acts and self.ignore is None:
            raise ValueError("says nothing, does nothing and goes nowhere: add 'say', 'do', 'to' or 'ignore'")
        if acts and self.ignore is not None:
            raise ValueError("'ignore' can't stand beside 'do', 'say', 'tell', 'to' or 'call'")
        if self.interrupts and not self.words:
            raise ValueError("'interrupts' says which words interrupt a question: add 'words' beside it")
        return self


Handlers: TypeAlias = Annotated[list[HandlerSpec], BeforeValidator(one_or_many), Field(min_length=1)]
"""One answer, or several; the first whose `if` holds is taken."""


class StateSpec(Spec):
    """A state a conversation rests in, or a group of them."""

    enter: ReactionSpec | None = None
    """What happens whenever a customer comes into the state."""
    exit: ReactionSpec | None = None
    """What happens whenever a customer leaves the state."""
    ask: Name | None = None
    """The variable that the next text of the customer gives its value: then `answered` is fired, else
    `invalid`."""
    on: dict[Trigger, Handlers] = {}
    """Trigger -> its answer: a button's, a word's or an event's."""
    after: dict[str, Handlers] = {}
    """Span of time since the state was entered (`10 min`) -> what happens then."""
    otherwise: Handlers | None = None
    """The answer when nothing else answers what the customer sent."""
    start: Name | None = None
    """Of a group: the state in it where customers begin."""
    states: "dict[Name, StateSpec]" = {}
    """States inside this one, which then is a group: what it answers, they all answer."""


class NeverSpec(Spec):
    """What must never be so. With `say`: while one of these messages is said."""

    if_: Annotated[str, Field(alias="if", min_length=1)]
    """The expression that must never be true."""
    say: Names = []
    """Only while one of these messages is said. Without it, after every event."""


class AlwaysSpec(Spec):
    """What must always be so. With `say`: whenever one of these messages is said."""

    holds: Annotated[str, Field(min_length=1)]
    """The expression that must always be true."""
    say: Names = []
    """Only when one of these messages is said. Without it, after every event."""


class MigrateSpec(Spec):
    """Where those go who stand in states of an earlier version that are gone; `else` takes who is left."""

    from_: Annotated[
        list[Annotated[str, Field(pattern=TRIGGER)]], BeforeValidator(one_or_many), Field(alias="from")
    ] = []
    """States of earlier versions that are gone, by dotted path; a group stands for all states in it."""
    to: Annotated[str | None, Field(pattern=TRIGGER)] = None
    """The state of this file to which those customers go."""
    if_: Annotated[str | None, Field(alias="if")] = None
    """Only those for whom this expression holds."""
    set: dict[Name, str | int] = {}
    """Variables that get a value on the way."""
    else_: Annotated[Literal["first"] | None, Field(alias="else")] = None
    """`first`: who is left begins anew in the first state."""

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "MigrateSpec":
        if self.else_ and (self.from_ or self.to or self.if_ or self.set):
            raise ValueError("'else: first' stands alone: it takes whoever no other entry takes")
        if not self.else_ and not (self.from_ and self.to):
            raise ValueError("write {from: a state that is gone, to: a state of this file}, or {else: first}")
        return self


class FlowSpec(Spec):
    """A whole flow file, without the host's sections."""

    flow: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """The name of the flow, as `chai-counter`."""
    languages: Annotated[list[LanguageCode], Field(min_length=1, max_length=50)] = ["en"]
    """Codes of its languages. The first is that of every customer at the beginning, and the fallback."""
    include: Annotated[list[str], BeforeValidator(one_or_many)] = []
    """Further files of the flow, as seen from the folder of this one."""
    fragments: dict[Name, dict[str, Any]] = {}
    """Parts of messages, rules and states, which `use` puts in where it names them."""
    variables: dict[Name, Variable] = {}
    """What customers are asked for, and what rules remember."""
    messages: dict[Name, MessageSpec] = {}
    """What is said, by name."""
    anywhere: dict[Trigger, Handlers] = {}
    """Trigger -> its answer, in every state that has none of its own."""
    otherwise: Handlers | None = None
    """The answer when nothing else answers what a customer sent."""
    apology: Texts = "Sorry, something went wrong on our side. Please try again in a little while."
    """Sent when an event of the customer could not be handled. Plain text, no template."""
    never: Annotated[list[NeverSpec], BeforeValidator(one_or_many)] = []
    """What must never be so, for `munshi prove`."""
    always: Annotated[list[AlwaysSpec], BeforeValidator(one_or_many)] = []
    """What must always be so, for `munshi prove`."""
    migrate: Annotated[list[MigrateSpec], BeforeValidator(one_or_many)] = []
    """Where those go who stand in a state that is gone."""
    start: Name
    """The state in which every customer begins."""
    subflows: dict[Name, StateSpec] = {}
    """States that rules call, and that lead back with `to: return`."""
    states: Annotated[dict[Name, StateSpec], Field(min_length=1)]
    """The states, by name."""


def flow_spec(sections: Mapping[str, type[BaseModel]]) -> type[FlowSpec]:
    """Return FlowSpec with the host's sections as further required keys."""
    fields: dict[str, Any] = {
        name: (model, Field(description=model.__doc__)) for name, model in sections.items()
    }
    return create_model("FlowFile", __base__=FlowSpec, **fields) if fields else FlowSpec
