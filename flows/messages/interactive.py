"""What messages with buttons, a list or a link share: a text, small print, and a picture above."""

from flows.document.shape import Texts
from flows.messages.limits import shorten
from flows.messages.media import PICTURE, check_url
from flows.messages.message import MISSING, KindSpec, NeededText
from flows.messages.writer import Empty, Line, OptionalText, Writer


class InteractiveSpec(KindSpec):
    """The text over what can be tapped."""

    text: NeededText = MISSING
    footer: Texts | None = None

    def write_body(self, writer: Writer) -> Line:
        """Compile the text."""
        limit = writer.limits.interactive_body
        return writer.text(self.text, "text", limit=limit, empty=Empty.REFUSED, cut=shorten)

    def write_footer(self, writer: Writer) -> OptionalText:
        """Compile the small print."""
        return writer.optional(self.footer, "footer", limit=writer.limits.footer, empty=Empty.FINE)


class PicturedSpec(InteractiveSpec):
    """One that may have a picture above its text."""

    image: str | None = None

    def write_picture(self, writer: Writer) -> OptionalText:
        """Compile the picture's URL."""
        return writer.optional_url(self.image, "image", mend=PICTURE)


def sendable_picture(link: str | None) -> str | None:
    """The picture above a text, left out if it has no address. Raises Unsendable if it can't be opened."""
    if link is None or not link.strip():
        return None
    check_url("the picture", link)
    return link
