"""What a member of the staff can type in this shop, as lines for people. Pure."""

from collections.abc import Collection, Iterator
from typing import Final

from payments.processing.order_answers import STAGE
from payments.processing.verb import Verb
from payments.processing.verbs import VERBS, may_do
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.staff import Right

_OF_CASH: Final = frozenset({"cash", "upi", "undo"})
_OF_DELIVERY: Final = frozenset({"delivery", "address"})
_REFUSE: Final = "refuse"


def help_for(rights: Collection[Right], shop: Shop) -> str:
    """Return a line for each verb that who has `rights` can type, as far as `shop` has a use for it."""
    return "\n".join(_lines(rights, shop))


def _lines(rights: Collection[Right], shop: Shop) -> Iterator[str]:
    unused = (frozenset() if shop.cash else _OF_CASH) | (frozenset() if shop.delivery else _OF_DELIVERY)
    for verb in VERBS.values():
        if verb.help and may_do(verb.name, rights) and verb.name not in unused:
            yield _line(verb, shop)


def _line(verb: Verb, shop: Shop) -> str:
    if verb.name == STAGE:
        stages = f"#10034 {', '.join(shop.stages)}"
        return f"{stages}; #10034 {Stage.DELIVERED} cash, upi or owed." if shop.cash else f"{stages}."
    # Without a delivery there is no fee to keep.
    return f"#10034 {_REFUSE}." if verb.name == _REFUSE and not shop.delivery else verb.help
