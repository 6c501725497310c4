"""The rows of a sheet of products in CSV. Each row that can't be read is told with its line. Pure."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from flows.document.errors import close
from flows.document.words import normalise, visible, with_ascii_digits
from flows.messages import urls
from payments.shop.cut_prices import CutPrice, cut_price, doubted
from payments.shop.money import paise_as_written

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("product", "item", "product name", "item name", "particulars", "नाम"),
    "price": ("rate", "mrp", "selling price", "price in rupees", "दाम", "कीमत", "मूल्य"),
    "category": ("shelf", "group", "section"),
    "variant": ("size", "pack", "pack size", "weight"),
    "photo": ("image", "picture", "image link"),
    "stock": ("left", "pieces", "in stock"),
    "sku": ("code", "item code", "product code"),
    "hindi name": ("name hindi", "name hi", "name in hindi"),
    "hindi category": ("category hindi", "category hi", "category in hindi"),
    "hindi variant": ("variant hindi", "variant hi", "variant in hindi"),
}
"""The columns that are read, each with other words for it. `name` and `price` are needed."""
_OURS: Final = {normalise(other): name for name, others in COLUMNS.items() for other in (name, *others)}
_MRP: Final = "mrp"
"""What is printed on a packet: the price only of a sheet that has no other."""
_BRACKETS: Final = re.compile(r"\(.*?\)|\[.*?\]")
_CURRENCY: Final = frozenset({"rs", "inr", "₹"})
"""Words of a heading that change nothing: `Price Rs.`"""
_NEEDED: Final = ("name", "price")
_TITLES: Final = 10
"""Rows among which the one that names the columns is looked for."""
_SUMS: Final = frozenset({"total", "grand total", "sub total", "subtotal", "कुल", "एकूण"})
"""Names, in their normal form, of a row that adds up the others."""
_DELIMITERS: Final = ",;\t"
_THREE: Final = 3
"""Digits of the last group of a number: 1,23,456."""


@dataclass(frozen=True, slots=True)
class SheetFault:
    """Something wrong in a sheet, in the line from 1, and how to mend it."""

    line: int
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet: a product, or one variant of a product. What is empty is not given."""

    line: int
    name: str
    price: int
    """Paise."""
    category: str = ""
    variant: str = ""
    photo: str = ""
    stock: int | None = None
    sku: str = ""
    hindi_name: str = ""
    hindi_category: str = ""
    hindi_variant: str = ""
    shopify: str = ""
    """Shopify's id of what is sold, if the row came from there."""


@dataclass(slots=True)
class Rows:
    """What was read of a sheet."""

    rows: list[Row] = field(default_factory=list)
    faults: list[SheetFault] = field(default_factory=list)
    """In the order of the sheet."""
    hints: list[SheetFault] = field(default_factory=list)
    """What is perhaps wrong."""
    unread: list[str] = field(default_factory=list)
    """Columns that are not ours, as the sheet calls them."""


def read_rows(text: str) -> Rows:
    """Read a sheet with a first row of column names, separated by commas, semicolons or tabs."""
    found = Rows()
    try:
        rows = list(_lines(text))
        begin = _header_in([cells for _, cells in rows[:_TITLES]])
        line, header = rows[begin] if rows else (1, [])
        columns = _columns(line, header, found)
        if not found.faults:
            perhaps, triples = list[CutPrice](), Counter[str]()
            for line, cells in rows[begin + 1 :]:
                _read(line, cells, columns, found, perhaps, triples)
            _doubt(found, perhaps, triples)
    except csv.Error as error:
        mend = "a cell that holds a quotation mark stands in quotes, and doubles it"
        found.faults.append(SheetFault(1, f"the file is no CSV: {error}", mend))
    if not found.rows and not found.faults:
        found.faults.append(SheetFault(1, "the sheet has no products", "write one in each row"))
    return found


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that holds anything with the line where it begins, its cells clean."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    for cells in reader:
        if any(cleaned := [_clean(cell) for cell in cells]):
            yield before + 1, cleaned
        before = reader.line_num


def _clean(cell: str) -> str:
    """Return `cell` in one line, without control characters. Joiners stay: Indian scripts need them."""
    kept = (c for c in cell if c.isspace() or unicodedata.category(c) not in ("Cc", "Cn", "Co", "Cs"))
    return " ".join("".join(kept).split())


def _header_in(rows: Sequence[Sequence[str]]) -> int:
    """Return which row names the columns, from 0: the first with all that are needed, else with most of ours.

    A title may stand in the rows above it.
    """
    named = [{name for cell in cells if (name := _column(cell))} for cells in rows]
    best = max(range(len(rows)), key=lambda at: len(named[at]), default=0)
    return next((at for at, names in enumerate(named) if names.issuperset(_NEEDED)), best)


