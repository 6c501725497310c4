"""Prices that a comma without quotes has cut over the cells of a sheet, as in `Belt,1,700`. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flows.document.words import with_ascii_digits
from payments.shop.money import plain_digits

_GROUPED: Final = re.compile(
    r"[1-9][0-9]?(,[0-9]{2})*,[0-9]{3}(\.[0-9]+)?|[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?"
)
_NUMBERS: Final = frozenset({"", "stock", "sku"})
"""Columns in which three digits are no wonder; empty: columns that are not read."""
_THREE: Final = 3
_CHEAP: Final = 100_00
"""Paise. Where every other price is this or more, one of two digits is none."""


@dataclass(frozen=True, slots=True)
class CutPrice:
    """A price with what is in the cells behind it, which together read as one number."""

    line: int
    written: str
    """With its commas: `1,700`."""
    column: str
    """Our name of the column that has the last three digits."""
    sure: bool
    """Whether it can be nothing else: three digits are the name of no category or size."""

    @property
    def shows(self) -> bool:
        """Whether it looks cut by itself: few digits before the comma, or a nought right behind it."""
        price, _, behind = self.written.partition(",")
        return len(price) < _THREE or behind.startswith("0")

    @property
    def message(self) -> str:
        """What is wrong, in words."""
        return f"the price {self.written} stands in {self.written.count(',') + 1} cells"

    @property
    def mend(self) -> str:
        """How to write that price, and how the one that was read."""
        price = self.written.partition(",")[0]
        whole = self.written.replace(",", "")
        return f"write {whole}, or put the price in quotes; if it is {price}, write {price}.00"


def cut_price(line: int, columns: Sequence[str], cells: Sequence[str]) -> CutPrice | None:
    """Return the price that is cut in a row, or may be; None if none shows."""
    at = columns.index("price")
    plain = [plain_digits(cells[at]) or cells[at], *map(with_ascii_digits, cells[at + 1 :])]
    for end in range(len(cells), at + 1, -1):
        written = ",".join(plain[: end - at])
        if _GROUPED.fullmatch(written):
            behind = columns[at + 1 : end]
            return CutPrice(line, written, behind[-1], sure=not _NUMBERS.issuperset(behind))
    return None


def doubted(
    perhaps: Sequence[CutPrice], prices: Mapping[int, int], triples: Mapping[str, int]
) -> Iterator[tuple[CutPrice, bool]]:
    """Yield those of `perhaps` that the other rows make doubtful, each with whether it is to be refused.

    `prices`: paise of the other rows, by line. `triples`: how many of those have three digits in a column.
    """
    dear = bool(prices) and min(prices.values()) >= _CHEAP
    for one in perhaps:
        usual = triples.get(one.column, 0) > 0
        if one.column == "stock" or not usual:
            yield one, dear and one.column == "stock" and not usual
