"""The answer to an address form: its fields, as they were filled in, become one event.

The event's address is one line of at most `LONGEST` units, as a variable of the type `address` takes it.
"""

from collections.abc import Mapping
from typing import Final, Literal

from flows.document.errors import close
from flows.document.words import visible
from flows.engine.events import Received
from flows.engine.variables import Variable, parse
from flows.messages.address_form import ADDRESS
from flows.messages.limits import clip, shorten

PLACE: Final = ("house", "floor", "tower", "building", "address", "landmark", "city", "state")
"""Fields that make up the address, in the order in which they are read. The pincode follows them."""
FIELDS: Final = ("name", "phone", *PLACE, "pincode")
"""All fields of the form."""
LONGEST: Final = 300
"""Length of the address in UTF-16 code units. Of a longer one the middle is left out."""
_SHORT: Final = 100
"""Length of a name, a city and a state, in UTF-16 code units."""


def answer(form: Mapping[str, str]) -> Received | None:
    """Return the event of a filled-in form; None if no field of `PLACE` holds anything that people see.

    `form` has any of `FIELDS`. The event has `address`, `pincode` (six digits), `name`, `phone` (`+91…`),
    `city` and `state`; empty if the form has none, or none that is well formed.
    """
    line = {field: _line(form.get(field, "")) for field in FIELDS}
    place = [line[field] for field in PLACE if visible(line[field]).strip()]
    if not place:
        return None
    pincode, phone = _read("pincode", line["pincode"]), _read("phone", line["phone"])
    ending = pincode or line["pincode"]
    event = {
        "address": shorten(", ".join([*place, ending] if ending else place), LONGEST),
        "pincode": pincode,
        "phone": phone,
        **{field: clip(line[field], _SHORT) for field in ("name", "city", "state")},
    }
    return Received(ADDRESS, event)


def filled_in(form: Mapping[str, str]) -> Received:
    """Return the event of a form that a person wrote down by its fields.

    Raises ValueError, with words for that person, if there is no such field, or no address in it.
    """
    for field in form:
        if field not in FIELDS:
            mend = close(field, FIELDS) or f"there are {', '.join(FIELDS)}"
            raise ValueError(f"an address form has no field '{field}': {mend}")
    event = answer(form)
    if event is None:
        raise ValueError(f"the form holds no address: fill in one of {', '.join(PLACE)}")
    return event


def form_of(event: Mapping[str, str]) -> dict[str, str]:
    """Return a form whose answer is an event with these fields; its parts of the address are in one line."""
    kept = {
        field: event[field] for field in ("name", "phone", "city", "state", "pincode") if event.get(field)
    }
    address = event.get("address", "")
    for field in ("pincode", "state", "city"):
        address = address.removesuffix(kept.get(field, "")).removesuffix(", ")
    return {**kept, "address": address} if address else kept


def _line(text: str) -> str:
    """Return `text` in one line, without blanks and commas around it."""
    return " ".join(text.split()).strip(" ,")


def _read(kind: Literal["pincode", "phone"], text: str) -> str:
    value = parse(Variable(type=kind), text)
    return "" if value is None else str(value)
