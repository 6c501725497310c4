"""A document, such as an invoice or a price list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from flows.document.shape import Spec, Texts
from flows.messages.limits import ChannelLimits, shorten
from flows.messages.media import Media, MediaSpec
from flows.messages.stored import stored_name
from flows.messages.template import LINK
from flows.messages.text import Text
from flows.messages.writer import Writer
from flows.templates.expressions import Context

FILENAME: Final = 240
"""Longest file name, in UTF-16 code units: what a phone shows. No channel documents a limit."""


@dataclass(frozen=True, slots=True)
class Document(Media):
    """A document by https link, with an optional name to show and an optional caption."""

    KIND: ClassVar = "document"
    NAME: ClassVar = "document"

    filename: str | None = None

    @property
    def stored(self) -> str:
        """What the shop keeps the document as; empty if it is at a public address."""
        return stored_name(self.link)

    @property
    def shown(self) -> str:
        """What it is called: its file name, else what the shop keeps it as (`invoice`), else its link."""
        return self.filename or self.stored.partition("/")[0].replace("-", " ") or self.link

    def sendable(self, limits: ChannelLimits) -> Self | Text:
        """Return the message as `Media.sendable` does. A document that the shop keeps has no address."""
        return self if self.stored else Media.sendable(self, limits)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"kind": self.KIND, "link": self.link, "caption": self.caption, "filename": self.filename}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the message that `to_json` wrote."""
        return cls(value["link"], value.get("caption"), value.get("filename"))


class FileSpec(Spec):
    """Link of the document, and its file name on the customer's phone."""

    link: str
    """https address of the document, or one that the shop keeps: `{{ order.invoice }}`, or the `invoice` or
    `credit_note` of an event."""
    filename: Texts | None = None
    """What the file is called on the customer's phone."""


class DocumentSpec(MediaSpec):
    """`document: {link: URL, filename: …}`."""

    KEY: ClassVar = "document"

    document: FileSpec
    """The file."""

    def write(self, writer: Writer) -> Callable[[Context, str], Document]:
        """Compile the URL, the file name and the caption."""
        link = writer.url(self.document.link, "document", "link", mend=LINK)
        filename = writer.optional(
            self.document.filename, "document", "filename", limit=FILENAME, cut=_one_line
        )
        caption = self.write_caption(writer)
        return lambda context, place: Document(link.say(context), caption(context), filename(context) or None)


def _one_line(name: str, limit: int) -> str:
    """Return `name` in one line, cut in its middle so that it keeps its file extension."""
    return shorten(" ".join(name.split()), limit)
