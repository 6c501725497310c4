"""What one of the staff asks about an order, and how its words are read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payments.ledger.state import OrderState
from payments.processing.bodies import StaffAction
from payments.processing.order_changes import NotPossible, Pieces, skus
from payments.processing.turn import Turn
from payments.shop.fulfilment import Stage
from payments.shop.money import paise_as_written

WASTE: Final = "waste"
"""Word after what a verb needs, or the last one: the goods cannot be sold again."""
RESTOCK: Final = "restock"
"""Word in the same places: the goods can be sold again."""
SURPLUS: Final = "surplus"
"""Word after a sum that was taken: it is more than is due, and that is no slip."""
KEEP_DELIVERY: Final = "keep-delivery"
"""Word after a refusal: the delivery fee does not go back until a person decides about it."""
KEEP: Final = "keep"
BACK: Final = "refund"
"""What can be decided about the delivery fee."""


@dataclass(frozen=True, slots=True)
class Request:
    """A verb with its words, about one order."""

    turn: Turn
    state: OrderState
    action: StaffAction
    words: tuple[str, ...]
    """Without the WASTE or RESTOCK that `shelf` is read from."""
    shelf: bool | None
    """Whether the goods can be sold again, if it was said."""

    @property
    def who(self) -> str:
        """Who asks."""
        return self.action.who

    @property
    def expected(self) -> Stage | None:
        """The stage that they saw."""
        return Stage(self.action.expected) if self.action.expected in frozenset(Stage) else None


def read(turn: Turn, state: OrderState, action: StaffAction, goods_after: int | None) -> Request:
    """Return what `action` asks about the order `state`.

    Behind `goods_after` words, or as the last of more, it may say what becomes of the goods; never if None.
    """
    words = tuple(action.value.split())
    if goods_after is not None:
        for place in (goods_after, len(words) - 1):
            if goods_after <= place < len(words) and words[place].lower() in (WASTE, RESTOCK):
                shelf = words[place].lower() == RESTOCK
                return Request(turn, state, action, (*words[:place], *words[place + 1 :]), shelf)
    return Request(turn, state, action, words, None)


def require_no_more(words: Sequence[str]) -> None:
    """Raise NotPossible if words are left over: who typed them meant something by them."""
    if words:
        raise NotPossible(f"'{' '.join(words)}' is not understood there")


def rupees(words: Sequence[str]) -> int:
    """Return the sum that the first of `words` says, in paise. Raises NotPossible if it says none."""
    said = words[0] if words else ""
    try:
        return paise_as_written(said)
    except ValueError:
        raise NotPossible(f"'{said}' is no sum that can be taken: write rupees, as 180 or 249.50") from None


_DIGITS: Final = 6
"""The most digits of a number of pieces."""


def pieces(request: Request) -> Pieces:
    """Return the pieces that the words name: `<sku> <pieces> [why]`. Raises NotPossible for other words.

    Unless it is said that they are waste, they can be sold again.
    """
    words = request.words
    if len(words) < 2 or not words[1].isdecimal() or len(words[1]) > _DIGITS:
        raise NotPossible(
            f"say which product and how many: {request.action.verb} <sku> <pieces>;"
            f" it has {skus(request.state)}"
        )
    return Pieces(words[0], int(words[1]), " ".join(words[2:]), shelf=request.shelf is not False)
