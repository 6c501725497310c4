"""Variables of a flow: what a customer may be asked for, and what counts as an answer."""

import re
from collections.abc import Callable
from typing import Annotated, Final, Literal, TypeAlias

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind: TypeAlias = Literal["text", "integer", "pincode", "email", "phone", "address"]

_EMAIL: Final = re.compile(
    r"[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}", re.ASCII
)
_PINCODE: Final = re.compile(r"[1-9][0-9]{5}", re.ASCII)
"""India Post: six digits, the first of them 1 to 9."""
_INTEGER: Final = re.compile(r"-?\d{1,18}")
"""Decimal digits of any script: `5`, `५`. `int` alone would also take `+5` and `1_0`."""
_DEFAULT_LENGTHS: Final[dict[str, tuple[int, int]]] = {"text": (1, 500), "address": (10, 300)}


class Variable(BaseModel):
    """A declared variable. `min` and `max` bound an integer's value or a text's length."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Kind = "text"
    min: Annotated[int | None, Field(description="smallest value, or shortest text")] = None
    max: Annotated[int | None, Field(description="largest value, or longest text")] = None
    default: str | int | None = None

    @model_validator(mode="after")
    def _can_be_given(self) -> "Variable":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("'min' is above 'max'")
        return self


def parse(variable: Variable, text: str) -> str | int | None:
    """The value that `text` gives `variable`; None if it isn't one."""
    return _PARSERS[variable.type](variable, text.strip())


def _text(variable: Variable, text: str) -> str | None:
    shortest, longest = _DEFAULT_LENGTHS[variable.type]
    low = shortest if variable.min is None else variable.min
    high = longest if variable.max is None else variable.max
    return text if low <= len(text) <= high else None


def _integer(variable: Variable, text: str) -> int | None:
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    if variable.min is not None and value < variable.min:
        return None
    return None if variable.max is not None and value > variable.max else value


def _pincode(variable: Variable, text: str) -> str | None:
    digits = text.replace(" ", "")
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


_PARSERS: Final[dict[Kind, Callable[[Variable, str], str | int | None]]] = {
    "text": _text,
    "address": _text,
    "integer": _integer,
    "pincode": _pincode,
    "email": _email,
    "phone": _phone,
}
