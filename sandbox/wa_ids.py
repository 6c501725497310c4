"""The `wa_id` of a phone number, which may be written in another way.

Mexico's mobile numbers once had a 1 after the country code, Argentina's have a 9 there abroad, and Brazil's
have had a 9 after the area code since 2012.
Source: Meta, WhatsApp Cloud API, "Send messages" (the `wa_id` of an answer may differ from the number given).
"""

from collections.abc import Iterable


def wa_id(number: str, known: Iterable[str]) -> str:
    """Return the id of `known` that is the same subscriber as `number`, or `number` itself."""
    known = tuple(known)
    if number in known:
        return number
    return next((id for id in known if _short(id) == _short(number)), number)


def _short(number: str) -> str:
    """Return `number` without the digit that is not always written."""
    if number.startswith("521") and len(number) == 13:
        return "52" + number[3:]
    if number.startswith("549") and len(number) == 13:
        return "54" + number[3:]
    if number.startswith("55") and len(number) == 13 and number[4] == "9":
        return number[:4] + number[5:]
    return number
