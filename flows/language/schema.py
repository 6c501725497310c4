"""The shape of a flow file: pydantic models of what an operator may write.

They check shape only (keys, types, counts); meaning is checked in `flows.language.check`. Extra keys are
refused everywhere.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from flows.engine.variables import Variable
from flows.messages import limits

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?", re.ASCII)
NAME: Final = r"^[a-z][a-z0-9_]*$"
TRIGGER: Final = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$"

Name: TypeAlias = Annotated[str, Field(pattern=NAME)]
Trigger: TypeAlias = Annotated[str, Field(pattern=TRIGGER)]
LanguageCode: TypeAlias = Annotated[str, Field(pattern=f"^{_LANGUAGE.pattern}$")]
Texts: TypeAlias = str | Annotated[dict[LanguageCode, str], Field(min_length=1)]
"""One text for all languages, or one for each."""


def _one_or_many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Spec(BaseModel):
    """Base of all parts: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class ButtonSpec(Spec):
    """A reply button: what it is called, which trigger a tap fires, and the value it carries."""

    on: Trigger
    title: Texts
    with_: Annotated[str, Field(alias="with")] = ""
    if_: Annotated[str | None, Field(alias="if")] = None


class RowSpec(ButtonSpec):
    """A list row; with `each`, one row for every item of a list, named by `as` in its templates."""

    description: Texts | None = None
    each: str | None = None
    as_: Annotated[Name, Field(alias="as")] = "item"


class SectionSpec(Spec):
    """A titled group of rows."""

    title: Texts
    rows: Annotated[list[RowSpec], BeforeValidator(_one_or_many), Field(min_length=1)]


class ListSpec(Spec):
    """A list of rows behind a button: either `rows`, or titled `sections` of them."""

    button: Texts
    title: Texts | None = None
    rows: Annotated[list[RowSpec], BeforeValidator(_one_or_many)] = []
    sections: Annotated[list[SectionSpec], Field(max_length=limits.LIST_SECTIONS)] = []

    @model_validator(mode="after")
    def _has_rows(self) -> "ListSpec":
        if bool(self.rows) == bool(self.sections):
            raise ValueError("a list needs either 'rows' or 'sections'")
        return self


class LinkSpec(Spec):
    """A button that opens a URL."""

    title: Texts
    url: str


class TemplateSpec(Spec):
    """What WhatsApp approved to be sent in a message's place when the customer last wrote 24 hours ago."""

    name: str
    language: str | Annotated[dict[LanguageCode, str], Field(min_length=1)] | None = None
    """Of the template, as WhatsApp writes it (`pt_BR`); None is the customer's own."""
    values: list[Texts] = []


class MessageSpec(Spec):
    """One message. At most one of `buttons`, `list` and `link`; `image` alone is a picture."""

    text: Texts | None = None
    image: str | None = None
    footer: Texts | None = None
    buttons: Annotated[list[ButtonSpec] | None, Field(min_length=1)] = None
    list: ListSpec | None = None
    link: LinkSpec | None = None
    template: TemplateSpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, Mapping) and value and all(_LANGUAGE.fullmatch(str(key)) for key in value):
            return {"text": value}
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> "MessageSpec":
        kinds = [name for name in ("buttons", "list", "link") if getattr(self, name)]
        if len(kinds) > 1:
            raise ValueError(f"a message has one of {' and '.join(kinds)}, not both")
        if self.text is None and (kinds or not self.image):
            raise ValueError("a message needs 'text'")
        if self.image and self.list:
            raise ValueError("a list can't have an image")
        if self.footer and not kinds:
            raise ValueError("only messages with buttons, a list or a link have a footer")
        return self


ActionSpec: TypeAlias = str | dict[str, dict[str, Any] | str | int | None]
"""`cart.empty`, or `{cart.add: {sku: …}}`."""
Actions: TypeAlias = Annotated[list[ActionSpec], BeforeValidator(_one_or_many)]
Names: TypeAlias = Annotated[list[Name], BeforeValidator(_one_or_many)]


class ReactionSpec(Spec):
    """What happens on the way in or out of a state: actions, then messages."""

    do: Actions = []
    say: Names = []


class HandlerSpec(ReactionSpec):
    """One alternative answer to an event. `ignore` says in words why nothing happens."""

    if_: Annotated[str | None, Field(alias="if")] = None
    to: Annotated[str | None, Field(pattern=TRIGGER)] = None
    stale: bool = False
    """Also taken by taps on messages of earlier visits."""
    words: Annotated[list[str], BeforeValidator(_one_or_many)] = []
    interrupts: bool = False
    """Its words are understood even where a state asks for a text that they could be."""
    ignore: str | None = None

    @model_validator(mode="after")
    def _does_something(self) -> "HandlerSpec":
        acts = bool(self.do or self.say or self.to)
        if not acts and self.ignore is None:
            raise ValueError("says nothing, does nothing and goes nowhere: add 'say', 'do', 'to' or 'ignore'")
        if acts and self.ignore is not None:
            raise ValueError("'ignore' can't stand beside 'do', 'say' or 'to'")
        if self.interrupts and not self.words:
            raise ValueError("'interrupts' says which words interrupt a question: add 'words' beside it")
        return self


Handlers: TypeAlias = Annotated[list[HandlerSpec], BeforeValidator(_one_or_many), Field(min_length=1)]
"""One answer, or several of which the first whose `if` holds is taken."""


class StateSpec(Spec):
    """A state a conversation rests in, or a group of them."""

    enter: ReactionSpec | None = None
    exit: ReactionSpec | None = None
    ask: Name | None = None
    on: dict[Trigger, Handlers] = {}
    after: dict[str, Handlers] = {}
    otherwise: Handlers | None = None
    start: Name | None = None
    states: "dict[Name, StateSpec]" = {}


class FlowSpec(Spec):
    """A whole flow file, without the host's sections."""

    flow: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    languages: Annotated[list[LanguageCode], Field(min_length=1)] = ["en"]
    variables: dict[Name, Variable] = {}
    messages: dict[Name, MessageSpec] = {}
    anywhere: dict[Trigger, Handlers] = {}
    otherwise: Handlers | None = None
    apology: Texts = "Sorry, something went wrong on our side. Please try again in a little while."
    """Said when an event of the customer could not be handled. Plain text, no template."""
    start: Name
    states: Annotated[dict[Name, StateSpec], Field(min_length=1)]


def flow_spec(sections: Mapping[str, type[BaseModel]]) -> type[FlowSpec]:
    """FlowSpec with the host's sections as further required keys."""
    fields: dict[str, Any] = {name: (model, ...) for name, model in sections.items()}
    return create_model("FlowFile", __base__=FlowSpec, **fields) if fields else FlowSpec
