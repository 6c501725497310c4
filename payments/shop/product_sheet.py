"""The categories and products that the rows of a sheet describe. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

from flows.document.words import normalise
from flows.messages.limits import length
from payments.shop.sheet_rows import Row, Rows, SheetFault, read_rows

SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a sku is made of."""
_LONGEST: Final = 40
"""Letters of a made sku before what makes it unique; a sku has at most 64."""
_HALF: Final = 20
"""Letters of a name, and of its category, in a sku that holds both."""


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
    return sheet_of(read_rows(text), longest_name)


def sheet_of(found: Rows, longest_name: int) -> Sheet:
    """Return the products of `found`, whose faults are added to. `longest_name` is as for `read_sheet`."""
    groups = _grouped(found.rows)
    found.faults += [fault for rows in groups for fault in _misfits(rows)]
    found.faults += _given_twice(found.rows)
    sheet = Sheet(faults=sorted(found.faults, key=lambda fault: fault.line), unread=found.unread)
    if not sheet.faults:
        _fill(sheet, groups)
        names = _long_names(found.rows, longest_name)
        sheet.hints = sorted([*found.hints, *names], key=lambda hint: hint.line)
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
        if row.sku and not SKU.fullmatch(row.sku):
            mend = "a sku has up to 64 letters, digits, '-', '_' and '.', and no blanks, as kaju-250"
            yield SheetFault(row.line, f"'{row.sku}' is no sku", mend)
        elif row.sku and row.sku in seen:
            message = f"the sku '{row.sku}' is also in line {seen[row.sku]}"
            yield SheetFault(row.line, message, "give each its own, or leave the cell empty")
        seen.setdefault(row.sku, row.line)


class _Wanted(NamedTuple):
    """What a sku would be made of."""

    made: str
    whole: bool
    """Whether `made` says all of the name: letters with accents, other scripts and long names lose some."""
    named: str
    """What sets it apart from all others."""


def _fill(sheet: Sheet, groups: Sequence[tuple[Row, ...]]) -> None:
    """Give each category its id and each product its skus: those that are given, else one from the name."""
    taken = {row.sku for rows in groups for row in rows if row.sku}
    sheet.categories += _categories(groups)
    ids = {normalise(category.name): category.id for category in sheet.categories}
    names = Counter(normalise(rows[0].name) for rows in groups)
    products = [_of_product(rows[0], names) for rows in groups if not _given(rows)]
    skus = iter(_apart(products, taken, "-"))
    whole = [_given(rows) or next(skus) for rows in groups]
    sized = [
        _of_variant(sku, row)
        for sku, rows in zip(whole, groups, strict=True)
        for row in rows
        if row.variant and not row.sku
    ]
    sizes = iter(_apart(sized, taken | set(whole), "-"))
    for sku, rows in zip(whole, groups, strict=True):
        variants = tuple(row.sku or next(sizes) for row in rows) if rows[0].variant else ()
        sheet.products.append(SheetProduct(sku, ids.get(normalise(rows[0].category), ""), rows, variants))


def _given(rows: Sequence[Row]) -> str:
    return "" if rows[0].variant else rows[0].sku


def _categories(groups: Sequence[tuple[Row, ...]]) -> Iterator[SheetCategory]:
    """Yield each category in the order of the sheet, with its first name, and its first one in Hindi."""
    names: dict[str, str] = {}
    for rows in groups:
        names.setdefault(normalise(rows[0].category), rows[0].category)
    names.pop("", None)
    wanted = [_Wanted(_category_id(name), _is_whole(name), form) for form, name in names.items()]
    for (form, name), id in zip(names.items(), _apart(wanted, frozenset(), "_"), strict=True):
        yield SheetCategory(id, name, next(_hindi_names(groups, form), ""))


def _of_product(row: Row, names: Counter[str]) -> _Wanted:
    """Return what the sku of a product is made of: its name, and its category where others have the name."""
    named = f"{normalise(row.category)} {row.name}"
    if names[normalise(row.name)] == 1 or not row.category:
        return _Wanted(_slug(row.name), _is_whole(row.name), named)
    return _Wanted(f"{_short(row.name)}-{_short(row.category)}", False, named)


def _short(name: str) -> str:
    return _slug(name)[:_HALF].strip("-")


def _of_variant(sku: str, row: Row) -> _Wanted:
    slug = _slug(row.variant)
    return _Wanted(
        f"{sku[:_LONGEST]}-{slug[:16]}", _is_whole(row.variant) and len(slug) <= 16, f"{sku} {row.variant}"
    )


def _apart(wanted: Sequence[_Wanted], taken: Collection[str], joint: str) -> list[str]:
    """Return one name for each of `wanted`, whatever their order, none of them in `taken`.

    Of those that would be called the same, only one that says its whole name is called so. The others have a
    digest behind it.
    """
    claims, whole = Counter(one.made for one in wanted), Counter(one.made for one in wanted if one.whole)
    shared = {made for made, count in claims.items() if count > 1}
    used, found = {*taken, *shared}, list[str]()
    for one in wanted:
        keeps = one.whole and whole[one.made] == 1 and one.made not in taken
        found.append(one.made if keeps else _unique(one.made, one.named, used, joint))
        used.add(found[-1])
    return found


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


def _is_whole(name: str) -> bool:
    """Return whether the slug of `name` says all of it."""
    return _slug(name) == normalise(name).replace(" ", "-")


def _category_id(name: str) -> str:
    id = _slug(name).replace("-", "_")
    return id if id[0].isalpha() else f"c_{id}"


def _unique(made: str, named: str, taken: Collection[str], joint: str) -> str:
    """Return `made`, with a digest of what it is named for behind it if another has it already."""
    digest = _digest(named)
    tried = (made, *(f"{made}{joint}{digest[:size]}" for size in range(4, 20)))
    return next(one for one in tried if one not in taken)


def _digest(text: str) -> str:
    return sha256(normalise(text).encode("utf-8")).hexdigest()


def _long_names(rows: Sequence[Row], longest: int) -> Iterator[SheetFault]:
    """Yield each name that lists cut, once: the rows of a product's sizes have the same."""
    seen: set[str] = set()
    for row in rows:
        of_product, others = (row.name, row.hindi_name), (row.variant, row.hindi_variant)
        for name in (*of_product, *others, row.category, row.hindi_category):
            if length(name) > longest and name not in seen:
                seen.add(name)
                message = f"'{name}' has {length(name)} letters, and lists show {longest}"
                size = name in of_product and not row.variant
                more = ", or put a size into the column 'variant'" if size else ""
                yield SheetFault(row.line, message, f"it can be sold so; or shorten it{more}")
