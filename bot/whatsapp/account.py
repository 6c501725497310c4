"""Reads Meta's answers about the webhook's address and the app's subscription. Pure; raises nothing.

Sources: Meta, WhatsApp Business Platform, 2026:

- "Webhook overrides": `GET /<PHONE_NUMBER_ID>?fields=webhook_configuration` names the addresses of
  `phone_number`, `whatsapp_business_account` and `application`. A level without an address is left out, and
  the first of the three that has one gets the messages. News of templates and of the account goes to the
  app's address, whatever the other two are.
- "Messaging and Calling Health Status": `GET /<PHONE_NUMBER_ID>?fields=health_status` lists `entities`; WABA,
  BUSINESS and APP are always among them, each with its `id`. So the ids of the account and the app need not
  be settings, and the token is not put into a URL, as `debug_token` requires (where a system user's token
  often has no `target_ids`).
- "Flows API", field `health_status`: the entity APP has the note "Your app is not subscribed to the message
  webhook" in `additional_info`. It has no code, so we search for the word `webhook`.
- Graph API, WhatsApp Business Account, edge `subscribed_apps`: `data` lists the apps, each with its `id` and
  `name` in `whatsapp_business_api_data`; `paging.next` leads to more.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

from bot.whatsapp.loose import Json, clipped, integer, items, mapping


class Addresses(NamedTuple):
    """Addresses that Meta posts webhooks to, without query and password. None: no readable address."""

    messages: str | None
    """For messages and for statuses of ours."""
    notices: str | None
    """For news of templates, of the account and of the number's quality."""


class Health(NamedTuple):
    """The account and the app behind our number. None: Meta does not say."""

    account: str | None
    """The id of the WhatsApp business account; digits."""
    app: str | None
    """The id of the app whose token asked; digits."""
    complaints: tuple[str, ...]
    """Meta's notes about a webhook field that the app is not subscribed to."""


def addresses(number: Json) -> Addresses:
    """Read the answer to `fields=webhook_configuration`."""
    levels = mapping(number.get("webhook_configuration"))
    app = _address(levels.get("application"))
    own = _address(levels.get("phone_number")) or _address(levels.get("whatsapp_business_account"))
    return Addresses(own or app, app)


def health(number: Json) -> Health:
    """Read the answer to `fields=health_status`."""
    entities = [mapping(entity) for entity in items(mapping(number.get("health_status")).get("entities"))]
    by_type = {kind: entity for entity in entities if isinstance(kind := entity.get("entity_type"), str)}
    app = by_type.get("APP", {})
    notes = [note for note in map(clipped, items(app.get("additional_info"))) if note]
    complaints = tuple(note for note in notes if "webhook" in note.lower())
    return Health(_id(by_type.get("WABA", {}).get("id")), _id(app.get("id")), complaints)


def is_subscribed(answer: Json, app: str | None) -> bool | None:
    """Return whether `app` is subscribed; None if the answer does not say, or `app` is not known."""
    apps = answer.get("data")
    if not isinstance(apps, list):
        return None
    ids = [_id(mapping(mapping(entry).get("whatsapp_business_api_data")).get("id")) for entry in apps]
    if app is not None and app in ids:
        return True
    if mapping(answer.get("paging")).get("next") or None in ids:
        return None
    return False if app is not None or not ids else None


def _id(value: object) -> str | None:
    """Return an id that Meta gave as text or as a number: digits. None if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 30:
        return value
    number = integer(value)
    return str(number) if number is not None and number > 0 else None


def _address(value: object) -> str | None:
    """Return `value` if it is a URL, without the parts that may hold a secret."""
    if not isinstance(value, str):
        return None
    try:
        url = urlsplit(value)
        port = f":{url.port}" if url.port is not None else ""
    except ValueError:
        return None
    return f"{url.scheme}://{url.hostname}{port}{url.path}" if url.scheme and url.hostname else None
