"""Converts what arrived on the customer's phone back to a message to draw."""

from typing import Any

from bot.demo.received_card import bill_of
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Document,
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
        case "text":
            return Text(received.text)
        case "template":
            return _template(received, content)
        case "button" | "list" | "cta_url" | "address_message" | "order_details" | "order_status":
            return _interactive(received.kind, content)
        case file:
            # Meta's keys of a file are the same as in our JSON. One that was uploaded has an id and no link.
            shown = from_json({"kind": file, "link": "", **content})
            assert not isinstance(shown, TemplateMessage)
            return shown


def _template(received: ReceivedMessage, content: dict[str, Any]) -> Message:
    """Return a template as its name with its values, under its document and above its quick replies."""
    if received.choices:
        replies = tuple(Reply(choice.id, f"Button {choice.title}") for choice in received.choices)
        return Buttons(received.text, replies)
    for part in content.get("components", ()):
        if part["type"] == "header":
            document = part["parameters"][0]["document"]
            return Document(document.get("link", ""), received.text, document.get("filename"))
    return Text(received.text)


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
