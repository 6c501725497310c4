"""The messages a flow can say, as plain values.

They name what the customer sees and nothing of the wire: the channel turns them into its own
payloads. Every text is final: rendered, in one language, within `flows.messages.limits`.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class Reply:
    """A tappable answer. `id` comes back when it is tapped (see `flows.messages.replies`)."""

    id: str
    title: str
    description: str | None = None
    """Second line of a list row; a button has none."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of list rows."""

    title: str
    rows: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """A text that WhatsApp approved beforehand: all it takes 24 hours after the customer last wrote."""

    name: str
    language: str
    """As WhatsApp writes it: `en`, `pt_BR`."""
    values: tuple[str, ...] = ()
    """For the gaps in its body, in order; each one line, and none empty."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text. A URL in it is shown with a preview."""

    body: str
    fallback: TemplateMessage | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by https link, with an optional caption."""

    link: str
    caption: str | None = None
    fallback: TemplateMessage | None = None


@dataclass(frozen=True, slots=True)
class Buttons:
    """Text with one to three reply buttons, and optionally a picture above it."""

    body: str
    buttons: tuple[Reply, ...]
    footer: str | None = None
    image: str | None = None
    fallback: TemplateMessage | None = None


@dataclass(frozen=True, slots=True)
class List:
    """Text with a button that opens a list of rows."""

    body: str
    button: str
    sections: tuple[Section, ...]
    footer: str | None = None
    fallback: TemplateMessage | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Text with one button that opens a URL."""

    body: str
    title: str
    url: str
    footer: str | None = None
    image: str | None = None
    fallback: TemplateMessage | None = None


Message: TypeAlias = Text | Image | Buttons | List | Link
"""What a flow says. Each kind may have a `fallback`, sent in its place once the 24 hours are over."""
Sendable: TypeAlias = Message | TemplateMessage


def replies(message: Message) -> tuple[Reply, ...]:
    """Every tappable answer of `message`, top to bottom."""
    match message:
        case Buttons(buttons=buttons):
            return buttons
        case List(sections=sections):
            return tuple(row for section in sections for row in section.rows)
        case Text() | Image() | Link():
            return ()
        case _:
            assert_never(message)


def without_picture(message: Sendable) -> Message | None:
    """What is left to say of `message` if its picture cannot be shown; None if it has none, or no words."""
    match message:
        case Image(caption=str() as caption) if caption.strip():
            return Text(caption, message.fallback)
        case Buttons(image=str()) | Link(image=str()):
            return replace(message, image=None)
        case _:
            return None


def to_json(message: Sendable) -> dict[str, Any]:
    """A JSON-ready dict with the message's kind under `kind`. Inverse of `from_json`."""
    written = _written(message)
    if not isinstance(message, TemplateMessage) and message.fallback is not None:
        written["fallback"] = _written(message.fallback)
    return written


def from_json(value: dict[str, Any]) -> Sendable:
    """The message that `to_json` wrote. Raises KeyError on any other shape."""
    message = _read(value)
    fallback = _read(value["fallback"]) if value.get("fallback") else None
    if not isinstance(fallback, TemplateMessage) or isinstance(message, TemplateMessage):
        return message
    return replace(message, fallback=fallback)


def _written(message: Sendable) -> dict[str, Any]:
    match message:
        case Text():
            return {"kind": "text", "body": message.body}
        case Image():
            return {"kind": "image", "link": message.link, "caption": message.caption}
        case Buttons():
            return {
                "kind": "buttons",
                "body": message.body,
                "buttons": [[r.id, r.title] for r in message.buttons],
                "footer": message.footer,
                "image": message.image,
            }
        case List():
            return {
                "kind": "list",
                "body": message.body,
                "button": message.button,
                "sections": [
                    [s.title, [[r.id, r.title, r.description] for r in s.rows]] for s in message.sections
                ],
                "footer": message.footer,
            }
        case Link():
            return {
                "kind": "link",
                "body": message.body,
                "title": message.title,
                "url": message.url,
                "footer": message.footer,
                "image": message.image,
            }
        case TemplateMessage(name=name, language=language, values=values):
            return {"kind": "template", "name": name, "language": language, "values": list(values)}
        case _:
            assert_never(message)


def _read(value: dict[str, Any]) -> Sendable:
    match value["kind"]:
        case "text":
            return Text(value["body"])
        case "image":
            return Image(value["link"], value["caption"])
        case "buttons":
            buttons = tuple(Reply(id, title) for id, title in value["buttons"])
            return Buttons(value["body"], buttons, value["footer"], value["image"])
        case "list":
            sections = tuple(
                Section(title, tuple(Reply(*row) for row in rows)) for title, rows in value["sections"]
            )
            return List(value["body"], value["button"], sections, value["footer"])
        case "link":
            return Link(value["body"], value["title"], value["url"], value["footer"], value["image"])
        case "template":
            return TemplateMessage(value["name"], value["language"], tuple(value["values"]))
        case other:
            raise KeyError(f"unknown message kind {other!r}")
