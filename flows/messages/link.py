"""A text with a button that opens a page."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from flows.document.shape import Spec, Texts
from flows.messages.interactive import PicturedSpec, sendable_picture
from flows.messages.limits import ChannelLimits
from flows.messages.media import check_url
from flows.messages.message import BaseMessage
from flows.messages.payment import Payment
from flows.messages.writer import Empty, Writer
from flows.templates.expressions import Context

CARD: Final = "{{ order.card }}"
"""What a payment in the chat is read from: the reference of the order's card; empty if it has none."""
PAY: Final = ("link", "pay")
"""Where that stands in a message."""
_PAGE: Final = "write the page's whole address, like 'https://shop.example/page'"


@dataclass(frozen=True, slots=True)
class Link(BaseMessage):
    """A text with one button that opens a URL."""

    KIND: ClassVar = "link"

    body: str
    title: str
    url: str
    footer: str | None = None
    image: str | None = None

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[()]:
        """Empty: a tap on the button is not reported to us."""
        return ()

    def sendable(self, limits: ChannelLimits) -> "Link":
        """Return the message without a picture whose link is blank. Raises Unsendable for a bad URL."""
        check_url("the link", self.url)
        return replace(self, image=sendable_picture(self.image))

    def plain(self) -> "Link | None":
        """Return the message without its picture; None if it has none."""
        return replace(self, image=None) if self.image is not None else None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "kind": self.KIND,
            "body": self.body,
            "title": self.title,
            "url": self.url,
            "footer": self.footer,
            "image": self.image,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Link":
        """Return the message that `to_json` wrote."""
        return cls(value["body"], value["title"], value["url"], value["footer"], value["image"])


class PageSpec(Spec):
    """A button that opens a URL."""

    title: Texts
    """What the button is called."""
    url: str
    """The address that it opens."""
    pay: bool = False
    """Whether it is a payment: who can pay in the chat gets an order card in place of the button."""


class LinkSpec(PicturedSpec):
    """`link: {title: …, url: …}`."""

    KEY: ClassVar = "link"

    link: PageSpec
    """The button."""

    def write(self, writer: Writer) -> Callable[[Context, str], Link | Payment]:
        """Compile text, title and URL. What is paid in the chat becomes a card, if the order has one."""
        body, footer, image = self.write_body(writer), self.write_footer(writer), self.write_picture(writer)
        title = writer.text(
            self.link.title, "link", "title", limit=writer.limits.link_title, empty=Empty.REFUSED
        )
        url = writer.url(self.link.url, "link", "url", mend=_PAGE)
        card = writer.raw(CARD, *PAY).say if self.link.pay else _no_card

        def say(context: Context, place: str) -> Link | Payment:
            text, small, picture = body.say(context), footer(context), image(context)
            if reference := card(context):
                return Payment(text, reference, small, sendable_picture(picture))
            return Link(text, title.say(context), url.say(context), small, picture)

        return say


def _no_card(context: Context) -> str:
    return ""
