"""Base classes of messages with buttons, a list or a link: text, footer, and a picture above."""

from flows.document.shape import Texts
from flows.messages.limits import shorten
from flows.messages.media import PICTURE, check_url
from flows.messages.message import MISSING, KindSpec, NeededText
from flows.messages.writer import Empty, Line, OptionalText, Writer


class InteractiveSpec(KindSpec):
    """A message with something to tap below its text."""

    text: NeededText = MISSING
    """What is said above what can be tapped."""
    footer: Texts | None = None
    """Small print below."""

    def write_body(self, writer: Writer) -> Line:
        """Compile the text."""
        limit = writer.limits.interactive_body
        return writer.text(self.text, "text", limit=limit, empty=Empty.REFUSED, cut=shorten)

    def write_footer(self, writer: Writer) -> OptionalText:
        """Compile the footer."""
        return writer.optional(self.footer, "footer", limit=writer.limits.footer, empty=Empty.FINE)


class PicturedSpec(InteractiveSpec):
    """An interactive message that may have a picture above its text."""

    image: str | None = None
    """https address of a picture above the text."""

    def write_picture(self, writer: Writer) -> OptionalText:
        """Compile the picture's URL."""
        return writer.optional_url(self.image, "image", mend=PICTURE)


def sendable_picture(link: str | None) -> str | None:
    """Return `link`, or None if it is blank. Raises Unsendable if the channel can't open it."""
    if link is None or not link.strip():
        return None
    check_url("the picture", link)
    return link
