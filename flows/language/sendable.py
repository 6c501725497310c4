"""Makes a message one that WhatsApp takes: mended where no meaning is lost, else refused here and now.

Lengths and counts are kept where the texts are rendered (`flows.language.speech`). Here is what depends
on the message as a whole: URLs, and what WhatsApp wants to be different within one message.

Source: Meta, WhatsApp Cloud API, "Interactive messages" and "Messages" reference, 2026.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from flows.document.errors import Unsendable
from flows.language import urls
from flows.messages import limits, replies
from flows.messages.kinds import Buttons, Image, Link, List, Message, Reply, Section, Text

_COPIES: Final = 9
"""How often one reply may be offered again in one message: so many digits its visit has to spare."""


def sendable(message: Message) -> Message:
    """`message` as WhatsApp takes it. Raises Unsendable if it cannot be mended.

    A picture that has no address is left out: not every product has one. A reply that is offered twice
    keeps both places, under two ids; buttons whose titles came out equal are numbered.
    """
    match message:
        case Image(link=link, caption=caption) if not link.strip():
            if not caption or not caption.strip():
                raise Unsendable("there is neither a picture nor a text to say")
            return Text(caption, message.fallback)
        case Image(link=link):
            _opens("the picture", link)
            return message
        case Buttons():
            buttons = _titles_differ(_ids_differ(message.buttons, limits.REPLY_ID))
            return replace(message, buttons=buttons, image=_picture(message.image))
        case Link():
            _opens("the link", message.url)
            return replace(message, image=_picture(message.image))
        case List():
            return replace(message, sections=_sections(message.sections))
        case Text():
            return message


def _picture(link: str | None) -> str | None:
    if link is None or not link.strip():
        return None
    _opens("the picture", link)
    return link


def _opens(what: str, url: str) -> None:
    if fault := urls.fault(url):
        raise Unsendable(f"{what} can't be opened: {fault}")


def _sections(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """`sections` with row ids that differ. Raises Unsendable if one of several has no title."""
    if len(sections) > 1 and not all(section.title.strip() for section in sections):
        raise Unsendable("one of several sections has no title")
    rows = iter(_ids_differ((row for section in sections for row in section.rows), limits.ROW_ID))
    return tuple(replace(section, rows=tuple(next(rows) for _ in section.rows)) for section in sections)


def _ids_differ(offered: Iterable[Reply], limit: int) -> tuple[Reply, ...]:
    found: dict[str, Reply] = {}
    for reply in offered:
        copy, id = 0, reply.id
        while id in found:
            copy += 1
            id = replies.copied(reply.id, copy)
        if copy > _COPIES or limits.length(id) > limit:
            raise Unsendable("one answer is offered too often in one message")
        found[id] = replace(reply, id=id)
    return tuple(found.values())


def _titles_differ(buttons: tuple[Reply, ...]) -> tuple[Reply, ...]:
    found: dict[str, Reply] = {}
    for button in buttons:
        number, title = 1, button.title
        while title in found:
            number += 1
            mark = f" {number}"
            title = limits.clip(button.title, limits.BUTTON_TITLE - len(mark)) + mark
        found[title] = replace(button, title=title)
    return tuple(found.values())
