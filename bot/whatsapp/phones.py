"""Converts phone numbers between the ways in which people and WhatsApp spell them. Pure.

WhatsApp spells numbers of some countries in its own way (a `wa_id`), which numbering plans call invalid:
Mexico's with a 1 after the country code, Argentina's with a 9 there, Brazil's without the 9 that mobile
numbers have had since 2012.

Source: Meta, WhatsApp Cloud API, "Send messages" (the `wa_id` of an answer may differ from the number given).
"""

import re
from typing import Final

import phonenumbers

_WRITTEN: Final = re.compile(r"\+?[0-9][0-9 ()./-]*")
_HOME: Final = "IN"
"""Country of a phone number without a country code: the shop counts in rupees."""
_SPELLINGS: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"521(\d{10})", r"52\1"),
        (r"52(\d{10})", r"521\1"),
        (r"549(\d{10})", r"54\1"),
        (r"54(\d{10})", r"549\1"),
        (r"55(\d\d)9([6-9]\d{7})", r"55\1\2"),
        (r"55(\d\d)([6-9]\d{7})", r"55\g<1>9\2"),
    )
)


def spellings(written: str) -> list[str]:
    """Return the digits of `written`, country code first, and their other spellings; none if it has letters.

    All of them belong to one subscriber.
    """
    if not _WRITTEN.fullmatch(written):
        return []
    number = re.sub("[^0-9]", "", written)
    others = (pattern.fullmatch(number) and pattern.sub(to, number) for pattern, to in _SPELLINGS)
    return [number, *(other for other in others if other)]


def valid(written: str, home: str | None = None) -> str:
    """Return the digits of `written`, country code first, if some country has such numbers.

    `home` is the country (`IN`) of a number without a country code; without `home` such a number is refused.
    Raises ValueError with a message for the person who wrote it.
    """
    if not _WRITTEN.fullmatch(written):
        raise ValueError("not a phone number: write it with its country code, like 919800000001")
    if home is None and len(written) == 10 and written.isdecimal():
        raise ValueError("has no country code: write it like 919800000001, or with a plus in front")
    try:
        number = phonenumbers.parse(written if home or written.startswith("+") else f"+{written}", home)
    except phonenumbers.NumberParseException:
        number = phonenumbers.PhoneNumber()
    if not phonenumbers.is_valid_number(number):
        raise ValueError("not a phone number: check its digits, and its country code, like 919800000001")
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def meant(words: str) -> list[str]:
    """Return the phone numbers that `words` may mean, as WhatsApp spells them: digits, country code first."""
    numbers = set(spellings(words))
    for written in ("+" + words.lstrip("+0"), words):
        try:
            numbers |= set(spellings(valid(written, _HOME)))
        except ValueError:
            continue
    return sorted(numbers)
