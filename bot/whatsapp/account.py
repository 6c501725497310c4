"""What Meta says of the webhook's address and of the app's subscription to the account. Pure reading, total.

Sources: Meta, WhatsApp Business Platform, 2026:

- "Webhook overrides": `GET /<PHONE_NUMBER_ID>?fields=webhook_configuration` names the addresses of
  `phone_number`, `whatsapp_business_account` and `application`; a level without one is left out, and the
  first of the three that has one gets the messages. News of templates and of the account goes to the app's
  address, whatever the other two are.
- "Messaging and Calling Health Status": `GET /<PHONE_NUMBER_ID>?fields=health_status` lists `entities`; WABA,
  BUSINESS and APP are always among them, each with its `id`. So neither the account's id nor the app's has to
  be a setting, nor the token be put into a URL, which `debug_token` asks for (and a system user's token often
  has no `target_ids` there).
- "Flows API", field `health_status`: the entity APP has the note "Your app is not subscribed to the message
  webhook" in `additional_info`. It has no code, so the one word `webhook` is what is looked for.
- Graph API, WhatsApp Business Account, edge `subscribed_apps`: `data` lists the apps, each with its `id` and
  `name` in `whatsapp_business_api_data`; `paging.next` leads to more.
"""

from typing import NamedTuple
from urllib.parse import urlsplit

from bot.whatsapp.loose import Json, clipped, integer, items, mapping


class Addresses(NamedTuple):
    """Where Meta posts what happens, without query and password. None: nowhere that could be read."""

    messages: str | None
    """Messages, and what became of ours."""
    notices: str | None
    """News of templates, of the account and of the number's quality."""


class Health(NamedTuple):
    """Who takes part in a message of the number. None: not said."""

    account: str | None
    """The id of the WhatsApp business account; digits."""
    app: str | None
    """The id of the app whose token asked; digits."""
    complaints: tuple[str, ...]
    """Meta's words on a webhook field that the app lacks."""


def addresses(number: Json) -> Addresses:
    """Reads the answer to `fields=webhook_configuration`."""
    levels = mapping(number.get("webhook_configuration"))
    app = _address(levels.get("application"))
    own = _address(levels.get("phone_number")) or _address(levels.get("whatsapp_business_account"))
    return Addresses(own or app, app)


def health(number: Json) -> Health:
    """Reads the answer to `fields=health_status`."""
    entities = [mapping(one) for one in items(mapping(number.get("health_status")).get("entities"))]
    by_type = {kind: one for one in entities if isinstance(kind := one.get("entity_type"), str)}
    app = by_type.get("APP", {})
    notes = [note for note in map(clipped, items(app.get("additional_info"))) if note]
    complaints = tuple(note for note in notes if "webhook" in note.lower())
    return Health(_id(by_type.get("WABA", {}).get("id")), _id(app.get("id")), complaints)


def is_subscribed(answer: Json, app: str | None) -> bool | None:
    """Whether `app` is among the subscribed; None if the answer does not say, or `app` is not known."""
    apps = answer.get("data")
    if not isinstance(apps, list):
        return None
    ids = [_id(mapping(mapping(one).get("whatsapp_business_api_data")).get("id")) for one in apps]
    if app is not None and app in ids:
        return True
    if mapping(answer.get("paging")).get("next") or None in ids:
        return None
    return False if app is not None or not ids else None


def _id(value: object) -> str | None:
    """An id as Meta gives it: digits, as text or as a number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 30:
        return value
    number = integer(value)
    return str(number) if number is not None and number > 0 else None


def _address(value: object) -> str | None:
    """`value` if it is an address, without what may be a secret in it."""
    if not isinstance(value, str):
        return None
    try:
        url = urlsplit(value)
        port = f":{url.port}" if url.port is not None else ""
    except ValueError:
        return None
    return f"{url.scheme}://{url.hostname}{port}{url.path}" if url.scheme and url.hostname else None
