"""Converts what arrived on the customer's phone back to a message to draw."""

from typing import Any

from bot.demo.received_card import bill_of
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Link,
    List,
    Message,
    Payment,
    Reply,
    Section,
    TemplateMessage,
    Text,
    from_json,
)
from sandbox.people import ReceivedMessage


def message(received: ReceivedMessage) -> Message:
    """Return the message that a WhatsApp payload shows."""
    content: dict[str, Any] = received.payload[received.payload["type"]]
    match received.kind:
        case "text" | "template":
            return Text(received.text)
        case "button" | "list" | "cta_url" | "address_message" | "order_details" | "order_status":
            return _interactive(received.kind, content)
        case file:
            # Meta's keys of a file are the same as in our JSON.
            shown = from_json({"kind": file, **content})
            assert not isinstance(shown, TemplateMessage)
            return shown


def _interactive(kind: str, content: dict[str, Any]) -> Message:
    body, action = content["body"]["text"], content["action"]
    footer = content.get("footer", {}).get("text")
    image = content.get("header", {}).get("image", {}).get("link")
    match kind:
        case "button":
            replies = tuple(Reply(b["reply"]["id"], b["reply"]["title"]) for b in action["buttons"])
            return Buttons(body, replies, footer, image)
        case "list":
            return List(body, action["button"], tuple(_section(s) for s in action["sections"]), footer)
        case "address_message":
            return AddressForm(body, action["parameters"].get("values", {}).get("name", ""))
        case "order_details":
            bill = bill_of(action["parameters"])
            return Payment(body, bill.reference, footer, image, bill)
        case "order_status":
            card = action["parameters"]
            return CardUpdate(body, card["reference_id"], card["order"]["status"])
        case _:
            link = action["parameters"]
            return Link(body, link["display_text"], link["url"], footer, image)


def _section(section: dict[str, Any]) -> Section:
    rows = tuple(Reply(row["id"], row["title"], row.get("description")) for row in section["rows"])
    return Section(section.get("title", ""), rows)
