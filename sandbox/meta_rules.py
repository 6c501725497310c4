"""Meta's rules for messages, in the strictest reading of its documentation.

Lengths are counted in UTF-16 code units, since Meta documents no counting rule.

Source: Meta, WhatsApp Cloud API, "Messages" and "Interactive messages" reference, 2026.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.meta_errors import Refused

PHONE: Final = re.compile(r"\+?[0-9]{7,15}", re.ASCII)
USER_ID: Final = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_TEMPLATE_NAME: Final = re.compile(r"[a-z0-9_]+", re.ASCII)
_TEMPLATE_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?", re.ASCII)
_NOT_ONE_LINE: Final = re.compile(r"[\n\r\t]| {5}")

_MESSAGE: Final = frozenset(
    ["messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"]
)
_HEADERS: Final = {
    "button": frozenset({"text", "image", "video", "document"}),
    "list": frozenset({"text"}),
    "cta_url": frozenset({"text", "image", "video", "document"}),
    "address_message": frozenset({"text"}),
    "order_details": frozenset({"text", "image"}),
    "order_status": frozenset(),
}
_ADDRESS_FIELDS: Final = {
    "name", "phone_number", "in_pin_code", "house_number", "floor_number", "tower_number", "building_name",
    "address", "landmark_area", "city", "state",
}  # fmt: skip
"""Fields of an address form for India."""

_MEDIA_TEXTS: Final = {"caption": 1024, "filename": 240}
"""Characters. Meta documents no limit for a filename; its partners say 240."""


def check(message: Mapping[str, Any]) -> None:
    """Raise Refused unless Meta would accept `message` as the body of `POST …/messages`."""
    if message.get("messaging_product") != "whatsapp":
        raise Refused(100, "The parameter messaging_product is required and must be whatsapp.")
    if message.get("recipient_type", "individual") != "individual":
        raise Refused(100, "Param recipient_type must be individual.")
    _check_recipient(message)
    kind = message.get("type", "text")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise Refused(100, f"Param type must be one of {{{', '.join(_CHECKS)}}}.")
    _only(message, _MESSAGE | {kind}, "")
    _string(message, "biz_opaque_callback_data", "", 512, required=False)
    if "context" in message:
        _string(_object(message, "context", ""), "message_id", "context.", 512)
    _CHECKS[kind](_object(message, kind, ""))


def _check_recipient(message: Mapping[str, Any]) -> None:
    to, recipient = message.get("to"), message.get("recipient")
    if to is None and recipient is None:
        raise Refused(131008, "Parameter to or recipient is required.")
    if to is not None and not (isinstance(to, str) and PHONE.fullmatch(to)):
        raise Refused(131009, "Parameter to is not a phone number with country code.")
    if to is None and not (isinstance(recipient, str) and USER_ID.fullmatch(recipient)):
        raise Refused(131009, "Parameter recipient is not a user id.")


def _check_text(text: Mapping[str, Any]) -> None:
    _only(text, {"body", "preview_url"}, "text.")
    _string(text, "body", "text.", 4096)
    if not isinstance(text.get("preview_url", False), bool):
        raise Refused(100, "Param text.preview_url must be a boolean.")


def _media(kind: str, *keys: str) -> Callable[[Mapping[str, Any]], None]:
    """Return the check of a file of `kind`, which may have `keys` besides its id or link."""

    def check(media: Mapping[str, Any]) -> None:
        _only(media, {"id", "link", *keys}, f"{kind}.")
        for key in keys:
            _string(media, key, f"{kind}.", _MEDIA_TEXTS[key], required=False)
        _check_media(media, f"{kind}.")

    return check


def _check_template(template: Mapping[str, Any]) -> None:
    _only(template, {"name", "language", "components"}, "template.")
    _string(template, "name", "template.", 512)
    language = _object(template, "language", "template.")
    _only(language, {"code", "policy"}, "template.language.")
    _string(language, "code", "template.language.", 16)
    if not _TEMPLATE_NAME.fullmatch(template["name"]) or not _TEMPLATE_LANGUAGE.fullmatch(language["code"]):
        raise Refused(132001, "Template name does not exist in the translation")
    components = _array(template, "components", "template.", 12) if "components" in template else []
    for index, component in enumerate(components):
        _check_component(component, f"template.components[{index}].")


def _check_component(component: Mapping[str, Any], where: str) -> None:
    if component.get("type") == "button":
        _check_quick_reply(component, where)
        return
    _only(component, {"type", "parameters"}, where)
    if component.get("type") == "header":
        _check_document_header(component, where)
        return
    if component.get("type") != "body":
        raise Refused(132012, f"{where}type must be header, body or button: nothing else is to be filled in.")
    for index, parameter in enumerate(_array(component, "parameters", where, 100)):
        place = f"{where}parameters[{index}]."
        _only(parameter, {"type", "text"}, place)
        if parameter.get("type") != "text":
            raise Refused(132012, f"{place}type must be text.")
        _string(parameter, "text", place, 1024)
        if _NOT_ONE_LINE.search(parameter["text"]) or not parameter["text"].strip():
            details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            raise Refused(132018, details)


def _check_document_header(component: Mapping[str, Any], where: str) -> None:
    """Refuse a header other than one document: templates here have no pictures or texts in theirs."""
    parameters, place = _array(component, "parameters", where, 1), f"{where}parameters[0]."
    for parameter in parameters:
        if parameter.get("type") != "document":
            raise Refused(132012, f"{place}type must be document.")
        _only(parameter, {"type", "document"}, place)
        document = _object(parameter, "document", place)
        _only(document, {"id", "link", "filename"}, f"{place}document.")
        _string(document, "filename", f"{place}document.", 240, required=False)
        _check_media(document, f"{place}document.")


def _check_quick_reply(component: Mapping[str, Any], where: str) -> None:
    _only(component, {"type", "sub_type", "index", "parameters"}, where)
    if component.get("sub_type") != "quick_reply" or str(component.get("index")) not in _INDEXES:
        raise Refused(132012, f"{where}sub_type must be quick_reply, and index a number from 0 to 9.")
    [parameter] = _array(component, "parameters", where, 1)
    _only(parameter, {"type", "payload"}, f"{where}parameters[0].")
    if parameter.get("type") != "payload":
        raise Refused(132012, f"{where}parameters[0].type must be payload.")
    _string(parameter, "payload", f"{where}parameters[0].", 128)


_INDEXES: Final = frozenset(map(str, range(10)))


def _check_interactive(interactive: Mapping[str, Any]) -> None:
    kind = interactive.get("type")
    if not isinstance(kind, str) or kind not in _HEADERS:
        raise Refused(131009, f"interactive.type must be one of {', '.join(_HEADERS)}.")
    _only(interactive, {"type", "header", "body", "footer", "action"}, "interactive.")
    if "header" in interactive:
        _check_header(_object(interactive, "header", "interactive."), _HEADERS[kind])
    _string(_object(interactive, "body", "interactive."), "text", "interactive.body.", 1024)
    if "footer" in interactive:
        _string(_object(interactive, "footer", "interactive."), "text", "interactive.footer.", 60)
    action = _object(interactive, "action", "interactive.")
    _ACTIONS[kind](action)


def _check_header(header: Mapping[str, Any], allowed: frozenset[str]) -> None:
    kind = header.get("type")
    if kind not in allowed:
        raise Refused(131009, f"interactive.header.type must be one of {', '.join(sorted(allowed))} here.")
    _only(header, {"type", kind}, "interactive.header.")
    if kind == "text":
        _string(header, "text", "interactive.header.", 60)
    else:
        _check_media(_object(header, kind, "interactive.header."), f"interactive.header.{kind}.")


def _check_media(media: Mapping[str, Any], where: str) -> None:
    if "id" in media:
        _string(media, "id", where, 256)
    elif "link" in media:
        _check_url(media, "link", where)
    else:
        raise Refused(131008, f"Parameter {where}link or {where}id is required.")


def _check_buttons(action: Mapping[str, Any]) -> None:
    _only(action, {"buttons"}, "interactive.action.")
    buttons = _array(action, "buttons", "interactive.action.", 3)
    for index, button in enumerate(buttons):
        where = f"interactive.action.buttons[{index}]."
        if button.get("type") != "reply":
            raise Refused(131009, f"{where}type must be reply.")
        _only(button, {"type", "reply"}, where)
        reply = _object(button, "reply", where)
        _only(reply, {"id", "title"}, f"{where}reply.")
        _string(reply, "title", f"{where}reply.", 20)
        _identifier(reply, f"{where}reply.", 256)
    _unique((button["reply"]["id"] for button in buttons), "interactive.action.buttons reply id")
    _unique((button["reply"]["title"] for button in buttons), "interactive.action.buttons reply title")


def _check_list(action: Mapping[str, Any]) -> None:
    _only(action, {"button", "sections"}, "interactive.action.")
    _string(action, "button", "interactive.action.", 20)
    sections = _array(action, "sections", "interactive.action.", 10)
    rows: list[Mapping[str, Any]] = []
    for index, section in enumerate(sections):
        where = f"interactive.action.sections[{index}]."
        _only(section, {"title", "rows"}, where)
        _string(section, "title", where, 24, required=len(sections) > 1)
        rows += _array(section, "rows", where, 10)
    if len(rows) > 10:
        raise Refused(131009, f"interactive.action.sections hold {len(rows)} rows, at most 10 are allowed.")
    for index, row in enumerate(rows):
        _check_row(row, f"interactive.action.sections row {index}.")
    _unique((row["id"] for row in rows), "interactive.action.sections row id")


def _check_row(row: Mapping[str, Any], where: str) -> None:
    _only(row, {"id", "title", "description"}, where)
    _identifier(row, where, 200)
    _string(row, "title", where, 24)
    _string(row, "description", where, 72, required=False)


def _check_link(action: Mapping[str, Any]) -> None:
    _only(action, {"name", "parameters"}, "interactive.action.")
    if action.get("name") != "cta_url":
        raise Refused(131009, "interactive.action.name must be cta_url.")
    parameters = _object(action, "parameters", "interactive.action.")
    where = "interactive.action.parameters."
    _only(parameters, {"display_text", "url"}, where)
    _string(parameters, "display_text", where, 20)
    _check_url(parameters, "url", where)


def _check_address_form(action: Mapping[str, Any]) -> None:
    """Check a form without saved addresses and without errors of an earlier answer."""
    _only(action, {"name", "parameters"}, "interactive.action.")
    if action.get("name") != "address_message":
        raise Refused(131009, "interactive.action.name must be address_message.")
    parameters = _object(action, "parameters", "interactive.action.")
    where = "interactive.action.parameters."
    _only(parameters, {"country", "values"}, where)
    _string(parameters, "country", where, 2)
    if parameters["country"] != "IN":
        raise Refused(131009, f"{where}country must be IN.")
    values = _object(parameters, "values", where) if "values" in parameters else {}
    _only(values, _ADDRESS_FIELDS, f"{where}values.")
    for key in values:
        _string(values, key, f"{where}values.", 6 if key == "in_pin_code" else 1024)
    if "phone_number" in values and not PHONE.fullmatch(values["phone_number"]):
        raise Refused(131009, f"{where}values.phone_number is not a phone number.")


def _check_named(name: str) -> Callable[[Mapping[str, Any]], None]:
    """Return the check of an action whose parameters `sandbox.meta_cards` checks."""

    def check(action: Mapping[str, Any]) -> None:
        _only(action, {"name", "parameters"}, "interactive.action.")
        if action.get("name") != name:
            raise Refused(131009, f"interactive.action.name must be {name}.")
        _object(action, "parameters", "interactive.action.")

    return check


def _check_url(holder: Mapping[str, Any], key: str, where: str) -> None:
    _string(holder, key, where, 2000)
    try:
        url = urlsplit(holder[key])
    except ValueError:
        raise Refused(131009, f"{where}{key} is not a URL.") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Refused(131009, f"{where}{key} must be an absolute http or https URL.")


def _identifier(holder: Mapping[str, Any], where: str, limit: int) -> None:
    _string(holder, "id", where, limit)
    if holder["id"] != holder["id"].strip():
        raise Refused(131009, f"{where}id must not begin or end with a space.")


def _string(holder: Mapping[str, Any], key: str, where: str, limit: int, *, required: bool = True) -> None:
    value = holder.get(key)
    if value is None and not required:
        return
    if value is None or value == "":
        raise Refused(131008, f"Parameter {where}{key} is required.")
    if not isinstance(value, str):
        raise Refused(100, f"Param {where}{key} must be a string.")
    if len(value.encode("utf-16-le", "surrogatepass")) // 2 > limit:
        raise Refused(100, f"{where}{key} is longer than {limit} characters")


def _object(holder: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = holder.get(key)
    if value is None:
        raise Refused(131008, f"Parameter {where}{key} is required.")
    if not isinstance(value, dict):
        raise Refused(100, f"Param {where}{key} must be a JSON object.")
    return value


def _array(holder: Mapping[str, Any], key: str, where: str, limit: int) -> list[Mapping[str, Any]]:
    value = holder.get(key)
    if not value:
        raise Refused(131008, f"Parameter {where}{key} is required.")
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refused(100, f"Param {where}{key} must be an array of JSON objects.")
    if len(value) > limit:
        raise Refused(131009, f"{where}{key} has {len(value)} entries, at most {limit} are allowed.")
    return value


def _only(holder: Mapping[str, Any], allowed: AbstractSet[str], where: str) -> None:
    if not holder.keys() <= allowed:
        raise Refused(
            100, f'Unexpected key "{min(holder.keys() - allowed)}" on param "{where.rstrip(".") or "body"}".'
        )


def _unique(values: Iterable[str], what: str) -> None:
    seen = list(values)
    if len(set(seen)) != len(seen):
        raise Refused(131009, f"Duplicate {what}.")


_ACTIONS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
    "address_message": _check_address_form,
    "order_details": _check_named("review_and_pay"),
    "order_status": _check_named("review_order"),
}
_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "text": _check_text,
    "image": _media("image", "caption"),
    "video": _media("video", "caption"),
    "document": _media("document", "caption", "filename"),
    "audio": _media("audio"),
    "sticker": _media("sticker"),
    "interactive": _check_interactive,
    "template": _check_template,
}
