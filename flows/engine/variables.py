"""Variables of a flow: what a customer may be asked for, and which texts are a valid answer."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal, TypeAlias

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.document.words import is_invisible, visible, with_ascii_digits

Kind: TypeAlias = Literal["text", "integer", "pincode", "email", "phone", "address"]

_EMAIL: Final = re.compile(
    r"[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}", re.ASCII
)
_PINCODE: Final = re.compile(r"[1-9][0-9]{5}", re.ASCII)
"""Six digits, the first of them 1 to 9 (India Post)."""
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
"""Checked before `int`, which would also take `+5` and `1_0`."""
_BETWEEN_DIGITS: Final = re.compile(r"[\s\-‐‑–]+")
"""What people write between the digits of a PIN code: blanks of any width, hyphens, a dash."""
_SAID: Final[dict[str, str]] = {
    "pincode": "six digits",
    "email": "an e-mail address",
    "phone": "a phone number",
}
_DEFAULT_LENGTHS: Final[dict[str, tuple[int, int]]] = {"text": (1, 500), "address": (10, 500)}


class Variable(BaseModel):
    """A declared variable. `min` and `max` bound an integer's value or a text's length."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Kind = "text"
    """What may be answered: a text, a whole number, a PIN code, an e-mail address, a phone number or an
    address."""
    min: Annotated[int | None, Field(description="smallest value, or shortest text")] = None
    max: Annotated[int | None, Field(description="largest value, or longest text")] = None
    default: str | int | None = None
    """Its value before it is given one; without it, an empty text."""

    @model_validator(mode="after")
    def _has_ordered_bounds(self) -> "Variable":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("'min' is above 'max'")
        return self


def parse(variable: Variable, text: str) -> str | int | None:
    """Return the value that `text` gives `variable`; None if `text` is not valid for it.

    Invisible characters are dropped, and digits of every script become `0` to `9`. A `text` or an `address`
    is kept as it was written; its length is counted without invisible characters.
    """
    if variable.type in _DEFAULT_LENGTHS:
        return _text(variable, _trimmed(text))
    return _PARSERS[variable.type](variable, with_ascii_digits(visible(text)).strip())


def given(variable: Variable, value: object) -> str | int | None:
    """Return what a value that is written out gives `variable`; None if it is not valid for it.

    An empty text takes the value of a variable away that is no number: it is empty again, as at the start.
    """
    return "" if value == "" and variable.type != "integer" else parse(variable, str(value))


def default_of(variable: Variable) -> str | int:
    """Return the value of `variable` before it is given one: `5` for `default: "5"` of a whole number."""
    if variable.default is None:
        return ""
    value = given(variable, variable.default)
    return variable.default if value is None else value


def taken(variable: Variable) -> str:
    """Say what `variable` takes: `a whole number from 1 to 9`."""
    if variable.type in _DEFAULT_LENGTHS:
        shortest, longest = _DEFAULT_LENGTHS[variable.type]
        low = shortest if variable.min is None else variable.min
        return f"{low} to {longest if variable.max is None else variable.max} characters"
    if variable.type != "integer":
        return _SAID[variable.type]
    low_end = "" if variable.min is None else f" from {variable.min}"
    return f"a whole number{low_end}{'' if variable.max is None else f' up to {variable.max}'}"


def _trimmed(text: str) -> str:
    """Return `text` without the blanks and invisible characters around it."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    visible_end = end
    while visible_end > start and _is_blank(text[visible_end - 1]):
        visible_end -= 1
    # Keep what directly follows the last visible character: an emoji may end in a variation selector.
    while visible_end < end and not text[visible_end].isspace():
        visible_end += 1
    return text[start:visible_end]


def _is_blank(character: str) -> bool:
    return character.isspace() or is_invisible(character)


def _text(variable: Variable, text: str) -> str | None:
    shortest, longest = _DEFAULT_LENGTHS[variable.type]
    low = shortest if variable.min is None else variable.min
    high = longest if variable.max is None else variable.max
    return text if low <= len(visible(text)) <= high else None


def _integer(variable: Variable, text: str) -> int | None:
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    if variable.min is not None and value < variable.min:
        return None
    return None if variable.max is not None and value > variable.max else value


def _pincode(variable: Variable, text: str) -> str | None:
    digits = _BETWEEN_DIGITS.sub("", text)
    return digits if _PINCODE.fullmatch(digits) else None


def _email(variable: Variable, text: str) -> str | None:
    return text if _EMAIL.fullmatch(text) else None


def _phone(variable: Variable, text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "IN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_PARSERS: Final[Mapping[Kind, Callable[[Variable, str], str | int | None]]] = {
    "integer": _integer,
    "pincode": _pincode,
    "email": _email,
    "phone": _phone,
}
