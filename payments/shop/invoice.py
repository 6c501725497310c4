"""Invoices, bills of supply and credit notes: what each says. Values only; all money is in paise.

An invoice says what the order was when its goods left. A credit note says what was taken back afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from payments.shop.order_terms import Seller

LONGEST_NUMBER: Final = 16
"""Maximum characters of a number. Source: CGST Rules, rule 46(b)."""
NAMES_BUYER: Final = 5_000_000
"""Paise from which an invoice must name the buyer, who is not registered. Source: rule 46(e)."""
_YEAR_BEGINS: Final = 4
"""April, the first month of a financial year."""


class InvoiceKind(StrEnum):
    """What a document is, by law."""

    TAX_INVOICE = "tax invoice"
    BILL_OF_SUPPLY = "bill of supply"
    """Of a shop under the composition scheme: it shows no tax. Source: rule 49."""
    BILL = "bill"
    """Of a shop that is not registered: it may show no tax. Source: CGST Act, s. 32."""
    CREDIT_NOTE = "credit note"
    """What was taken back of an earlier document. Source: rule 53(1A)."""


_LETTER: Final = {
    InvoiceKind.TAX_INVOICE: "",
    InvoiceKind.BILL_OF_SUPPLY: "B",
    InvoiceKind.BILL: "B",
    InvoiceKind.CREDIT_NOTE: "C",
}


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One row: pieces of a product, the delivery, or a part of a price that was taken back."""

    name: str
    hsn: str
    quantity: int
    """Pieces; 0 if the row is not of pieces."""
    rate: int
    """Basis points; 0 where no tax is shown."""
    amount: int
    """What is paid for it, tax inside."""
    cgst: int = 0
    sgst: int = 0
    igst: int = 0
    is_delivery: bool = False
    discount: int = 0
    """Paise, tax inside, that were taken off before it was sold. Source: CGST Act, s. 15(3)(a)."""

    @property
    def price(self) -> int:
        """Paise before the discount, tax inside."""
        return self.amount + self.discount

    @property
    def taxable(self) -> int:
        """Paise without the tax."""
        return self.amount - self.cgst - self.sgst - self.igst


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought. It is the customer's own data."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A document, as it was issued; its number is given when it is stored."""

    order_key: str
    order_number: str
    kind: InvoiceKind
    prefix: str
    """The letters with which the shop's numbers begin."""
    dated: date
    """In the shop's time zone."""
    issued_at: int
    """Milliseconds since 1970, UTC."""
    year_began_at: int
    """When its financial year began in the shop's time zone, in milliseconds since 1970, UTC."""
    seller: Seller
    state: str
    """GST code of the place of supply; empty if the shop is not registered."""
    language: str
    lines: tuple[InvoiceLine, ...]
    buyer: Buyer = Buyer()
    coupon: str = ""
    """The code of the coupon with which it was ordered; empty without one, and of a credit note."""

    @property
    def series(self) -> str:
        """The letters of the series in which it is numbered."""
        return self.prefix + _LETTER[self.kind]

    @property
    def total(self) -> int:
        """Paise that are paid, or given back by a credit note."""
        return sum(line.amount for line in self.lines)

    @property
    def discount(self) -> int:
        """Paise that were taken off before it was sold, tax inside."""
        return sum(line.discount for line in self.lines)

    @property
    def taxed(self) -> bool:
        """Whether it shows tax."""
        return bool(self.seller.gst) and self.seller.scheme != "composition"


@dataclass(frozen=True, slots=True)
class NumberedInvoice:
    """A document with its number, as people read it."""

    number: str
    invoice: Invoice
    against: str = ""
    """Of a credit note: the number of the document of which it takes back."""
    against_dated: date | None = None
    caused_by: int = 0
    """Number of the event that issued it."""


def chosen(documents: Sequence[NumberedInvoice], number: str) -> NumberedInvoice | None:
    """Return the document of an order with this number; without one, its newest that is no credit note.

    None if there is none.
    """
    if number:
        return next((one for one in documents if one.number == number), None)
    billed = (one for one in reversed(documents) if one.invoice.kind is not InvoiceKind.CREDIT_NOTE)
    return next(billed, None)


def credit_note_by(documents: Sequence[NumberedInvoice], event: int) -> NumberedInvoice | None:
    """Return the credit note that the event of this number issued for an order; None if it issued none."""
    credit_notes = (one for one in documents if one.invoice.kind is InvoiceKind.CREDIT_NOTE)
    return next((one for one in credit_notes if one.caused_by == event), None)


def sums(invoice: Invoice) -> dict[str, int]:
    """Return the sums of the document in paise: taxable value, each tax, total."""
    names = ("taxable", "cgst", "sgst", "igst")
    found = {name: sum(getattr(line, name) for line in invoice.lines) for name in names}
    return found | {"total": invoice.total}


def year_start(day: date) -> date:
    """Return the first day of the financial year of `day`: a first of April."""
    return date(day.year if day.month >= _YEAR_BEGINS else day.year - 1, _YEAR_BEGINS, 1)


def year_name(day: date) -> str:
    """Return the financial year of `day` as numbers show it: `26-27`."""
    first = year_start(day).year
    return f"{first % 100:02}-{(first + 1) % 100:02}"


def to_json(invoice: Invoice) -> dict[str, Any]:
    """Return a JSON-ready dict of the document without its buyer. Inverse of `from_json`."""
    found = asdict(invoice)
    del found["buyer"]
    return found | {"dated": invoice.dated.isoformat(), "kind": str(invoice.kind)}


def from_json(value: Mapping[str, Any], buyer: Buyer) -> Invoice:
    """Return the document that `to_json` wrote, with its buyer. Raises TypeError or ValueError if none is."""
    own = {
        "kind": InvoiceKind(value["kind"]),
        "dated": date.fromisoformat(value["dated"]),
        "seller": Seller(**value["seller"]),
        "lines": tuple(InvoiceLine(**line) for line in value["lines"]),
        "buyer": buyer,
    }
    return Invoice(**{**value, **own})
