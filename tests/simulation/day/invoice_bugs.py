"""Planted bugs of invoices: numbers that come again, and documents that are too many or missing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from payments.ledger import bill_rows, invoicing
from payments.ledger.bill_rows import BillRow
from payments.shop.invoice_series import Chain
from payments.shop.pricing import Taxable, tax_rows
from storage.inbox import invoice_numbers


def numbers_of_lost_books_come_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoice_numbers, "_chain", lambda document, _: Chain(document.letters, document.year))


def goods_on_their_way_have_an_invoice_at_each_change(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoicing, "_LEFT", frozenset())


def what_is_taken_back_has_no_credit_note(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoicing, "_taken_back", lambda before, after: iter(()))


def each_credit_note_is_rounded_anew(patch: pytest.MonkeyPatch) -> None:
    taken_back = bill_rows.taken_back

    def rounded_anew(before: Sequence[BillRow], after: Sequence[BillRow]) -> Iterator[BillRow]:
        for row in taken_back(before, after):
            taxable = Taxable(row.tax.amount, 0, row.tax.rate)
            yield replace(row, tax=tax_rows([taxable], in_state=not row.tax.igst)[0])

    patch.setattr(invoicing, "taken_back", rounded_anew)
