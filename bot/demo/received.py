"""What arrived on the customer's phone, back as a message to draw."""

from typing import Any

from flows.messages.kinds import Buttons, Image, Link, List, Message, Reply, Section, Text
from sandbox.people import ReceivedMessage


def message(received: ReceivedMessage) -> Message:
    """The message that a WhatsApp payload shows."""
    content: dict[str, Any] = received.payload[received.payload["type"]]
    match received.kind:
        case "text":
            return Text(content["body"])
        case "image":
            return Image(content["link"], content.get("caption"))
        case "template":
            return Text(received.text)
    body, action = content["body"]["text"], content["action"]
    footer = content.get("footer", {}).get("text")
    image = content.get("header", {}).get("image", {}).get("link")
    match received.kind:
        case "button":
            replies = tuple(Reply(b["reply"]["id"], b["reply"]["title"]) for b in action["buttons"])
            return Buttons(body, replies, footer, image)
        case "list":
            return List(body, action["button"], tuple(_section(s) for s in action["sections"]), footer)
        case "cta_url":
            link = action["parameters"]
            return Link(body, link["display_text"], link["url"], footer, image)
        case other:
            raise ValueError(f"the demo can't draw a message of kind {other!r}")


def _section(section: dict[str, Any]) -> Section:
    rows = tuple(Reply(row["id"], row["title"], row.get("description")) for row in section["rows"])
    return Section(section.get("title", ""), rows)
