"""A text with a form in which the customer fills in an Indian postal address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator

from flows.messages.limits import ChannelLimits, shorten
from flows.messages.message import MISSING, BaseMessage, KindSpec, NeededText
from flows.messages.text import Text
from flows.messages.writer import Empty, Writer
from flows.templates.expressions import Context

ADDRESS: Final = "address"
"""Fired by a form that came back. Its event always has an address (`flows.engine.address`)."""
COUNTRY: Final = "IN"
"""The only country whose addresses the form asks for (ISO 3166)."""


@dataclass(frozen=True, slots=True)
class AddressForm(BaseMessage):
    """A text with an address form. The customer's answer is an event (`flows.engine.address`)."""

    KIND: ClassVar = "address"

    body: str
    name: str = ""
    """The customer's name, already filled in; empty if it is not known."""

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[()]:
        """Empty: the form is sent back whole."""
        return ()

    def sendable(self, limits: ChannelLimits) -> "AddressForm":
        """Return the message itself."""
        return self

    def plain(self) -> Text:
        """Return the text without the form: the customer types the address."""
        return Text(self.body, fallback=self.fallback)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"kind": self.KIND, "body": self.body, "name": self.name}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "AddressForm":
        """Return the message that `to_json` wrote."""
        return cls(value["body"], value["name"])


def _require_true(value: Any) -> Any:
    if value is not True:
        raise ValueError("write 'address: true', or leave 'address' out")
    return value


class AddressFormSpec(KindSpec):
    """`address: true`."""

    KEY: ClassVar = "address"
    FIRES: ClassVar = frozenset({ADDRESS})

    text: NeededText = MISSING
    """What is said above the form."""
    address: Annotated[Literal[True], BeforeValidator(_require_true)]
    """`true`: a form for an Indian address is shown, and `address` is fired when it comes back."""

    def write(self, writer: Writer) -> Callable[[Context, str], AddressForm]:
        """Compile the text. The form is given the customer's name."""
        limit = writer.limits.interactive_body
        body = writer.text(self.text, "text", limit=limit, empty=Empty.REFUSED, cut=shorten)
        return lambda context, place: AddressForm(body.say(context), _name(context))


def _name(context: Context) -> str:
    return str(context.get("customer", {}).get("name", "")).strip()
