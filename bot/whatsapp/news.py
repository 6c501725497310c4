"""Parses news about customers beside their messages: what the owner wrote to them, who wants no offers.

Pure; raises nothing.

Source: Meta, WhatsApp Cloud API, "Webhooks reference": smb_message_echoes (a business that uses the WhatsApp
Business app and the API on one number) and user_preferences, 2026.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson

from bot.whatsapp.identity import Alias, aliases_of
from bot.whatsapp.loose import Json, identifier, items, mapping

ECHOES: Final = "smb_message_echoes"
PREFERENCES: Final = "user_preferences"
LISTS: Final = {ECHOES: "message_echoes", PREFERENCES: "user_preferences"}
"""The key of the list in each field."""
_STOPPED: Final = "stop"


@dataclass(frozen=True, slots=True)
class Echo:
    """A message that the owner wrote to a customer in the WhatsApp Business app."""

    key: str
    phone_number_id: str | None
    customer: tuple[Alias, ...]
    fragment: Json


@dataclass(frozen=True, slots=True)
class Preference:
    """A customer stopped offers in WhatsApp's settings, or allowed them again."""

    key: str
    phone_number_id: str | None
    customer: tuple[Alias, ...]
    stopped: bool
    fragment: Json


def echoes(value: Json) -> Iterator[Echo | None]:
    """Yield each message in a change of the field `smb_message_echoes`; None for one that cannot be read."""
    for item in items(value.get("message_echoes")):
        fields = mapping(item)
        id = identifier(fields.get("id"))
        customer = aliases_of((fields.get("to_user_id"),), (fields.get("to"),))
        if id is not None and customer:
            fragment = {"metadata": value.get("metadata"), "message_echoes": [item]}
            yield Echo(f"echo:{id}", _number(value), customer, fragment)
        else:
            yield None


def preferences(value: Json) -> Iterator[Preference | None]:
    """Yield each preference in a change of the field `user_preferences`; None for one that cannot be read."""
    for item in items(value.get("user_preferences")):
        fields = mapping(item)
        customer = aliases_of((fields.get("user_id"),), (fields.get("wa_id"),))
        if fields.get("category") == "marketing_messages" and customer:
            fragment = {"metadata": value.get("metadata"), "user_preferences": [item]}
            digest = sha256(orjson.dumps(fragment, option=orjson.OPT_SORT_KEYS)).hexdigest()
            stopped = fields.get("value") == _STOPPED
            yield Preference(f"preference:{digest}", _number(value), customer, stopped, fragment)
        else:
            yield None


def _number(value: Json) -> str | None:
    return identifier(mapping(value.get("metadata")).get("phone_number_id"))
