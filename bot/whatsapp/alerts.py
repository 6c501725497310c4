"""Makes notices of what WhatsApp reports about our account, our number and our templates. Pure.

There is one notice for each subject and event. An event that Meta has added since gives a notice too: a
needless notice is better than a missing one.

Source: Meta, WhatsApp Cloud API, "Webhooks reference": account, phone number and template fields, 2026.
"""

from collections.abc import Callable, Mapping
from typing import Final

from bot.whatsapp.loose import Json, clipped, mapping
from bot.whatsapp.payment_news import CONFIGURATION
from payments.processing.notice import Notice, NoticeKind

_GOOD: Final[Mapping[str, frozenset[str]]] = {
    "message_template_status_update": frozenset(
        {"APPROVED", "PENDING", "IN_APPEAL", "REINSTATED", "UNPAUSED"}
    ),
    "message_template_quality_update": frozenset({"GREEN", "UNKNOWN"}),
    "phone_number_quality_update": frozenset({"UNFLAGGED", "UPGRADE", "ONBOARDING", "THROUGHPUT_UPGRADE"}),
    "account_update": frozenset({"VERIFIED_ACCOUNT"}),
    "account_alerts": frozenset({"RESOLVED", "NONE"}),
    CONFIGURATION: frozenset({"Active", "ACTIVE"}),
}
"""Events by webhook field that need no notice: all is well, or well again."""
_PART: Final = 60
"""Maximum characters of one part of a subject."""


def alert(field: object, value: object) -> Notice | None:
    """Return the notice about the change `value` of the webhook field `field`; None if it needs none."""
    reader = _READERS.get(field) if isinstance(field, str) else None
    if reader is None or not isinstance(field, str):
        return None
    subject, event, message = reader(mapping(value))
    if event in _GOOD.get(field, ()):
        return None
    return Notice(NoticeKind.WHATSAPP, f"{subject[:_PART]} {event[:_PART]}", message)


def _template(value: Json) -> tuple[str, str, str]:
    name, event = _name(value), _event(value.get("event"))
    why = _in_brackets(value.get("reason"), mapping(value.get("rejection_info")).get("reason"))
    message = (
        f"WhatsApp says of the template '{name}': {event}{why}. What is sent as this template may not arrive:"
        " see WhatsApp Manager > Message templates."
    )
    return f"template {name}", event, message


def _category(value: Json) -> tuple[str, str, str]:
    name = _name(value)
    event = f"category {_event(value.get('new_category') or value.get('correct_category'))}"
    message = (
        f"WhatsApp moves the template '{name}' to the {event}: it may cost more, or not arrive where a"
        " customer has stopped marketing. See WhatsApp Manager > Message templates."
    )
    return f"template {name}", event, message


def _quality(value: Json) -> tuple[str, str, str]:
    name, event = _name(value), _event(value.get("new_quality_score"))
    message = (
        f"Customers complain of the template '{name}': its quality is {event}. WhatsApp pauses such ones:"
        " see WhatsApp Manager > Message templates."
    )
    return f"template {name}", event, message


def _account(value: Json) -> tuple[str, str, str]:
    event = _event(value.get("event"))
    restrictions = value.get("restriction_info")
    first = mapping(restrictions[0]) if isinstance(restrictions, list) and restrictions else {}
    why = _in_brackets(
        mapping(value.get("violation_info")).get("violation_type"),
        first.get("restriction_type"),
        mapping(value.get("ban_info")).get("waba_ban_state"),
    )
    message = (
        f"WhatsApp says of our account: {event}{why}. Messages may not be taken until it is settled: see"
        " WhatsApp Manager > Account overview, where you can appeal."
    )
    return "account", event, message


def _account_alert(value: Json) -> tuple[str, str, str]:
    info = {**value, **mapping(value.get("alert_info"))}
    if info.get("alert_status") in ("RESOLVED", "NONE"):
        return "account", "RESOLVED", ""
    event = _event(info.get("alert_type"))
    why = _in_brackets(info.get("alert_description"))
    message = f"WhatsApp warns of our account: {event}{why}. See WhatsApp Manager."
    return "account", event, message


def _number(value: Json) -> tuple[str, str, str]:
    event = _event(value.get("event"))
    limit = _in_brackets(value.get("current_limit"))
    message = (
        f"WhatsApp says of our number: {event}{limit}. Too many customers block or report it, and"
        " it may reach fewer from some day on. See WhatsApp Manager > Phone numbers."
    )
    return "number", event, message


def _payments(value: Json) -> tuple[str, str, str]:
    name, event = clipped(value.get("configuration_name")) or "without a name", _event(value.get("status"))
    message = (
        f"WhatsApp says of the payment configuration '{name}': {event}. Until it is active, customers get a"
        " payment link in place of an order card: see Meta Business Suite > Billing & payments."
    )
    return f"payments {name}", event, message


def _event(value: object) -> str:
    return " ".join((clipped(value) or "").split()) or "something that it does not name"


def _name(value: Json) -> str:
    return clipped(value.get("message_template_name")) or "without a name"


def _in_brackets(*reasons: object) -> str:
    """Return the first text in `reasons`, in brackets; empty if there is none."""
    reason = next((text for each in reasons if (text := clipped(each)) and text != "NONE"), None)
    return f" ({reason[:200]})" if reason else ""


_READERS: Final[Mapping[str, Callable[[Json], tuple[str, str, str]]]] = {
    "message_template_status_update": _template,
    "template_category_update": _category,
    "message_template_quality_update": _quality,
    "account_update": _account,
    "account_alerts": _account_alert,
    "phone_number_quality_update": _number,
    CONFIGURATION: _payments,
}
"""By webhook field: a function that returns (subject, event, message)."""
FIELDS: Final = ("messages", *sorted(_READERS.keys() - {CONFIGURATION}))
"""Webhook fields that the app must be subscribed to; with `whatsapp_pay` also CONFIGURATION."""
