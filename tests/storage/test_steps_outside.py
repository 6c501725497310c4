"""What a step stores of invoices and of copies of orders, on every store."""

from dataclasses import replace
from datetime import date

from payments.ledger.mirrors import Concerned
from payments.processing.changes import Caused
from payments.shop.invoice import Buyer, Invoice, InvoiceKind, InvoiceLine
from payments.shop.order_terms import Seller
from tests.builders import change_set
from tests.storage.step_changes import changing
from tests.storage.step_stores import HI, StepStore


async def test_an_invoice_is_kept_as_it_was_issued(steps: StepStore) -> None:
    first, second = [await steps.arrive(*HI) for _ in range(2)]
    bill = Invoice(
        "k-1",
        "10001",
        InvoiceKind.TAX_INVOICE,
        "M",
        date(1970, 6, 1),
        steps.now,
        0,
        Seller("Annapurna", "Pune", "27ABCDE1234F1Z0", "regular", "11521998000123"),
        "29",
        "hi",
        (InvoiceLine("थाली", "2106", 2, 500, 25_200, igst=1200), InvoiceLine("Tea", "", 1, 0, 1)),
        Buyer("आशा", "4 MG Road"),
    )
    told = [Caused(first, bill), Caused(second, replace(bill, order_key="k-2"))]
    await steps.step(lambda given: replace(change_set(given), invoices=list(told)))
    assert await steps.invoices() == told


async def test_an_order_whose_copy_may_have_to_follow_waits_once(steps: StepStore) -> None:
    first, second = Concerned("k-1", is_new=True), Concerned("k-2", is_new=True)
    await steps.step(changing(mirrored=[first, second]), HI)
    assert await steps.mirrored() == {"k-1": False, "k-2": False}
    without_copy = Concerned("k-3", restock=True)
    await steps.step(changing(mirrored=[Concerned("k-1", restock=True), without_copy]), HI)
    assert await steps.mirrored() == {"k-1": True, "k-2": False}
