"""What the shop takes off sale and puts back, without a change of the flow file. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    """A product or variant that somebody switched off or on."""

    sku: str
    available: bool
    by: str
    """Who switched it."""


def after(off: Collection[str], switches: Iterable[Switch]) -> frozenset[str]:
    """Return the skus that are off after `switches`, the last of which counts."""
    changed = set(off)
    for one in switches:
        (changed.discard if one.available else changed.add)(one.sku)
    return frozenset(changed)
