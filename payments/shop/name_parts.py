"""What people type around the name of a product, or leave out of it: how many, and its size. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_SPELLINGS: Final[Mapping[str, str]] = {
    spelling: unit
    for unit, spellings in {
        "g": "g gm gms gr gram grams ग्राम",
        "kg": "kg kgs kilo kilos kilogram kilograms किलो",
        "ml": "ml मिली",
        "l": "l ltr ltrs litre litres liter liters लीटर",
        "pc": "pc pcs piece pieces पीस",
    }.items()
    for spelling in spellings.split()
}
"""Each way to write a unit -> the unit."""
_PIECES: Final = "pc"
_BEFORE: Final = re.compile(r"([1-9][0-9]?)(?: x |x | )(.+)")
_BEHIND: Final = re.compile(r"(.+?) (?:x ?)?([1-9][0-9]?)")
_LARGE: Final = "|".join(spelling for spelling, unit in _SPELLINGS.items() if unit in ("kg", "l"))
_MEASURE: Final = re.compile(
    rf"(?<![^ ])(?:([0-9]+) ([0-9]+) ?({_LARGE})|([0-9]+) ?({'|'.join(_SPELLINGS)}))(?= |$)"
)
"""`250 g`; also `1.5 l`, whose normal form is `1 5 l`. `2 250 g` is two of `250 g`."""
_STANDARD: Final = re.compile(r"(?:(?:^| )[0-9.]+ (?:g|kg|ml|l|pc))+$")
_COUNTED: Final = re.compile(rf"([1-9][0-9]?) {_PIECES}")


def standard(form: str) -> str:
    """Return the normal form with its weights, volumes and pieces at the end, each written in one way.

    >>> standard("500gm kaju katli")
    'kaju katli 500 g'
    """
    measures = [
        f"{whole}.{part} {_SPELLINGS[large]}" if large else f"{number} {_SPELLINGS[unit]}"
        for whole, part, large, number, unit in _MEASURE.findall(form)
    ]
    return " ".join([*_MEASURE.sub("", form).split(), *measures])


def with_quantity(form: str) -> Iterator[tuple[str, int]]:
    """Yield (name, quantity) of each way to read the standard form `form` as a name with a number of 1 to 99.

    Before a unit a number is no quantity, but before pieces it may be.

    >>> list(with_quantity("2 x kaju katli"))
    [('kaju katli', 2)]
    >>> list(with_quantity("2 samosa 5"))
    [('samosa 5', 2), ('2 samosa', 5)]
    >>> list(with_quantity("3 ginger chai 250 g"))
    [('ginger chai 250 g', 3)]
    """
    name, measures = _parted(form)
    if before := _BEFORE.fullmatch(name):
        yield f"{before[2]} {measures}".strip(), int(before[1])
    if behind := _BEHIND.fullmatch(name):
        yield f"{behind[1]} {measures}".strip(), int(behind[2])
    if name and (counted := _COUNTED.fullmatch(measures)):
        yield name, int(counted[1])


def without_measure(form: str) -> str:
    """Return the standard form of a name without weights and volumes; empty if nothing else is in it.

    A count is no measure: who types `6 cups` may want the set called `Cups (6)`.

    >>> without_measure("ginger chai 250 g")
    'ginger chai'
    """
    name, measures = _parted(form)
    return name if _PIECES not in measures else form


def _parted(form: str) -> tuple[str, str]:
    """Return (name, its measures) of a standard form."""
    found = _STANDARD.search(form)
    return (form[: found.start()], found[0].strip()) if found else (form, "")
