"""Series of invoice numbers: `AN/26-27/000123` is the 123rd in the series `AN/26-27`. Pure.

A number has at most 16 characters, so a series with a long name has few. Its documents go on in the next
series, then in the one after it: each is consecutive, and no two have a number in common. The law allows
several series in a year (CGST Rules, rule 46(b)).
"""

import string
from dataclasses import dataclass
from typing import Final

from payments.shop.invoice import LONGEST_NUMBER

SERIES_OF_A_RESTORE: Final = 1000
"""How far the next epoch is where the clock does not tell: series that one restore may have filled by then.

By the clock an epoch is a second, and nobody fills a series in a second.
"""
_DIGITS: Final = string.digits + string.ascii_uppercase
_USUAL: Final = 6
"""Digits of a number, if they fit."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The series in which the documents of one kind and one year are numbered, one after the other."""

    letters: str
    """Of the shop and the kind of document."""
    year: str
    """As numbers show it: `26-27`."""
    epoch: int | None = None
    """Number of the restore in this year, which stands for the year; None if there was none."""

    @property
    def first(self) -> str:
        """The name of the first series."""
        return self.name(0)

    def name(self, place: int) -> str:
        """Return the name of a series, the first at `place` 0: `AN/26-27`, `AN/26B`, `AN/26C`.

        After a restore, its epoch counts on: `AN/HDK2M`, `AN/HDK2N`.
        """
        if self.epoch is not None:
            return f"{self.letters}/{_written(self.epoch + place, _DIGITS)}"
        if not place:
            return f"{self.letters}/{self.year}"
        return f"{self.letters}/{self.year[:2]}{_written(place, string.ascii_uppercase)}"

    def placed(self, ordinal: int) -> tuple[int, int]:
        """Return in which series the `ordinal`-th document of the chain is, and which of it; both count on.

        The place of a series counts from 0, the documents from 1.
        """
        place = 0
        while ordinal > (room := _room(self.name(place))):
            ordinal -= room
            place += 1
        return place, ordinal

    def number(self, ordinal: int) -> str:
        """Return the number of the `ordinal`-th document, which counts from 1: `AN/26-27/000123`."""
        place, nth = self.placed(ordinal)
        series = self.name(place)
        return f"{series}/{nth:0{min(_USUAL, _digits(series))}}"


def _digits(series: str) -> int:
    return LONGEST_NUMBER - len(series) - 1


def _room(series: str) -> int:
    """Return how many documents a series has numbers for."""
    return int(10 ** _digits(series)) - 1


def _written(value: int, digits: str) -> str:
    written = ""
    while value:
        value, digit = divmod(value, len(digits))
        written = digits[digit] + written
    return written
