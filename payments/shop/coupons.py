"""The shop's coupons: what each takes off, and when one cannot be used: `coupons:` of the flow file."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from flows.document.shape import Count, Spec, one_or_many
from flows.document.words import has_words, normalise
from payments.shop.local_time import Date
from payments.shop.money import Rupees, RupeesOrZero
from payments.shop.pricing import AmountOff, Discount, PercentOff

MAX_CODE: Final = 32
_QUOTES: Final = "“”„‘’«»"

CouponFault: TypeAlias = Literal["not yet", "over", "used", "used up", "not for these", "below minimum"]


def code_form(text: str) -> str:
    """Return the form in which codes are compared: without case, blanks, hyphens and other punctuation."""
    return normalise(text).replace(" ", "")


def _code(value: Any) -> str:
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not has_words(code_form(text)) or len(text) > MAX_CODE:
        raise ValueError(f"'{value}' is no code: write 1 to {MAX_CODE} characters, with a letter or a digit")
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise ValueError(f"the code {text} has quotation marks of a text program around it: leave them out")
    return text


class Coupon(Spec):
    """One coupon. It takes off `percent` of the goods that it is for, or `off` rupees of them."""

    code: Annotated[str, BeforeValidator(_code)]
    """As it is shown. Customers may type it in any case, with or without blanks and hyphens."""
    percent: Annotated[Count, Field(le=100)] | None = None
    """Percent of the goods that it takes off."""
    off: Rupees | None = None
    """Rupees that it takes off; kept in paise."""
    up_to: Rupees | None = None
    """Rupees that `percent` takes off at most; kept in paise."""
    minimum: RupeesOrZero = 0
    """Rupees of all goods, before the discount, below which it cannot be used; kept in paise."""
    from_: Annotated[Date | None, Field(alias="from")] = None
    """The first date, in the shop's time zone."""
    until: Date | None = None
    """The last date."""
    uses: Count | None = None
    """Orders of all customers."""
    per_customer: Count | None = None
    """Orders of one customer."""
    only: Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(one_or_many)] = ()
    """Ids of the categories that it is for. Without any, it is for all goods."""

    @model_validator(mode="after")
    def _takes_off_in_one_way(self) -> "Coupon":
        if (self.percent is None) == (self.off is None):
            raise ValueError(f"the coupon {self.code} needs either 'percent' or 'off'")
        if self.up_to is not None and self.percent is None:
            raise ValueError(f"'up_to' of the coupon {self.code} belongs to 'percent': remove it")
        if self.from_ and self.until and self.until < self.from_:
            raise ValueError(f"the coupon {self.code} ends before it starts: exchange 'from' and 'until'")
        return self

    @cached_property
    def form(self) -> str:
        """The form of its code in which it is compared."""
        return code_form(self.code)

    @property
    def discount(self) -> Discount:
        """What it takes off, for `price`."""
        if self.percent is not None:
            return PercentOff(self.percent, self.up_to)
        assert self.off is not None
        return AmountOff(self.off)

    def is_for(self, category: str | None) -> bool:
        """Whether it counts goods of this category (its id; None for goods without one)."""
        return not self.only or category in self.only


def _codes_differ(coupons: tuple[Coupon, ...]) -> tuple[Coupon, ...]:
    codes: dict[str, str] = {}
    for coupon in coupons:
        if coupon.form in codes:
            raise ValueError(f"'{codes[coupon.form]}' and '{coupon.code}' are the same code: remove one")
        codes[coupon.form] = coupon.code
    return coupons


Coupons: TypeAlias = Annotated[tuple[Coupon, ...], AfterValidator(_codes_differ)]
"""Coupons with different codes."""


def find(coupons: Sequence[Coupon], text: str) -> Coupon | None:
    """Return the coupon whose code somebody typed, or None if there is none."""
    form = code_form(text)
    return next((coupon for coupon in coupons if coupon.form == form), None)


def refusal(
    coupon: Coupon, today: date, goods: int, eligible: int, used_total: int, used_by_customer: int
) -> CouponFault | None:
    """Return why `coupon` cannot be used, or None if it can.

    `today` is a date in the shop's time zone; `goods` and `eligible` are paise before the discount, of all
    goods and of those that it is for. The first reason in this order is returned: `not yet`, `over`, `used`
    (by this customer), `used up` (by all), `not for these`, `below minimum`. What more goods can cure comes
    last, so that nobody buys more for a coupon that is refused all the same.
    """
    reasons: tuple[tuple[CouponFault, bool], ...] = (
        ("not yet", coupon.from_ is not None and today < coupon.from_),
        ("over", coupon.until is not None and today > coupon.until),
        ("used", coupon.per_customer is not None and used_by_customer >= coupon.per_customer),
        ("used up", coupon.uses is not None and used_total >= coupon.uses),
        ("not for these", eligible <= 0),
        ("below minimum", goods < coupon.minimum),
    )
    return next((reason for reason, holds in reasons if holds), None)
