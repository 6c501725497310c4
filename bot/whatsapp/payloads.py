"""Builds the Graph API's payloads of messages. Pure; enforces every documented limit before sending.

Source: Meta, WhatsApp Cloud API, "Send messages" and "Interactive messages", 2026.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, assert_never
from urllib.parse import urlsplit

from bot.whatsapp import address_form, order_card
from bot.whatsapp.limits import LIMITS, OPAQUE, TEMPLATE_NAME
from flows.messages import limits
from flows.messages.address_form import COUNTRY
from flows.messages.document import FILENAME
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Document,
    Image,
    Link,
    List,
    Payment,
    Reply,
    Section,
    Sendable,
    TemplateMessage,
    Text,
    Video,
)
from flows.messages.media import Media

_DIGITS: Final = re.compile(r"[0-9]{5,20}")
_URL_IN_TEXT: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_LANGUAGE: Final = 16
"""Characters of a template's language code; `zh_CN` is a long one."""
_BLANK_IN_URL: Final = re.compile(r"[\x00-\x20\x7f-\xa0]|\s")


class PayloadError(ValueError):
    """WhatsApp would refuse this message. Names the field, its length and the limit."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Recipient of a message: phone number (digits, country code first) if we know it, else BSUID."""

    phone: str | None
    bsuid: str | None


def build(message: Sendable, to: Recipient, opaque: str, media: str = "") -> dict[str, Any]:
    """Return the JSON body of `POST /{phone_number_id}/messages`. Raises PayloadError.

    A message whose kind cannot be sent to this customer is built in its plain form.
    `media` is the id of the uploaded file of a document that the shop keeps, also of a template's.
    `opaque` comes back in the message's status webhooks (`biz_opaque_callback_data`); no secrets in it.
    """
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_address(to),
        **_content(_shown_to(to, message), to, media),
        "biz_opaque_callback_data": _text("biz_opaque_callback_data", opaque, OPAQUE),
    }


def _address(to: Recipient) -> dict[str, str]:
    if to.phone is not None:
        if not _DIGITS.fullmatch(to.phone):
            raise PayloadError(
                f"to: a phone number of 5 to 20 digits is needed, got {len(to.phone)} characters"
            )
        # Without the plus Meta adds the country code of the business number.
        return {"to": "+" + to.phone}
    if to.bsuid:
        return {"recipient": to.bsuid}
    raise PayloadError("to: the customer has neither a phone number nor a user id")


def _shown_to(to: Recipient, message: Sendable) -> Sendable:
    if isinstance(message, AddressForm) and not address_form.may_get(to.phone, to.bsuid):
        return message.plain()
    return message


def _content(message: Sendable, to: Recipient, media: str) -> dict[str, Any]:
    match message:
        case Text():
            return {"type": "text", "text": _plain(message)}
        case Image():
            return {"type": "image", "image": _file("image", message)}
        case Video():
            return {"type": "video", "video": _file("video", message)}
        case Document():
            return {"type": "document", "document": _document(message, media)}
        case Buttons():
            return {"type": "interactive", "interactive": _buttons(message)}
        case List():
            return {"type": "interactive", "interactive": _list(message)}
        case Link():
            return {"type": "interactive", "interactive": _link(message)}
        case AddressForm():
            return {"type": "interactive", "interactive": _address_form(message, to)}
        case Payment():
            return {"type": "interactive", "interactive": _payment(message)}
        case CardUpdate():
            return {"type": "interactive", "interactive": _card_update(message)}
        case TemplateMessage():
            return {"type": "template", "template": _template(message, media)}
        case _:
            assert_never(message)


def _plain(message: Text) -> dict[str, Any]:
    body = _text("text.body", message.body, LIMITS.text_body)
    return {"body": body, "preview_url": True} if _URL_IN_TEXT.search(body) else {"body": body}


