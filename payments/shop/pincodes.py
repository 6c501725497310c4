"""Indian pincodes: six digits of which the first is not 0, alone or as a range, and in a typed address."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator

from flows.document.shape import one_or_many
from flows.document.words import visible, with_ascii_digits

_CODE: Final = r"[1-9][0-9]{2} ?[0-9]{3}"
_RANGE: Final = re.compile(rf"({_CODE})(?:\s*[-–]\s*({_CODE}))?", re.ASCII)
_IN_TEXT: Final = re.compile(rf"(?<![0-9]){_CODE}(?![0-9])", re.ASCII)
_LONE: Final = re.compile(rf"(?:(?:pin ?code|pin|zip|पिन ?कोड|पिन)\b)?[ :.,-]*({_CODE})[ .,]*", re.IGNORECASE)
"""A text that is a pincode and nothing else but the word for it."""
_BLANK: Final = re.compile(r"[^\S\r\n]")
_PHONE: Final = re.compile(
    r"""(?<![0-9])(?:
        \+\ ?91[ -]?[0-9](?:[ -]?[0-9]){9}      # with the country's code, however it is grouped
      | 0?[6-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{4}   # a mobile number as 3-3-4,
      | 0?[6-9][0-9]{3}[ -][0-9]{3}[ -][0-9]{3}   # as 4-3-3,
      | 0?[6-9][0-9]{3}-[0-9]{6}                  # as 4-6; with a blank it may be a house and a pincode
      | 0[0-9]{4}[ -][0-9]{3}[ -]?[0-9]{3}        # a landline of a small town
    )(?![0-9])""",
    re.ASCII | re.VERBOSE,
)
"""Phone numbers in groups of digits that could be taken for a pincode."""

_PERHAPS_PHONE: Final = re.compile(r"(?<![0-9])[6-9][0-9]{3} [0-9]{6}(?![0-9])", re.ASCII)
"""A mobile number as 4-6, or a house number and a pincode."""


@dataclass(frozen=True, slots=True)
class PincodeRange:
    """The pincodes from `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, pincode: object) -> bool:
        return isinstance(pincode, int) and self.first <= pincode <= self.last


def pincode_range(value: Any) -> PincodeRange:
    """Return the range written as `411001-411030`, or `411045`. Raises ValueError if it is none."""
    match = None if isinstance(value, bool) else _RANGE.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"'{value}' is no pincode: write six digits, or a range as 411001-411030")
    first, last = (int(code.replace(" ", "")) for code in (match[1], match[2] or match[1]))
    if last < first:
        raise ValueError(f"'{value}' is upside down: write {last}-{first}")
    return PincodeRange(first, last)


_Range: TypeAlias = Annotated[PincodeRange, BeforeValidator(pincode_range)]
Pincodes: TypeAlias = Annotated[tuple[_Range, ...], BeforeValidator(one_or_many)]
"""One pincode or range, or a list of them."""


def pincode_of(address: str) -> str | None:
    """Return the last pincode in a typed address, as six ASCII digits, or None.

    Digits of every script count, and one blank may stand in the middle: `४११०३०`, `411 030`. Six digits of
    a longer number or of a phone number are no pincode. What may be the end of a phone number (`9812 345671`)
    is one only if the address has no other.
    """
    found = _found_in(_plain(address))
    return found[-1][0].replace(" ", "") if found else None


def lone_pincode(text: str) -> str | None:
    """Return the pincode if `text` is nothing else: `411001`, `pin code: 411 001`. None if it is."""
    found = _LONE.fullmatch(_plain(text).strip())
    return found[1].replace(" ", "") if found else None


def with_pincode(address: str, pincode: str) -> str:
    """Return `address` with `pincode` in place of its own, or behind it if it has none."""
    found = _found_in(plain := _plain(address))
    if not found:
        return f"{address.rstrip(' ,')}, {pincode}"
    return f"{plain[: found[-1].start()]}{pincode}{plain[found[-1].end() :]}"


def _plain(text: str) -> str:
    """Return `text` without what nobody sees, with ASCII digits, and with usual blanks."""
    return _BLANK.sub(" ", with_ascii_digits(visible(text)))


def _found_in(plain: str) -> list[re.Match[str]]:
    """Return the pincodes in a plain text. Phone numbers are blotted out, and places stay what they are."""
    text = _PHONE.sub(_blot, plain)
    return [*_IN_TEXT.finditer(_PERHAPS_PHONE.sub(_blot, text))] or [*_IN_TEXT.finditer(text)]


def _blot(match: re.Match[str]) -> str:
    return "|" * len(match[0])
