"""What the law asks a shop to say of itself and of the tax in its prices: `legal:` and `gst:`."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from flows.document.shape import Spec
from payments.shop.order_terms import Seller
from payments.shop.pricing import GstRate
from payments.shop.products import Hsn

_GSTIN: Final = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]", re.ASCII)
"""State code, PAN, registration, `Z`, check character. Source: CGST Rules, rule 10."""

_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""In the order of their values, from 0 to 35, for the check character."""
LAST_STATE: Final = 38
"""The highest code of a state."""
UNREGISTERED_PREFIX: Final = "M"
"""The letters with which the numbers of bills begin of a shop that has no `gst`."""
_NO_STATES: Final = ("97", "99")
"""Codes of numbers outside the states: other territory, centre."""


def _gstin(value: Any) -> str:
    number = re.sub(r"[\s-]", "", str(value)).upper()
    if not _GSTIN.fullmatch(number):
        raise ValueError(f"'{value}' is no GST number: it has 15 characters, as in 27ABCDE1234F1Z0")
    if not 1 <= int(number[:2]) <= LAST_STATE and number[:2] not in _NO_STATES:
        raise ValueError(f"'{value}' is no GST number: no state has the code {number[:2]}")
    return number


def check_character(gstin: str) -> str:
    """Return the last character that belongs to the first 14 of `gstin`.

    The values are multiplied by 1 and 2 in turn; what the quotients and the remainders by 36 add up to, and
    the check character, make a multiple of 36. Source: GSTN's check-sum, as published validators of GSTINs
    have it; their example is 27AAPFU0939F1ZV.
    """
    products = (_CHARACTERS.index(one) * (1 + at % 2) for at, one in enumerate(gstin[:14]))
    return _CHARACTERS[-sum(sum(divmod(product, 36)) for product in products) % 36]


def _fssai(value: str) -> str:
    if not re.fullmatch(r"[0-9]{14}", value, re.ASCII):
        raise ValueError(f"'{value}' is no FSSAI licence: it has 14 digits; write them in quotes")
    return value


class Gst(Spec):
    """`gst:` of a shop that is registered."""

    number: Annotated[str, BeforeValidator(_gstin)]
    """The shop's GSTIN."""
    scheme: Literal["regular", "composition"] = "regular"
    """`composition`: bills show no tax."""
    rate: GstRate = 0
    """Percent, for products that have none of their own and whose category has none; kept in basis points."""
    hsn: Hsn = ""
    """For products that have none of their own and whose category has none."""
    prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,4}$")] = UNREGISTERED_PREFIX
    """The letters with which the numbers of invoices begin."""

    @property
    def state(self) -> str:
        """The code of the seller's state."""
        return self.number[:2]


class Legal(Spec):
    """`legal:`: who the seller is."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Name of who sells."""
    address: Annotated[str, Field(min_length=1, max_length=300)]
    """Address of who sells."""
    fssai: Annotated[str, AfterValidator(_fssai)] | None = None
    """Of a shop that sells food."""


def seller(legal: Legal | None, gst: Gst | None) -> Seller:
    """Return the seller as orders keep it."""
    return Seller(
        name=legal.name if legal else "",
        address=legal.address if legal else "",
        gst=gst.number if gst else "",
        scheme=gst.scheme if gst else "",
        fssai=(legal.fssai or "") if legal else "",
    )
