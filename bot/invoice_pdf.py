"""Draw an invoice, a bill or a credit note as PDF, on A4.

One font has Latin letters, Devanagari and the rupee sign; other scripts are drawn as boxes. All text is
shaped as Devanagari, which leaves Latin as it is: a line that begins in Latin would be shaped as Latin, and
its Devanagari be unreadable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from babel.numbers import format_decimal

from bot.invoice_words import words
from payments.shop.invoice import Invoice, InvoiceLine, NumberedInvoice, sums
from payments.shop.states import named

_FONT: Final = "Noto Sans Devanagari"
_SMALL, _USUAL, _LARGE = 8, 9, 16
_BOLD: Final = 0.007
"""Millimetres of outline for each point of a bold letter: the font's own bold takes seconds to load."""
_LONGEST: Final = 400
"""Letters of a name in the table: a row must fit on a page."""
_RULE: Final = 200
"""Grey of the lines of a table."""


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    """A key of the words."""
    width: int
    """Millimetres."""
    left: bool = False


_TAXED_HERE: Final = (
    _Column("item", 59, left=True), _Column("hsn", 16, left=True), _Column("quantity", 13),
    _Column("rate", 14), _Column("taxable", 24), _Column("cgst", 20), _Column("sgst", 20),
    _Column("amount", 24),
)  # fmt: skip
_TAXED_ELSEWHERE: Final = (
    _Column("item", 74, left=True), _Column("hsn", 18, left=True), _Column("quantity", 14),
    _Column("rate", 15), _Column("taxable", 24), _Column("igst", 21), _Column("amount", 24),
)  # fmt: skip
_UNTAXED: Final = (
    _Column("item", 118, left=True), _Column("hsn", 22, left=True), _Column("quantity", 20),
    _Column("amount", 30),
)  # fmt: skip


def drawn(document: NumberedInvoice) -> bytes:
    """Return the PDF of the document. It takes about 0.2 seconds, so call it in a thread."""
    pdf, said = _sheet(document), words(document.invoice.language)
    _head(pdf, document, said)
    _parties(pdf, document.invoice, said)
    _table(pdf, document.invoice, said)
    _totals(pdf, document.invoice, said)
    _foot(pdf, document.invoice, said)
    return bytes(pdf.output())


def file_name(number: str) -> str:
    """Return the name of the file of the document with this number: `AN-26-27-000123.pdf`."""
    return f"{number.replace('/', '-')}.pdf"


