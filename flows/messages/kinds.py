"""All kinds of message that a flow can send.

A new kind is a module, and a name in `Message` and in `_Shape`. The functions here ask the kind for the rest:
its shape in the flow file, its compiled texts, its JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Protocol, TypeAlias, get_args

from pydantic import BeforeValidator, Discriminator, Tag

from flows.document.errors import Unsendable
from flows.document.shape import LANGUAGE
from flows.messages.address_form import AddressForm, AddressFormSpec
from flows.messages.buttons import Buttons, ButtonsSpec
from flows.messages.document import Document, DocumentSpec
from flows.messages.image import Image, ImageSpec
from flows.messages.link import Link, LinkSpec
from flows.messages.list import List, ListSpec
from flows.messages.message import KindSpec
from flows.messages.offers import Reply
from flows.messages.pages import Section
from flows.messages.payment import CardUpdate, Payment
from flows.messages.template import TemplateMessage, TemplateSpec
from flows.messages.text import Text, TextSpec
from flows.messages.video import Video, VideoSpec
from flows.messages.writer import Writer
from flows.templates.expressions import Context

__all__ = [
    "AddressForm", "Buttons", "CardUpdate", "Document", "Image", "Link", "List", "Message", "MessageSpec",
    "Payment", "Reply", "Section", "Sendable", "Speech", "TemplateMessage", "Text", "Video", "from_json",
    "speech", "to_json",
]  # fmt: skip

Message: TypeAlias = (
    Text | Image | Video | Document | Buttons | List | Link | AddressForm | Payment | CardUpdate
)
"""A message of a flow, or of what it becomes where a card in the chat is paid. Its `fallback`, if any, is
sent when the channel takes nothing else."""
Sendable: TypeAlias = Message | TemplateMessage


class Speech(Protocol):
    """A compiled message in one language."""

    def __call__(self, context: Context, place: str, page: int = 1) -> Message:
        """Return page `page` of the message. `place` as in `flows.messages.replies`. Raises StepFailed."""


_Shape: TypeAlias = (
    Annotated[ButtonsSpec, Tag("<buttons>")]
    | Annotated[ListSpec, Tag("<list>")]
    | Annotated[LinkSpec, Tag("<link>")]
    | Annotated[AddressFormSpec, Tag("<address>")]
    | Annotated[VideoSpec, Tag("<video>")]
    | Annotated[DocumentSpec, Tag("<document>")]
    | Annotated[ImageSpec, Tag("<image>")]
    | Annotated[TextSpec, Tag("<text>")]
)
"""A message has the first of these shapes whose key it has.

pydantic puts the tag into the place of an error. `Document.issue` skips it: no flow file has such a key.
"""
_SHAPES: Final[Mapping[str, type[KindSpec]]] = {
    shape.KEY: shape for shape, _ in (get_args(tagged) for tagged in get_args(_Shape))
}
_KEYS: Final = frozenset(key for shape in _SHAPES.values() for key in shape.model_fields)
"""Keys of all kinds of message."""
_BY_KIND: Final[Mapping[str, Any]] = {kind.KIND: kind for kind in get_args(Sendable)}


def _of_one_kind(value: Any) -> Any:
    """Return a message as a mapping with the keys of one kind. Raises ValueError if it has keys of two."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, Mapping):
        return value
    if value and all(LANGUAGE.fullmatch(str(key)) for key in value):
        return {"text": value}
    own = _SHAPES[_key(value)]
    foreign = [key for key in value if key not in own.model_fields and key in _KEYS]
    if wrong := [key for key in foreign if value[key] not in (None, "")]:
        raise ValueError(_refusal(own, wrong))
    return {key: item for key, item in value.items() if key not in foreign}


def _refusal(own: type[KindSpec], foreign: list[str]) -> str:
    """Why keys of other kinds can't stand in a message of this one."""
    if kinds := [key for key in _SHAPES if key in foreign and key != ImageSpec.KEY]:
        return f"a message has one of {' and '.join([own.KEY, *kinds])}, not both"
    if ImageSpec.KEY in foreign:
        mend = ": send the picture as a message of its own before it" if own.KEY == ListSpec.KEY else ""
        return f"{'an' if own is AddressFormSpec else 'a'} {own.KEY} can't have an image{mend}"
    return f"only messages with buttons, a list or a link have a {foreign[0]}"


def _key(message: Mapping[str, Any]) -> str:
    """The key that decides the kind of `message`."""
    return next((key for key in _SHAPES if message.get(key) is not None), TextSpec.KEY)


def _tag(message: Any) -> str:
    return f"<{_key(message) if isinstance(message, Mapping) else TextSpec.KEY}>"


MessageSpec: TypeAlias = Annotated[_Shape, Discriminator(_tag), BeforeValidator(_of_one_kind)]
"""One message as written in the flow file."""


def speech(spec: MessageSpec, writer: Writer) -> Speech:
    """Compile a message. The result renders its texts and makes it sendable."""
    say = spec.write(writer)
    fallback = _fallback(spec.template, writer) if spec.template else None

    def render(context: Context, place: str, page: int = 1) -> Message:
        try:
            message = say(context, place).page(page, writer.limits).sendable(writer.limits)
            # The template of a payment offers a link, and a card has none.
            if fallback is None or isinstance(message, Payment):
                return message
            return replace(message, fallback=fallback(context, message))
        except UnicodeEncodeError:
            raise Unsendable("a text holds half of a surrogate pair") from None

    return render


def _fallback(template: TemplateSpec, writer: Writer) -> Callable[[Context, Message], TemplateMessage | None]:
    """Compile the template in a message's place. Its quick replies mean what the message's buttons mean."""
    write = template.write(writer)
    if not template.buttons:
        return lambda context, message: write(context)

    def render(context: Context, message: Message) -> TemplateMessage | None:
        made = write(context)
        return made and replace(made, buttons=tuple(reply.id for reply in message.replies))

    return render


def to_json(message: Sendable) -> dict[str, Any]:
    """Return a JSON-ready dict with the message's kind under `kind`. Inverse of `from_json`."""
    written = message.to_json()
    if not isinstance(message, TemplateMessage) and message.fallback is not None:
        written["fallback"] = message.fallback.to_json()
    return written


def from_json(value: dict[str, Any]) -> Sendable:
    """Return the message that `to_json` wrote. Raises KeyError on any other shape."""
    if value["kind"] not in _BY_KIND:
        raise KeyError(f"unknown message kind {value['kind']!r}")
    message: Sendable = _BY_KIND[value["kind"]].from_json(value)
    if isinstance(message, TemplateMessage) or not value.get("fallback"):
        return message
    return replace(message, fallback=TemplateMessage.from_json(value["fallback"]))
