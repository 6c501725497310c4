"""Phone numbers as people write them, and as WhatsApp spells them. Pure.

WhatsApp knows some countries' numbers under a spelling of its own (a `wa_id`), which numbering plans call
invalid: Mexico's with a 1 after the country code, Argentina's with a 9 there, Brazil's without the 9 that
mobile numbers have had since 2012.

Source: Meta, WhatsApp Cloud API, "Send messages" (the `wa_id` of an answer may differ from the number given).
"""

import re
from typing import Final

import phonenumbers

_WRITTEN: Final = re.compile(r"\+?[0-9][0-9 ()./-]*")
_SPELLINGS: Final = tuple(
    (re.compile(one), other)
    for one, other in (
        (r"521(\d{10})", r"52\1"),
        (r"52(\d{10})", r"521\1"),
        (r"549(\d{10})", r"54\1"),
        (r"54(\d{10})", r"549\1"),
        (r"55(\d\d)9([6-9]\d{7})", r"55\1\2"),
        (r"55(\d\d)([6-9]\d{7})", r"55\g<1>9\2"),
    )
)


def spellings(written: str) -> list[str]:
    """The digits of `written`, country code first, and the other ways to spell them; none if it has letters.

    All of them are one subscriber.
    """
    if not _WRITTEN.fullmatch(written):
        return []
    number = re.sub("[^0-9]", "", written)
    others = (pattern.fullmatch(number) and pattern.sub(other, number) for pattern, other in _SPELLINGS)
    return [number, *(other for other in others if other)]


def valid(written: str, home: str | None = None) -> str:
    """The digits of `written`, country code first, if some country has such numbers.

    `home` is the country (`IN`) of a number without a country code; without `home` there is none of those.
    Raises ValueError, with words for who wrote it.
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
