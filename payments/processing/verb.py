"""The value that says all about one verb of the staff. Pure.

`payments.processing.verbs` has them all. What the staff type, the rights for it, `#help`, the paths of the
API and the words of the shell are derived from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from payments.processing.bodies import StaffAction
from payments.processing.order_request import Request
from payments.processing.turn import Trace, Turn
from payments.processing.verb_phrases import Phrase
from payments.shop.staff import Right

Does: TypeAlias = Callable[[Turn, StaffAction], tuple[Trace, bool]]
"""Do something, and return the trace and whether it had an effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that the staff can do."""

    name: str
    """Stored with each event that asks for it."""
    rights: tuple[Right, ...]
    """Any of them is enough; who has none is told the first."""
    told: Phrase | None = None
    """What was done, in words."""
    help: str = ""
    """Its line of `#help`; empty if nobody types it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatVerb(Verb):
    """A verb about a customer, or about the shop as a whole."""

    does: Does


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderVerb(Verb):
    """A verb about one order."""

    does: Callable[[Request], Trace]
    """Change the order. Raises NotPossible before anything has changed."""
    posted: str = ""
    """The last part of the API's path; empty if the API has none."""
    shape: str = ""
    """The words after it, as a person reads them: `<sku> [payment]`. What is in brackets may be left out, and
    `<text>` is any number of words. A reason may follow."""
    goods_after: int | None = None
    """Behind how many words it may say what becomes of the goods; None if it has nothing to do with that."""
    options: tuple[str, ...] = ()
    """What the shell has options for, besides the words: `why`, `goods` or `keep`."""

    def fits(self, words: Sequence[str]) -> bool:
        """Return whether `words` are neither too few nor too many, without a reason."""
        shown = self.shape.split()
        least = sum(not word.startswith("[") for word in shown)
        return least <= len(words) and (len(words) <= len(shown) or shown[-1:] == ["<text>"])
