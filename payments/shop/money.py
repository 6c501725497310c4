"""Money: amounts in whole paise, shown as rupees. No amount is ever a float."""

from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias

from babel.numbers import format_currency
from pydantic import BeforeValidator

MAX_PAISE: Final = 10**11
"""₹1,00,00,00,000 (100 crore). No price may be higher; the limit catches typing slips."""


def paise(rupees: Any) -> int:
    """Return the paise of an amount written in rupees (`180`, `249.50`, `"249.50"`).

    Raises ValueError if it is not a positive amount of whole paise, or is over MAX_PAISE.
    """
    amount = _whole_paise(rupees)
    if not 0 < amount <= MAX_PAISE:
        raise ValueError(f"{rupees} is not a price: it must be above 0 and at most ₹100 crore")
    return int(amount)


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
            f"{rupees!r} is not an amount in rupees: write for example 180 or 249.50, without ₹ or commas"
        )
    try:
        amount = Decimal(rupees) * 100
    except ArithmeticError:
        raise ValueError(
            f"'{rupees}' is not an amount in rupees: write for example 180 or 249.50, without ₹ or commas"
        ) from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError(f"{rupees} has parts of a paisa: write at most two decimals")
    return amount


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
