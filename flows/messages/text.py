"""Plain text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flows.messages.limits import ChannelLimits, shorten
from flows.messages.message import MISSING, BaseMessage, KindSpec, NeededText
from flows.messages.writer import Empty, Writer
from flows.templates.expressions import Context


@dataclass(frozen=True, slots=True)
class Text(BaseMessage):
    """Plain text. A URL in it is shown with a preview."""

    KIND: ClassVar = "text"

    body: str

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[()]:
        """Empty: it has no buttons."""
        return ()

    def sendable(self, limits: ChannelLimits) -> "Text":
        """Return the message itself."""
        return self

    def plain(self) -> None:
        """Return None: nothing is plainer."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"kind": self.KIND, "body": self.body}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Text":
        """Return the message that `to_json` wrote."""
        return cls(value["body"])


class TextSpec(KindSpec):
    """`text: …`, or the text alone."""

    KEY: ClassVar = "text"

    text: NeededText = MISSING
    """What is said: one text, or one for each language."""

    def write(self, writer: Writer) -> Callable[[Context, str], Text]:
        """Compile the text."""
        limit = writer.limits.text_body
        body = writer.text(self.text, "text", limit=limit, empty=Empty.REFUSED, cut=shorten)
        return lambda context, place: Text(body.say(context))
