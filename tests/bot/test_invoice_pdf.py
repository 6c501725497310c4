"""What is read from the PDF of an invoice is what the invoice says."""

import re
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pypdfium2
import pytest

from bot.invoice_pdf import drawn, file_name
from bot.invoice_words import _WORDS
from payments.shop.invoice import Buyer, Invoice, InvoiceKind, InvoiceLine, NumberedInvoice, sums
from payments.shop.legal import LAST_STATE
from payments.shop.states import STATES
from tests.storage.issued_invoices import BILL

LONG: Final = "विद्यार्थी स्पेशल मसाला चाय और क्षत्रिय थाली, Assorted gift box with a very long name"


def pages(invoice: Invoice, **rest: Any) -> list[str]:
    pdf = pypdfium2.PdfDocument(drawn(NumberedInvoice("AN/26-27/000123", invoice, **rest)))
    found = [page.get_textpage().get_text_bounded() for page in pdf]
    pdf.close()
    return found


def amounts(text: str) -> list[str]:
    return re.findall(r"[0-9,]+\.[0-9]{2}", text)


def rupees(paise: int) -> str:
    """By another road than the drawing: groups of two, but for the last of three."""
    whole, part = divmod(paise, 100)
    rest, last = divmod(whole, 1000)
    groups: list[str] = [f"{last:03}" if rest else str(last)]
    while rest:
        rest, two = divmod(rest, 100)
        groups.insert(0, f"{two:02}" if rest else str(two))
    return f"{','.join(groups)}.{part:02}"


@pytest.mark.parametrize("language", ["en", "hi", "ta"])
@pytest.mark.parametrize("state", ["27", "29"])
def test_the_numbers_are_those_of_the_invoice(language: str, state: str) -> None:
    taxes: dict[str, Any] = {"igst": 1_883_210} if state == "29" else {"cgst": 941_605, "sgst": 941_605}
    lines = (
        InvoiceLine("Kaju katli", "2106", 3, 1800, 12_345_600, **taxes),
        InvoiceLine("काजू कतली", "2106", 1, 0, 26_050),
        InvoiceLine("Delivery", "", 0, 0, 4000, is_delivery=True),
    )
    invoice = replace(BILL, language=language, state=state, lines=lines)
    [text] = pages(invoice)
    shown = ("taxable", *taxes, "amount")
    rows = [getattr(line, name) for line in lines for name in shown]
    totals = [sums(invoice)[name] for name in shown[:-1]] + [invoice.total]
    assert sorted(amounts(text)) == sorted(map(rupees, rows + totals))
    assert "1,23,456.00" in text
    assert f"₹{rupees(invoice.total)}" in text
    for part in ("AN/26-27/000123", "27ABCDE1234F1Z0", "Annapurna Foods", "काजू कतली", "Asha", "29-11-2026"):
        assert part in text, part


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("gst", ["27ABCDE1234F1Z0", ""])
def test_a_discount_is_shown_in_its_row_and_in_the_sums(language: str, gst: str) -> None:
    taxes: dict[str, Any] = {"rate": 500, "cgst": 193, "sgst": 193} if gst else {"rate": 0}
    sold = InvoiceLine("Masala chivda", "2106", 1, amount=8100, discount=900, **taxes)
    seller = replace(BILL.seller, gst=gst)
    [text] = pages(replace(BILL, language=language, seller=seller, lines=(sold,), coupon="DIWALI10"))
    assert [amounts(text).count(one) for one in ("90.00", "9.00", "81.00")] == [2, 2, 2]
    assert "-9.00" in text
    assert ("77.14" in text) is bool(gst)
    assert "DIWALI10" in text


def test_without_a_discount_none_is_spoken_of() -> None:
    [text] = pages(replace(BILL, coupon="DIWALI10"))
    assert not re.search("iscount|DIWALI10", text)


def test_a_row_of_one_paisa_may_take_back_two_of_tax() -> None:
    line = InvoiceLine("Thali", "2106", 1, 1800, 1, 1, 1)
    [text] = pages(replace(BILL, kind=InvoiceKind.CREDIT_NOTE, lines=(line,)))
    assert "-0.01 0.01 0.01 0.01" in text


def test_whoever_has_a_name_without_an_end_gets_a_document() -> None:
    for endless in ("x" * 10_000, "विद्यार्थी " * 1000, "W W " * 2500):
        line = replace(BILL.lines[0], name=endless, discount=100)
        [text] = pages(replace(BILL, lines=(line,)))
        assert "…" in text
        assert "120.00" in text
        seller, buyer = replace(BILL.seller, name=endless, address=endless), Buyer(endless, endless)
        more = pages(replace(BILL, seller=seller, buyer=buyer))
        assert "120.00" in more[-1]


def test_forty_lines_with_long_names_are_all_there() -> None:
    lines = tuple(InvoiceLine(f"{n} {LONG}", "2106", n, 500, 10_000 + n) for n in range(40))
    first, *more = pages(replace(BILL, lines=lines))
    assert more
    text = first + "".join(more)
    assert [n for n in range(40) if f"{rupees(10_000 + n)}" not in text] == []
    assert "Description" in more[0], "the heading is repeated"
    assert len(re.findall("Assorted", text)) == 40


def test_a_name_without_a_space_is_broken_and_not_cut() -> None:
    [text] = pages(replace(BILL, lines=(replace(BILL.lines[0], name="x" * 200),)))
    assert text.count("x") >= 200


def test_a_credit_note_names_what_it_takes_back_of() -> None:
    note = replace(BILL, kind=InvoiceKind.CREDIT_NOTE)
    [text] = pages(note, against="AN/26-27/000007", against_dated=date(2026, 11, 28))
    assert "Credit note" in text
    assert "AN/26-27/000007" in text
    assert "28-11-2026" in text


def test_a_bill_of_supply_shows_no_tax_and_its_legend() -> None:
    seller = replace(BILL.seller, scheme="composition", fssai="11521998000123")
    line = InvoiceLine("Thali", "2106", 1, 0, 12_000)
    [text] = pages(replace(BILL, kind=InvoiceKind.BILL_OF_SUPPLY, seller=seller, lines=(line,)))
    assert "not eligible to collect tax on supplies" in text
    assert "11521998000123" in text
    assert not re.search("CGST|SGST|IGST|Taxable", text)


def test_who_is_forgotten_is_not_named() -> None:
    [text] = pages(replace(BILL, buyer=Buyer()))
    assert "Bill to" not in text
    assert "Asha" not in text


def test_it_is_drawn_the_same_again() -> None:
    assert drawn(NumberedInvoice("A/26-27/1", BILL)) == drawn(NumberedInvoice("A/26-27/1", BILL))


def test_each_language_has_all_words() -> None:
    assert {language: set(words) for language, words in _WORDS.items()} == {
        language: set(_WORDS["en"]) for language in _WORDS
    }
    assert {str(kind) for kind in InvoiceKind} <= set(_WORDS["en"])


def test_states_have_names() -> None:
    gone = {"25", "28"}  # merged into 26, and 28 was Andhra Pradesh before 2014
    assert set(STATES) == {f"{code:02}" for code in range(1, LAST_STATE + 1)} - gone


def test_a_file_is_named_after_the_number() -> None:
    assert file_name("AN/26-27/000123") == "AN-26-27-000123.pdf"
