"""What people type around the name of a product, or leave out of it: how many, and its size. Pure."""

import re
from collections.abc import Iterator
from typing import Final

_UNIT: Final = "(?:g|gm|gms|gram|grams|kg|kgs|kilo|kilos|ml|l|ltr|litre|litres|ग्राम|किलो|मिली|लीटर)(?= |$)"
_BEFORE: Final = re.compile(rf"([1-9][0-9]?)(?: x |x | )(?!{_UNIT})(.+)")
"""Before a unit a number is no quantity: `2 kg kaju katli` are not two pieces of whatever weight."""
_BEHIND: Final = re.compile(r"(.+?) (?:x ?)?([1-9][0-9]?)")
_MEASURE: Final = re.compile(rf"(?:^| )[0-9]+(?: [0-9]+)? ?{_UNIT}")
"""`250 g`, also `1.5 l`. A count is no measure: who types `6 cups` may want the set called `Cups (6)`."""
_JOINED: Final = re.compile(rf"(?<=[0-9])(?={_UNIT})")


def apart(form: str) -> str:
    """Return the normal form with a blank before each unit: `250g` is typed as often as `250 g`.

    >>> apart("ginger chai 250g")
    'ginger chai 250 g'
    """
    return _JOINED.sub(" ", form)


def with_quantity(form: str) -> Iterator[tuple[str, int]]:
    """Yield (name, quantity) of each way to read the normal form `form` as a name with a number of 1 to 99.

    >>> list(with_quantity("2 x kaju katli"))
    [('kaju katli', 2)]
    >>> list(with_quantity("2 samosa 5"))
    [('samosa 5', 2), ('2 samosa', 5)]
    """
    if before := _BEFORE.fullmatch(form):
        yield before[2], int(before[1])
    if behind := _BEHIND.fullmatch(form):
        yield behind[1], int(behind[2])


def without_measure(form: str) -> str:
    """Return the normal form of a name without its weights and volumes; empty if nothing else is in it.

    >>> without_measure("ginger chai 250 g")
    'ginger chai'
    """
    return " ".join(_MEASURE.sub("", form).split())
