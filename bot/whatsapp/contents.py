"""Converts the content of a customer's message to an event of the flow.

Source: Meta, WhatsApp Cloud API, "Messages webhooks reference", 2026.
"""

from collections.abc import Callable, Mapping
from typing import Final

from bot.json_text import Unreadable, read_object, storable
from bot.whatsapp import address_form
from bot.whatsapp.identity import digits
from bot.whatsapp.limits import LIMITS
from bot.whatsapp.loose import Json, clipped, identifier, integer, items, mapping, texts, word
from flows.engine.events import Event, Received, Tapped, TextReceived
from flows.messages import limits
from flows.messages.address_form import ADDRESS
from payments.shop.cart import Item, items_to_json

_SILENT: Final = frozenset({"reaction", "edit", "revoke", "system"})
_RESPONSE: Final = 16_384
_PHONES: Final = 20
_ITEMS: Final = 100
_QUANTITY: Final = 1_000_000


def meaning(message: Json) -> tuple[Event | None, str | None]:
    """Return (event, None), or (None, the reason why there is nothing to answer)."""
    kind = word(message.get("type")) or "unknown"
    if message.get("group_id") is not None:
        return None, "group message"
    if kind == "system":
        return None, f"system: {word(mapping(message.get('system')).get('type')) or 'unknown'}"
    if kind in _SILENT:
        return None, kind
    reader = _READERS.get(kind)
    return (reader(message) if reader else _bare(kind)), None


def _bare(kind: str) -> Received:
    """Return a kind of message that is not read. Only a form that came back may be called an address."""
    return Received("unknown" if kind == ADDRESS else kind)


def _text(message: Json) -> Event:
    body = mapping(message.get("text")).get("body")
    if not isinstance(body, str) or not body:
        return Received("text")
    return TextReceived(limits.clip(body, LIMITS.text_body))


def _button(message: Json) -> Event:
    """Read a tap on a template's quick reply.

    A quick reply that was sent without a payload of ours sends its own text: it counts as that text, typed.
    """
    content = mapping(message.get("button"))
    if content.get("payload") == content.get("text"):
        return _tap(None, content.get("text")) or Received("button")
    return _tap(content.get("payload"), content.get("text")) or Received("button")


def _interactive(message: Json) -> Event:
    content = mapping(message.get("interactive"))
    kind = word(content.get("type")) or "interactive"
    inner = mapping(content.get(kind))
    if kind in ("button_reply", "list_reply"):
        return _tap(inner.get("id"), inner.get("title")) or Received("interactive")
    return _form(inner) if kind == "nfm_reply" else _bare(kind)


def _tap(id: object, title: object) -> Event | None:
    """Return a tap. A reply without an id counts as its text, typed."""
    reply_id, text = clipped(id), clipped(title)
    if not reply_id:
        return TextReceived(text) if text else None
    return Tapped(reply_id, text or "")


def _form(content: Json) -> Event:
    """Read a submitted form: its `name`, and its `response` if that is JSON text of an object.

    An address form is an address if it holds one, else a form like any other.
    """
    fields = texts(content, "name")
    text = content.get("response_json")
    if isinstance(text, str) and len(text) <= _RESPONSE:
        try:
            fields["response"] = storable(read_object(text.encode()))
        except Unreadable:
            return Received("nfm_reply", fields)
    form = Received("nfm_reply", fields)
    if fields.get("name") != address_form.NAME:
        return form
    return address_form.answer(mapping(fields.get("response"))) or form


def _location(message: Json) -> Event:
    content = mapping(message.get("location"))
    fields = texts(content, "name", "address")
    for name, most in (("latitude", 90), ("longitude", 180)):
        degrees = content.get(name)
        if isinstance(degrees, int | float) and not isinstance(degrees, bool) and abs(degrees) <= most:
            fields[name] = degrees
    return Received("location", fields)


def _media(message: Json) -> Event:
    kind = message["type"]
    return Received(kind, texts(mapping(message.get(kind)), "id", "mime_type", "caption"))


def _order(message: Json) -> Event:
    """Read a cart from a catalogue: skus and quantities. Prices are left out, as the customer sent them.

    `items` is missing unless every item is readable, because part of a cart would be a wrong cart.
    """
    content = mapping(message.get("order"))
    fields = texts(content, "text")
    cart = [_item(mapping(product)) for product in items(content.get("product_items"))]
    readable = [item for item in cart if item is not None]
    if 0 < len(readable) == len(cart) <= _ITEMS:
        fields["items"] = items_to_json(readable)
    return Received("order", fields)


def _item(product: Json) -> Item | None:
    sku = identifier(product.get("product_retailer_id"))
    quantity = integer(product.get("quantity"))
    if sku is None or quantity is None or not 0 < quantity <= _QUANTITY:
        return None
    return Item(sku, quantity)


def _contacts(message: Json) -> Event:
    contacts = [mapping(contact) for contact in items(message.get("contacts"))]
    names = (clipped(mapping(contact.get("name")).get("formatted_name")) for contact in contacts)
    phones = (
        digits(mapping(phone).get("wa_id")) or digits(mapping(phone).get("phone"))
        for contact in contacts
        for phone in items(contact.get("phones"))
    )
    fields = {
        "names": [name for name in names if name][:_PHONES],
        "phones": [phone for phone in phones if phone][:_PHONES],
    }
    return Received("contacts", fields)


def _unsupported(message: Json) -> Event:
    return Received("unsupported", texts(mapping(message.get("unsupported")), "type"))


_READERS: Final[Mapping[str, Callable[[Json], Event]]] = {
    "text": _text,
    "button": _button,
    "interactive": _interactive,
    "location": _location,
    "order": _order,
    "contacts": _contacts,
    "unsupported": _unsupported,
    **dict.fromkeys(("image", "video", "document", "audio", "sticker"), _media),
}
