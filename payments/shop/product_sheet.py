"""The categories and products that the rows of a sheet describe. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from flows.document.words import normalise
from flows.messages.limits import length
from payments.shop.sheet_rows import Row, SheetFault, read_rows

_SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST: Final = 40
"""Letters of a made sku before what makes it unique; a sku has at most 64."""


@dataclass(frozen=True, slots=True)
class SheetCategory:
    """A category, with the names that its first row gives."""

    id: str
    name: str
    hindi: str


@dataclass(frozen=True, slots=True)
class SheetProduct:
    """A product: one row without a variant, or all rows of its variants."""

    sku: str
    category: str
    """Id; empty if it has none."""
    rows: tuple[Row, ...]
    """In the order of the sheet, none with a fault."""
    variant_skus: tuple[str, ...] = ()
    """Of each row, if the product has variants."""

    @property
    def hindi(self) -> str:
        """Its name in Hindi, from the first row that has one."""
        return next((row.hindi_name for row in self.rows if row.hindi_name), "")


@dataclass(slots=True)
class Sheet:
    """All that a sheet says. With faults, categories and products are empty."""

    categories: list[SheetCategory] = field(default_factory=list)
    products: list[SheetProduct] = field(default_factory=list)
    faults: list[SheetFault] = field(default_factory=list)
    """In the order of the sheet."""
    hints: list[SheetFault] = field(default_factory=list)
    """What can be sold so, and would be read better otherwise."""
    unread: list[str] = field(default_factory=list)
    """Columns that are not ours, as the sheet calls them."""


def read_sheet(text: str, longest_name: int) -> Sheet:
    """Read a sheet in CSV. `longest_name`: UTF-16 code units of a name that the channel's lists show."""
    found = read_rows(text)
    groups = _grouped(found.rows)
    found.faults += [fault for rows in groups for fault in _misfits(rows)]
    found.faults += _given_twice(found.rows)
    sheet = Sheet(faults=sorted(found.faults, key=lambda fault: fault.line), unread=found.unread)
    if not sheet.faults:
        _fill(sheet, groups)
        sheet.hints = [hint for row in found.rows for hint in _long_names(row, longest_name)]
    return sheet


def _grouped(rows: Sequence[Row]) -> list[tuple[Row, ...]]:
    """Return the rows of each product: those with one name in one category."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((normalise(row.category), normalise(row.name)), []).append(row)
    return [tuple(group) for group in groups.values()]


def _misfits(rows: Sequence[Row]) -> Iterator[SheetFault]:
    """Yield each row of one product that is there already, or that should have a variant."""
    first, seen = rows[0], dict[str, int]()
    for row in rows if len(rows) > 1 else ():
        if not row.variant:
            others = first.line if row is not first else rows[1].line
            mend = "write in the column 'variant' what sets each apart, as 250 g, or remove one row"
            yield SheetFault(row.line, f"'{row.name}' is also in line {others}", mend)
        elif line := seen.get(normalise(row.variant)):
            message = f"'{row.name}, {row.variant}' is also in line {line}"
            yield SheetFault(row.line, message, "remove one row, or name another variant")
        seen.setdefault(normalise(row.variant), row.line)


def _given_twice(rows: Sequence[Row]) -> Iterator[SheetFault]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.sku and not _SKU.fullmatch(row.sku):
            mend = "a sku has up to 64 letters, digits, '-', '_' and '.', and no blanks, as kaju-250"
            yield SheetFault(row.line, f"'{row.sku}' is no sku", mend)
        elif row.sku and row.sku in seen:
            message = f"the sku '{row.sku}' is also in line {seen[row.sku]}"
            yield SheetFault(row.line, message, "give each its own, or leave the cell empty")
        seen.setdefault(row.sku, row.line)


def _fill(sheet: Sheet, groups: Sequence[tuple[Row, ...]]) -> None:
    """Give each category its id and each product its skus: those that are given, else one from the name."""
    skus = {row.sku for rows in groups for row in rows if row.sku}
    ids: dict[str, str] = {}
    for rows in groups:
        first = rows[0]
        if (category := normalise(first.category)) and category not in ids:
            ids[category] = _unique(_category_id(first.category), category, set(ids.values()), "_")
            hindi = next(_hindi_names(groups, category), "")
            sheet.categories.append(SheetCategory(ids[category], first.category, hindi))
        whole = "" if first.variant else first.sku
        sku = whole or _unique(_slug(first.name), f"{category} {first.name}", skus, "-")
        skus.add(sku)
        variants: list[str] = []
        for row in rows if first.variant else ():
            made = f"{sku[:_LONGEST]}-{_slug(row.variant)[:16]}"
            variants.append(row.sku or _unique(made, f"{sku} {row.variant}", skus, "-"))
            skus.add(variants[-1])
        sheet.products.append(SheetProduct(sku, ids.get(category, ""), rows, tuple(variants)))


def _hindi_names(groups: Sequence[tuple[Row, ...]], category: str) -> Iterator[str]:
    members = (row for rows in groups for row in rows if normalise(row.category) == category)
    return (row.hindi_category for row in members if row.hindi_category)


def _slug(text: str) -> str:
    """Return a short name in Latin letters. What has no Latin form is told apart by a digest."""
    plain = unicodedata.normalize("NFKD", normalise(text))
    slug = "-".join(re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c))))
    lost = any(c.isalpha() and not c.isascii() for c in plain)
    short = slug[:_LONGEST].strip("-") or "item"
    return f"{short}-{_digest(text)[:6]}" if lost or not slug else short


def _category_id(name: str) -> str:
    id = _slug(name).replace("-", "_")
    return id if id[0].isalpha() else f"c_{id}"


def _unique(made: str, named: str, taken: set[str], joint: str) -> str:
    """Return `made`, with a digest of what it is named for behind it if another has it already."""
    digest = _digest(named)
    tried = (made, *(f"{made}{joint}{digest[:size]}" for size in range(4, 20)))
    return next(one for one in tried if one not in taken)


def _digest(text: str) -> str:
    return sha256(normalise(text).encode("utf-8")).hexdigest()


def _long_names(row: Row, longest: int) -> Iterator[SheetFault]:
    for name in (row.name, row.hindi_name, row.variant, row.hindi_variant, row.category, row.hindi_category):
        if length(name) > longest:
            message = f"'{name}' has {length(name)} letters, and lists show {longest}"
            mend = "it can be sold so; or shorten it, or put a size into the column 'variant'"
            yield SheetFault(row.line, message, mend)
