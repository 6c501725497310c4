"""Invoices and credit notes for the tests of how they are numbered and kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shop.invoice import Buyer, Invoice, InvoiceKind, InvoiceLine
from payments.shop.order_terms import Seller
from tests.builders import change_set

ISSUED: Final = int(datetime(2026, 11, 29, 6, 30, tzinfo=UTC).timestamp() * 1000)
APRIL: Final = int(datetime(2026, 3, 31, 18, 30, tzinfo=UTC).timestamp() * 1000)
ASHA: Final = Buyer("Asha", "4 MG Road 411001")
BILL: Final = Invoice(
    order_key="k-1-1",
    order_number="10001",
    kind=InvoiceKind.TAX_INVOICE,
    prefix="AN",
    dated=date(2026, 11, 29),
    issued_at=ISSUED,
    year_began_at=APRIL,
    seller=Seller("Annapurna Foods", "12 FC Road", "27ABCDE1234F1Z0", "regular"),
    state="27",
    language="en",
    lines=(InvoiceLine("Thali", "2106", 1, 500, 12_000, 286, 286),),
    buyer=ASHA,
)
NOTE: Final = replace(BILL, kind=InvoiceKind.CREDIT_NOTE)


def issuing(*documents: Invoice) -> Callable[[StepInput], ChangeSet]:
    """A step that issues these for each of its events, of an order of its customer's."""

    def advance(given: StepInput) -> ChangeSet:
        key = f"{given.conversation.id}-1"
        each = [replace(one, order_key=key) for one in documents]
        return change_set(given, invoices=each * len(given.events))

    return advance