def _file(kind: str, message: Media, media: str = "") -> dict[str, Any]:
    built = {"id": media} if media else {"link": _url(f"{kind}.link", message.link)}
    if message.caption and message.caption.strip():
        built["caption"] = _text(f"{kind}.caption", message.caption, LIMITS.caption)
    return built


def _document(message: Document, media: str) -> dict[str, Any]:
    built = _file("document", message, media)
    if message.filename and message.filename.strip():
        built["filename"] = _text("document.filename", message.filename, FILENAME)
    return built


def _buttons(message: Buttons) -> dict[str, Any]:
    where = "interactive.action.buttons"
    _count(where, message.buttons, LIMITS.buttons)
    buttons = [
        {
            "type": "reply",
            "reply": {
                "id": _id(f"{where}[{i}].reply.id", button.id, LIMITS.reply_id),
                "title": _text(f"{where}[{i}].reply.title", button.title, LIMITS.button_title),
            },
        }
        for i, button in enumerate(message.buttons)
    ]
    _distinct(f"{where}: id", (button.id for button in message.buttons))
    _distinct(f"{where}: title", (button.title for button in message.buttons))
    return {"type": "button", **_frame(message), "action": {"buttons": buttons}}


def _list(message: List) -> dict[str, Any]:
    where = "interactive.action.sections"
    _count(where, message.sections, LIMITS.list_sections)
    rows = [row for section in message.sections for row in section.rows]
    _count(f"{where}: rows in all", rows, LIMITS.list_rows)
    _distinct(f"{where}: row id", (row.id for row in rows))
    alone = len(message.sections) == 1
    return {
        "type": "list",
        **_frame(message),
        "action": {
            "button": _text("interactive.action.button", message.button, LIMITS.list_button),
            "sections": [_section(f"{where}[{i}]", s, alone) for i, s in enumerate(message.sections)],
        },
    }


def _section(where: str, section: Section, alone: bool) -> dict[str, Any]:
    """Build a section. It may lack a title only if it is the only one."""
    _count(f"{where}.rows", section.rows, LIMITS.list_rows)
    rows = [_row(f"{where}.rows[{i}]", row) for i, row in enumerate(section.rows)]
    if alone and not section.title.strip():
        return {"rows": rows}
    return {"title": _text(f"{where}.title", section.title, LIMITS.section_title), "rows": rows}


def _row(where: str, row: Reply) -> dict[str, str]:
    built = {
        "id": _id(f"{where}.id", row.id, LIMITS.row_id),
        "title": _text(f"{where}.title", row.title, LIMITS.row_title),
    }
    if row.description and row.description.strip():
        built["description"] = _text(f"{where}.description", row.description, LIMITS.row_description)
    return built


def _link(message: Link) -> dict[str, Any]:
    where = "interactive.action.parameters"
    parameters = {
        "display_text": _text(f"{where}.display_text", message.title, LIMITS.link_title),
        "url": _url(f"{where}.url", message.url),
    }
    return {
        "type": "cta_url",
        **_frame(message),
        "action": {"name": "cta_url", "parameters": parameters},
    }


def _address_form(message: AddressForm, to: Recipient) -> dict[str, Any]:
    """Build an address form, with the customer's name and number filled in."""
    known = {"name": message.name, "phone": f"+{to.phone}" if to.phone else ""}
    values = {address_form.FIELDS[field]: value for field, value in known.items() if value}
    parameters: dict[str, Any] = {"country": COUNTRY, **({"values": values} if values else {})}
    return {
        "type": address_form.NAME,
        **_frame(message),
        "action": {"name": address_form.NAME, "parameters": parameters},
    }


def _payment(message: Payment) -> dict[str, Any]:
    if message.bill is None:
        raise PayloadError("interactive.action: an order card needs its bill")
    return {"type": "order_details", **_frame(message), "action": order_card.action(message.bill)}


def _card_update(message: CardUpdate) -> dict[str, Any]:
    action = order_card.update(message.card, message.status)
    return {"type": "order_status", **_frame(message), "action": action}


