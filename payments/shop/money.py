"""Money: amounts in whole paise, shown as rupees. No amount is ever a float."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias

from babel.numbers import format_currency
from pydantic import BeforeValidator

from flows.document.words import visible, with_ascii_digits

MAX_PAISE: Final = 10**11
"""₹1,00,00,00,000 (100 crore). No price may be higher; the limit catches typing slips."""

_EXAMPLE: Final = "write for example 180 or 249.50, without ₹ or commas"
_UNIT: Final = r"(?:₹|rs\.?|inr|rupees?)"
_THREE_DECIMALS: Final = re.compile(r"[0-9]+\.[0-9]{2}0")
_AS_PEOPLE_WRITE: Final = re.compile(
    rf"{_UNIT}?\s*([0-9]+(?:(?:,[0-9]{{2,3}})*,[0-9]{{3}})?(?:\.[0-9]+)?)\s*{_UNIT}?\s*(?:/-|/=)?",
    re.IGNORECASE,
)


def paise(rupees: Any) -> int:
    """Return the paise of an amount written in rupees (`180`, `249.50`, `"249.50"`).

    Raises ValueError if it is not a positive amount of whole paise, or is over MAX_PAISE.
    """
    amount = _whole_paise(rupees)
    if not 0 < amount <= MAX_PAISE:
        raise ValueError(f"{rupees} is not a price: it must be above 0 and at most ₹100 crore")
    return int(amount)


def paise_as_written(said: str) -> int:
    """Return the paise of a sum as people write it: `180`, `₹1,700`, `150/-`.

    Raises ValueError as `paise` does, and for `1.750`: who writes a point between thousands means 1750.
    """
    digits = plain_digits(said)
    if digits is None and not _is_number(said):
        raise ValueError(f"'{said}' is not an amount in rupees: write for example 180, ₹1,700 or 249.50")
    if digits and _THREE_DECIMALS.fullmatch(digits):
        short = f"{Decimal(digits):f}".rstrip("0").rstrip(".")
        raise ValueError(
            f"'{said}' has three digits after the point: is it {digits.replace('.', '')} or {short}?"
        )
    return paise(digits or said)


def _is_number(said: str) -> bool:
    try:
        Decimal(said)
    except ArithmeticError:
        return False
    return True


def paise_or_zero(rupees: Any) -> int:
    """Return the paise of an amount in rupees that may be 0, as a fee. Raises ValueError as `paise` does."""
    amount = _whole_paise(rupees)
    if not 0 <= amount <= MAX_PAISE:
        raise ValueError(f"{rupees} is out of range: it must not be below 0, and at most ₹100 crore")
    return int(amount)


def _whole_paise(rupees: Any) -> Decimal:
    """The paise, of any size: `1e999990` is compared before it could become a million digits."""
    if isinstance(rupees, bool) or not isinstance(rupees, (int, str, Decimal)):
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueErrors
            f"{rupees!r} is not an amount in rupees: {_EXAMPLE}"
        )
    try:
        amount = Decimal(rupees) * 100
    except ArithmeticError:
        raise ValueError(f"'{rupees}' is not an amount in rupees: {_mend(str(rupees))}") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError(f"{rupees} has parts of a paisa: write at most two decimals")
    return amount


def _mend(written: str) -> str:
    """Say how an amount is written in a flow file that somebody wrote as `1,700`, `Rs 170` or `170/-`."""
    digits = plain_digits(written)
    if digits is None:
        return _EXAMPLE
    if digits == written.strip().replace(",", ""):
        return f"write {digits} without the comma"
    return f"write {digits}, the digits alone"


def plain_digits(written: str) -> str | None:
    """Return the digits of an amount as people write it: `1700` of `₹1,700/-`, `249.50` of `Rs. 249.50`.

    None if it is no such amount, or if its commas do not stand before three digits at the end, and before
    two or three elsewhere: `1,70` may mean 1.70.
    """
    found = _AS_PEOPLE_WRITE.fullmatch(with_ascii_digits(visible(written)).strip())
    return found[1].replace(",", "") if found else None


Rupees: TypeAlias = Annotated[int, BeforeValidator(paise)]
"""A price: written in rupees in the flow file, stored in paise."""
RupeesOrZero: TypeAlias = Annotated[int, BeforeValidator(paise_or_zero)]
"""A fee: as a price, but it may be 0."""


@lru_cache(maxsize=4096, typed=True)  # typed: else 1, 1.0 and True share an entry, and only 1 is money
def money(amount: int, locale: str = "en_IN") -> str:
    """Return `amount` paise as people read it: `₹500`, `₹249.50`, `₹1,23,456`.

    Whole rupees are shown without paise, as Indian shops write them. Raises TypeError if `amount` is no int.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"money is whole paise, not {amount!r}")
    shown = format_currency(Decimal(amount) / 100, "INR", locale=locale)
    return shown.removesuffix(".00")