def _column(heading: str) -> str:
    """Return our name of the column that a sheet calls `heading`; empty if it is not ours.

    What stands in brackets does not count: `Rate (Rs)`.
    """
    words = normalise(_BRACKETS.sub(" ", heading)).split()
    return _OURS.get(" ".join(word for word in words if word not in _CURRENCY), "")


def _columns(line: int, header: Sequence[str], found: Rows) -> list[str]:
    """Return our name of each column; empty for one that is not ours."""
    columns: list[str] = []
    named = Counter(_column(written) for written in header)
    for written in header:
        name = _column(written)
        if name == "price" and named[name] > 1 and _MRP in normalise(written).split():
            name = ""
        if name and name in columns:
            mend = "remove one, or give it another name"
            found.faults.append(SheetFault(line, f"the column '{name}' is there twice", mend))
        if written and not name:
            found.unread.append(written)
        columns.append(name)
    for name in _NEEDED:
        if name not in columns:
            alike = next((one for one in found.unread if _is_like(one, name)), None)
            mend = f"is it '{alike}'? Then call it '{name}'. " if alike else ""
            mend += f"This row names the columns: {', '.join(COLUMNS)}"
            found.faults.append(SheetFault(line, f"there is no column '{name}'", mend))
    return columns


def _is_like(heading: str, name: str) -> bool:
    """Whether a heading that is not ours may mean the column `name`: it has that word, or one like it."""
    return name in normalise(heading).split() or bool(close(heading, (name, *COLUMNS[name])))


def _is_triple(cell: str) -> bool:
    return len(cell) == _THREE and cell.isdecimal()


def _read(
    line: int,
    cells: Sequence[str],
    columns: Sequence[str],
    found: Rows,
    perhaps: list[CutPrice],
    triples: Counter[str],
) -> None:
    """Read one row: into the rows if it is sound, else each of its faults.

    A price that may be cut goes into `perhaps`; of other rows, the columns with three digits into `triples`.
    """
    if any(cells[len(columns) :]):
        message = f"the row has {len(cells)} cells, and there are {len(columns)} columns"
        mend = "put a name or a price with a comma in quotes, or leave the comma out"
        found.faults.append(SheetFault(line, message, mend))
        return
    said = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    if (cut := cut_price(line, columns, cells)) and cut.sure:
        found.faults.append(SheetFault(line, cut.message, cut.mend))
        return
    if cut and cut.shows:
        perhaps.append(cut)
    else:
        triples.update(name for name, cell in zip(columns, cells, strict=False) if _is_triple(cell))
    faults = [*_faults(line, said)]
    found.faults += faults
    if not faults:
        stock, price = said.pop("stock", ""), said.pop("price")
        fields = {name.replace(" ", "_"): cell for name, cell in said.items()}
        pieces = int(with_ascii_digits(stock)) if stock else None
        found.rows.append(Row(line=line, price=paise_as_written(price), stock=pieces, **fields))


def _doubt(found: Rows, perhaps: Sequence[CutPrice], triples: Mapping[str, int]) -> None:
    """Refuse, or warn of, each price that may be cut, by what the other rows look like."""
    lines = {one.line for one in perhaps}
    prices = {row.line: row.price for row in found.rows if row.line not in lines}
    for one, refused in doubted(perhaps, prices, triples):
        message = one.message if refused else f"perhaps {one.message}"
        (found.faults if refused else found.hints).append(SheetFault(one.line, message, one.mend))


def _faults(line: int, said: Mapping[str, str]) -> Iterator[SheetFault]:
    name, price, stock, photo = (said.get(key, "") for key in ("name", "price", "stock", "photo"))
    if not visible(name):
        yield SheetFault(line, "there is no name", "write the product's name, or empty the whole row")
    if normalise(name) in _SUMS:
        yield SheetFault(line, f"'{name}' looks like the sheet's sum, and no product", "remove the row")
        return
    of = f" of '{name}'" if name else ""
    if not price:
        yield SheetFault(
            line, f"the price{of} is missing", "write it in rupees, 180 or 249.50, or empty the whole row"
        )
    else:
        try:
            paise_as_written(price)
        except ValueError as error:
            yield SheetFault(line, f"the price{of}: {error}")
    digits = with_ascii_digits(stock)
    if stock and not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        mend = "write how many pieces there are, in digits, or nothing if you do not count them"
        yield SheetFault(line, f"the stock{of} is no number: '{stock}'", mend)
    if photo and (fault := urls.fault(photo)):
        mend = "write an address on the web that begins with https://, or nothing"
        yield SheetFault(line, f"the photo{of}: {fault}", mend)
