"""WhatsApp's address form for India: who may get it, what it asks for, and how its answer is read.

Source: Meta, WhatsApp Cloud API, "Address messages", 2026.
"""

from collections.abc import Mapping
from typing import Final

from bot.whatsapp.loose import Json, line, mapping
from flows.engine import address
from flows.engine.events import Received
from flows.messages.address_form import COUNTRY

NAME: Final = "address_message"
"""What Meta calls the form, both when it is sent and when it comes back."""
FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "phone": "phone_number",
    "house": "house_number",
    "floor": "floor_number",
    "tower": "tower_number",
    "building": "building_name",
    "address": "address",
    "landmark": "landmark_area",
    "city": "city",
    "state": "state",
    "pincode": "in_pin_code",
}
"""Meta's name of each of `flows.engine.address.FIELDS`."""
_INDIA: Final = "91"


def may_get(phone: str | None, bsuid: str | None) -> bool:
    """Whether the form may be sent to this customer: only Indian numbers get it.

    The business-scoped user id of a customer who hides their number begins with their country.
    """
    return phone.startswith(_INDIA) if phone else bool(bsuid and bsuid.startswith(f"{COUNTRY}."))


def answer(response: Json) -> Received | None:
    """Return the event of a form that came back; None if no address can be read from it.

    The fields are under `values`; some versions have them in the response itself.
    """
    given = {**response, **mapping(response.get("values"))}
    return address.answer({field: line(given.get(key)) for field, key in FIELDS.items()})
