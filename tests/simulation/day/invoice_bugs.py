"""Planted bugs of invoices: numbers that come again, and documents that are too many or missing."""

import pytest

from payments.ledger import invoicing
from payments.shop.invoice_series import Chain
from storage.inbox import invoice_numbers


def numbers_of_lost_books_come_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoice_numbers, "_chain", lambda document, _: Chain(document.letters, document.year))


def goods_on_their_way_have_an_invoice_at_each_change(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoicing, "_LEFT", frozenset())


def what_is_taken_back_has_no_credit_note(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoicing, "_taken_back", lambda before, after: iter(()))