def _template(message: TemplateMessage, media: str) -> dict[str, Any]:
    where = "template.body.parameters"
    built: dict[str, Any] = {
        "name": _text("template.name", message.name, TEMPLATE_NAME),
        "language": {"code": _text("template.language.code", message.language, _LANGUAGE)},
    }
    parameters = [
        {"type": "text", "text": _line(f"{where}[{i}].text", value)} for i, value in enumerate(message.values)
    ]
    body = [{"type": "body", "parameters": parameters}] if parameters else []
    if components := [*_header(message, media), *body, *_quick_replies(message.buttons)]:
        built["components"] = components
    return built


def _header(message: TemplateMessage, media: str) -> Iterator[dict[str, Any]]:
    """Yield the component of a template's document, if it has one."""
    if not message.document:
        return
    document = {"id": media} if media else {"link": _url("template header: link", message.document)}
    if message.filename:
        document["filename"] = _text("template header: filename", message.filename, FILENAME)
    yield {"type": "header", "parameters": [{"type": "document", "document": document}]}


def _quick_replies(buttons: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a component for each quick reply of a template: what a tap on it sends back."""
    if buttons:
        _count("template buttons", buttons, LIMITS.template_buttons)
    for index, button in enumerate(buttons):
        payload = _id(f"template button {index}: payload", button, LIMITS.template_reply_id)
        parameters = [{"type": "payload", "payload": payload}]
        yield {"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": parameters}


def _frame(message: Buttons | List | Link | AddressForm | Payment | CardUpdate) -> dict[str, Any]:
    """Build the parts around the action: image header, body, footer."""
    frame: dict[str, Any] = {}
    if isinstance(message, Buttons | Link | Payment) and message.image is not None:
        link = _url("interactive.header.image.link", message.image)
        frame["header"] = {"type": "image", "image": {"link": link}}
    frame["body"] = {"text": _text("interactive.body.text", message.body, LIMITS.interactive_body)}
    footer = None if isinstance(message, AddressForm | CardUpdate) else message.footer
    if footer and footer.strip():
        frame["footer"] = {"text": _text("interactive.footer.text", footer, LIMITS.footer)}
    return frame


def _text(field: str, text: str, limit: int) -> str:
    if not text.strip():
        raise PayloadError(f"{field}: is empty; 1 to {limit} UTF-16 units are needed")
    try:
        length = limits.length(text)
    except UnicodeEncodeError as error:
        raise PayloadError(f"{field}: holds half of a surrogate pair") from error
    if length > limit:
        raise PayloadError(f"{field}: {length} UTF-16 units, but at most {limit} are allowed")
    return text


def _line(field: str, text: str) -> str:
    """Return the value of a template's placeholder: one line, single blanks between words."""
    if text.split() != text.split(" "):
        raise PayloadError(f"{field}: has a line break, a tab or more than one blank between words")
    return _text(field, text, LIMITS.template_body)


def _id(field: str, id: str, limit: int) -> str:
    if id != id.strip():
        raise PayloadError(f"{field}: starts or ends with a blank")
    return _text(field, id, limit)


def _count(field: str, items: Sequence[object], limit: int) -> None:
    if not 1 <= len(items) <= limit:
        raise PayloadError(f"{field}: {len(items)} given, but 1 to {limit} are needed")


def _distinct(field: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise PayloadError(f"{field} {value!r} is used twice")
        seen.add(value)


def _url(field: str, url: str) -> str:
    """Return `url` if it is an absolute https URL; http is allowed to this machine, for a sandbox."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PayloadError(f"{field}: is not a URL ({error})") from error
    if _BLANK_IN_URL.search(url) or not host or parts.scheme not in ("https", "http"):
        raise PayloadError(f"{field}: an absolute https URL is needed")
    if parts.scheme == "http" and not _is_loopback(host):
        raise PayloadError(f"{field}: http is only allowed to this machine; use https")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
