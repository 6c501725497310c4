"""Base classes of pictures, documents and videos: a file, fetched by its link, and a caption."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from flows.document.errors import Unsendable
from flows.document.shape import Texts
from flows.messages import urls
from flows.messages.limits import ChannelLimits, shorten
from flows.messages.message import BaseMessage, KindSpec
from flows.messages.text import Text
from flows.messages.writer import OptionalText, Writer

PICTURE: Final = "write the picture's whole address, like 'https://shop.example/chai.jpg'"


@dataclass(frozen=True, slots=True)
class Media(BaseMessage):
    """A file by https link, with an optional caption."""

    NAME: ClassVar[str]
    """Its name in error messages."""

    link: str
    caption: str | None = None

    @property
    def words(self) -> str:
        """The caption."""
        return self.caption or ""

    @property
    def replies(self) -> tuple[()]:
        """Empty: it has no buttons."""
        return ()

    def sendable(self, limits: ChannelLimits) -> Self | Text:
        """Return the message, or its caption if the link is blank. Raises Unsendable for a bad link."""
        if not self.link.strip():
            if caption := self.plain():
                return caption
            message = f"there is neither a {self.NAME} nor a text to say"
            raise Unsendable(message, "give the message a 'text' too")
        check_url(f"the {self.NAME}", self.link)
        return self

    def plain(self) -> Text | None:
        """Return the caption as a text; None if it is blank."""
        return Text(self.words, fallback=self.fallback) if self.words.strip() else None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"kind": self.KIND, "link": self.link, "caption": self.caption}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the message that `to_json` wrote."""
        return cls(value["link"], value.get("caption"))


class MediaSpec(KindSpec):
    """A message with a file. Its `text` is the caption."""

    text: Texts | None = None
    """The caption."""

    def write_caption(self, writer: Writer) -> OptionalText:
        """Compile the caption."""
        return writer.optional(self.text, "text", limit=writer.limits.caption, cut=shorten)


def check_url(what: str, url: str) -> None:
    """Raise Unsendable if no channel can open `url`, the URL of `what`."""
    if fault := urls.fault(url):
        raise Unsendable(f"{what} can't be opened: {fault}")
