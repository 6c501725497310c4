"""A text with reply buttons."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from flows.document.errors import Unsendable
from flows.document.places import Path
from flows.messages import offers
from flows.messages.fault import Fault
from flows.messages.interactive import PicturedSpec, sendable_picture
from flows.messages.limits import ChannelLimits, clip
from flows.messages.message import BaseMessage
from flows.messages.offers import Reply, ReplySpec
from flows.messages.text import Text
from flows.messages.writer import Writer
from flows.templates.expressions import Context


@dataclass(frozen=True, slots=True)
class Buttons(BaseMessage):
    """A text with reply buttons, and optionally a picture above it."""

    KIND: ClassVar = "buttons"

    body: str
    buttons: tuple[Reply, ...]
    footer: str | None = None
    image: str | None = None

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The buttons."""
        return self.buttons

    def sendable(self, limits: ChannelLimits) -> "Buttons":
        """Return the message with distinct ids and titles, and without a picture whose link is blank."""
        buttons = _titles_differ(offers.ids_differ(self.buttons, limits.reply_id), limits.button_title)
        return Buttons(self.body, buttons, self.footer, sendable_picture(self.image), fallback=self.fallback)

    def plain(self) -> "Buttons | None":
        """Return the message without its picture; None if it has none."""
        return replace(self, image=None) if self.image is not None else None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "kind": self.KIND,
            "body": self.body,
            "buttons": [[r.id, r.title] for r in self.buttons],
            "footer": self.footer,
            "image": self.image,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Buttons":
        """Return the message that `to_json` wrote."""
        buttons = tuple(Reply(id, title) for id, title in value["buttons"])
        return cls(value["body"], buttons, value["footer"], value["image"])


class ButtonsSpec(PicturedSpec):
    """`buttons: [{on: …, title: …}]`."""

    KEY: ClassVar = "buttons"

    buttons: Annotated[list[ReplySpec], Field(min_length=1)]
    """Up to three buttons."""

    def write(self, writer: Writer) -> Callable[[Context, str], Buttons | Text]:
        """Compile text and buttons. If no button's `if` holds, the message becomes a plain text."""
        body, footer, image = self.write_body(writer), self.write_footer(writer), self.write_picture(writer)
        limits = writer.limits
        parts = [offers.compiled(spec, writer, where, limits.button_title) for spec, where in self.replies()]
        offered = offers.together(writer, parts)

        def say(context: Context, place: str) -> Buttons | Text:
            text = body.say(context)
            buttons = tuple(
                Reply(offers.reply_id(place, offer, limits.reply_id), offer.title)
                for offer in offered.make(context)
            )
            if not buttons:
                return Text(text)
            if len(buttons) > limits.buttons:
                over = f"the message has over {limits.buttons} buttons"
                raise Unsendable(f"{over}: {limits.channel} refuses it")
            return Buttons(text, buttons, footer(context), image(context))

        return say

    def replies(self) -> Sequence[tuple[ReplySpec, Path]]:
        """The buttons."""
        return [(button, ("buttons", index)) for index, button in enumerate(self.buttons)]

    def quick_replies(self) -> Sequence[ReplySpec]:
        """The buttons."""
        return self.buttons

    def faults(
        self, languages: Sequence[str], items: Callable[[str], int], limits: ChannelLimits
    ) -> Iterator[Fault]:
        """Yield faults: too many buttons, or two with the same title or the same answer."""
        sure = [(button, where) for button, where in self.replies() if button.is_sure]
        where: Path = ("buttons",)
        if len(sure) > limits.buttons:
            mend = "use a list, or give some of them an 'if'"
            yield Fault(where, f"{len(sure)} buttons, and {limits.channel} takes {limits.buttons}", mend)
        titles = [(button.title, where) for button, _ in sure]
        for title, place in offers.same_titles(titles, languages):
            yield Fault(place, f"two buttons are called '{title}'", f"{limits.channel} refuses that")
        yield from offers.same_answers(sure, limits.channel)


def _titles_differ(buttons: tuple[Reply, ...], limit: int) -> tuple[Reply, ...]:
    """Return `buttons`; a title that equals an earlier one gets a number, within `limit`."""
    found: dict[str, Reply] = {}
    for button in buttons:
        number, title = 1, button.title
        while title in found:
            number += 1
            mark = f" {number}"
            title = clip(button.title, limit - len(mark)) + mark
        found[title] = replace(button, title=title) if number > 1 else button
    return tuple(found.values())
