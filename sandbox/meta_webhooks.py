"""Webhook bodies in Meta's format.

Source: Meta, WhatsApp Cloud API, "Webhooks" reference (messages, status, smb_message_echoes,
user_preferences), 2026.
"""

import json
from typing import Any

from sandbox.delivery import SignedEvent
from sandbox.people import Json, Person, ReceivedMessage
from sandbox.signing import sign


def signed(name: str, payload: Any, app_secret: str) -> SignedEvent:
    """Return `payload` as Meta posts it: compact JSON in ASCII, with escapes, signed with the app secret."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": f"sha256={sign(body, app_secret)}",
    }
    return SignedEvent(name, body, headers)


def envelope(account_id: str, value: Json, field: str = "messages") -> Json:
    """Return the envelope around one change of `field`."""
    change = {"value": {"messaging_product": "whatsapp", **value}, "field": field}
    return {"object": "whatsapp_business_account", "entry": [{"id": account_id, "changes": [change]}]}


def contact(person: Person) -> Json:
    """Return the contact of `person`, without the phone number if they hide it."""
    phone = {} if person.hides_phone else {"wa_id": person.wa_id}
    return {"profile": {"name": person.name}, **phone, "user_id": person.user_id}


def inbound(person: Person, wamid: str, at: int, message: Json) -> Json:
    """Return a message from `person`; `at` in milliseconds."""
    phone = {} if person.hides_phone else {"from": person.wa_id}
    head = {"from_user_id": person.user_id, "id": wamid, "timestamp": str(at // 1000)}
    return {**phone, **head, **message}


def echo(business: str, person: Person, wamid: str, at: int, text: str) -> Json:
    """Return a text that the owner wrote to `person` in the WhatsApp Business app; `at` in milliseconds."""
    head = {"from": business, "to": person.wa_id, "id": wamid, "timestamp": str(at // 1000)}
    return {**head, "type": "text", "text": {"body": text}}


def preference(person: Person, at: int, value: str) -> Json:
    """Return that `person` said `stop` or `resume` to offers; `at` in milliseconds."""
    who = {"wa_id": person.wa_id, "user_id": person.user_id}
    detail = f"User requested to {value} marketing messages"
    about = {"category": "marketing_messages", "value": value, "detail": detail}
    return {**who, **about, "timestamp": at // 1000}


def status(person: Person, message: ReceivedMessage, name: str, at: int, errors: list[Json]) -> Json:
    """Return a status of `message`; `at` in milliseconds, `errors` only for `failed`."""
    entry: Json = {"id": message.wamid, "status": name, "timestamp": str(at // 1000)}
    if not person.hides_phone:
        entry["recipient_id"] = person.wa_id
    if name != "failed" or person.hides_phone:
        entry["recipient_user_id"] = person.user_id
    if message.opaque is not None:
        entry["biz_opaque_callback_data"] = message.opaque
    if name == "sent":
        entry["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        }
    if errors:
        entry["errors"] = errors
    return entry