def _sheet(document: NumberedInvoice) -> Any:
    # Imported here, because they take half a second that only who draws should wait.
    import fontpkg
    from fpdf import FPDF

    said = words(document.invoice.language)

    class Sheet(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(_FONT, size=_SMALL)
            self.set_text_color(110)
            self.cell(0, 5, document.number)
            self.set_x(self.l_margin)
            self.cell(0, 5, f"{said['page']} {self.page_no()} / {{nb}}", align="R")
            self.set_text_color(0)

    pdf = Sheet()
    pdf.add_font(_FONT, "", fontpkg.path(_FONT))
    pdf.set_text_shaping(use_shaping_engine=True, script="deva")
    pdf.set_auto_page_break(auto=True, margin=16)
    pdf.set_title(f"{document.invoice.kind} {document.number}")
    pdf.set_creation_date(datetime.combine(document.invoice.dated, time(), UTC))
    pdf.set_font(_FONT, size=_USUAL)
    pdf.set_draw_color(_RULE)
    pdf.add_page()
    return pdf


def _head(pdf: Any, document: NumberedInvoice, said: Mapping[str, str]) -> None:
    invoice, seller = document.invoice, document.invoice.seller
    _bold(pdf, seller.name, _LARGE, width=115)
    _line(pdf, seller.address, 115)
    if seller.gst:
        _line(pdf, f"{said['gstin']}: {seller.gst}", 115)
    if seller.fssai:
        _line(pdf, f"{said['fssai']}: {seller.fssai}", 115)
    below = pdf.get_y()
    pdf.set_xy(pdf.l_margin + 115, pdf.t_margin)
    _bold(pdf, said[invoice.kind], 12, width=75, align="R", at=pdf.l_margin + 115)
    for text in _facts(document, said):
        _line(pdf, text, 75, align="R", at=pdf.l_margin + 115)
    pdf.set_y(max(below, pdf.get_y()) + 3)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
    pdf.ln(3)


def _facts(document: NumberedInvoice, said: Mapping[str, str]) -> Iterator[str]:
    invoice = document.invoice
    yield f"{said['number']}: {document.number}"
    yield f"{said['date']}: {_day(invoice.dated)}"
    yield f"{said['order']}: #{invoice.order_number}"
    if document.against and document.against_dated:
        yield f"{said['against']}: {document.against}"
        yield f"{said['against_dated']} {_day(document.against_dated)}"
    if invoice.coupon and invoice.discount:
        yield f"{said['coupon']}: {invoice.coupon}"


def _parties(pdf: Any, invoice: Invoice, said: Mapping[str, str]) -> None:
    if invoice.buyer.name or invoice.buyer.address:
        _line(pdf, said["buyer"], grey=True)
        if invoice.buyer.name:
            _bold(pdf, invoice.buyer.name, _USUAL + 1)
        if invoice.buyer.address:
            _line(pdf, invoice.buyer.address)
        pdf.ln(1)
    if invoice.taxed:
        _line(pdf, f"{said['place']}: {named(invoice.state)}")
    pdf.ln(3)


def _table(pdf: Any, invoice: Invoice, said: Mapping[str, str]) -> None:
    columns = _columns(invoice)
    with pdf.table(
        col_widths=tuple(column.width for column in columns),
        text_align=tuple("LEFT" if column.left else "RIGHT" for column in columns),
        borders_layout="HORIZONTAL_LINES",
        line_height=5,
        padding=1,
        headings_style=_headings(),
    ) as table:
        heading = table.row()
        for column in columns:
            heading.cell(said[column.title])
        for cells in _cells(invoice, columns, said):
            row = table.row()
            for cell in cells:
                row.cell(cell)


def _headings() -> Any:
    from fpdf.fonts import FontFace

    return FontFace(emphasis="", fill_color=240)


def _columns(invoice: Invoice) -> tuple[_Column, ...]:
    if not invoice.taxed:
        return _UNTAXED
    elsewhere = invoice.state != invoice.seller.gst[:2]
    return _TAXED_ELSEWHERE if elsewhere else _TAXED_HERE


def _cells(invoice: Invoice, columns: tuple[_Column, ...], said: Mapping[str, str]) -> Iterator[list[str]]:
    for line in invoice.lines:
        found = {
            "item": _item(line, said),
            "hsn": line.hsn,
            "quantity": str(line.quantity) if line.quantity else "",
            "rate": f"{Decimal(line.rate).scaleb(-2).normalize():f}",
            "taxable": _amount(line.taxable),
            "cgst": _amount(line.cgst),
            "sgst": _amount(line.sgst),
            "igst": _amount(line.igst),
            "amount": _amount(line.amount),
        }
        yield [found[column.title] for column in columns]


def _item(line: InvoiceLine, said: Mapping[str, str]) -> str:
    """Return what a row is of and, below, what it cost before a discount and what was taken off."""
    name = said["Delivery"] if line.is_delivery else _cut(line.name)
    if not line.discount:
        return name
    price, discount = _amount(line.price), _amount(line.discount)
    return f"{name}\n{said['price']}: {price}\n{said['discount']}: {discount}"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _totals(pdf: Any, invoice: Invoice, said: Mapping[str, str]) -> None:
    # A total stands on one page with its parts.
    if pdf.will_page_break(42):
        pdf.add_page()
    pdf.ln(3)
    shown = {column.title for column in _columns(invoice)}
    if invoice.discount:
        _pair(pdf, said["price"], _amount(invoice.total + invoice.discount))
        _pair(pdf, said["discount"], f"-{_amount(invoice.discount)}")
    for name, amount in sums(invoice).items():
        if name in shown:
            _pair(pdf, said[name], _amount(amount))
    with pdf.local_context(text_mode="FILL_STROKE", line_width=12 * _BOLD, draw_color=0):
        pdf.set_font(_FONT, size=12)
        _pair(pdf, said["total"], f"₹{_amount(invoice.total)}", height=8)
    pdf.set_font(_FONT, size=_USUAL)


def _pair(pdf: Any, name: str, value: str, height: int = 5) -> None:
    pdf.set_x(pdf.w - pdf.r_margin - 90)
    pdf.cell(50, height, name, align="R")
    pdf.cell(40, height, value, align="R", new_x="LMARGIN", new_y="NEXT")


def _foot(pdf: Any, invoice: Invoice, said: Mapping[str, str]) -> None:
    pdf.ln(4)
    if invoice.seller.scheme == "composition":
        _line(pdf, said["composition"])
    if invoice.taxed:
        _line(pdf, said["reverse"], grey=True)
    _line(pdf, said["electronic"], grey=True)


def _line(
    pdf: Any, text: str, width: float = 0, *, align: str = "L", at: float | None = None, grey: bool = False
) -> None:
    pdf.set_x(pdf.l_margin if at is None else at)
    pdf.set_font(_FONT, size=_USUAL)
    pdf.set_text_color(110 if grey else 0)
    pdf.multi_cell(width, 5, text, align=align, new_x="LMARGIN", new_y="NEXT")
    pdf.set_text_color(0)


def _bold(
    pdf: Any, text: str, size: int, *, width: float = 0, align: str = "L", at: float | None = None
) -> None:
    with pdf.local_context(text_mode="FILL_STROKE", line_width=size * _BOLD, draw_color=0):
        pdf.set_font(_FONT, size=size)
        pdf.set_x(pdf.l_margin if at is None else at)
        pdf.multi_cell(width, size * 0.5, text, align=align, new_x="LMARGIN", new_y="NEXT")


def _amount(paise: int) -> str:
    """Return rupees with paise, in Indian groups: `1,23,456.00`."""
    return format_decimal(Decimal(paise).scaleb(-2), format="#,##,##0.00", locale="en_IN")


def _day(day: date) -> str:
    return f"{day:%d-%m-%Y}"
