"""What was done by each verb of the staff, in words for people who read of it later. Pure.

Each function takes the words that came after the verb, and returns a phrase that goes on after a name:
`took 1 × kaju-250 out of it: sold out`. Each raises KeyError, IndexError or ValueError for words that nothing
could be done with.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from payments.processing.order_request import BACK, KEEP, KEEP_DELIVERY, RESTOCK, WASTE
from payments.shop.money import plain_digits

Phrase: TypeAlias = Callable[[Sequence[str]], str]

_GOODS: Final = {WASTE: "the goods are waste", RESTOCK: "the goods can be sold again"}
_FEE: Final = {KEEP_DELIVERY: "the delivery fee is held"}
_SETTLED: Final = {"owed": ", money is owed for it", "cash": ", paid in cash", "upi": ", paid by UPI"}


def always(phrase: str) -> Phrase:
    """`phrase`, whatever the words are."""
    return lambda words: phrase


def with_text(how: str) -> Phrase:
    """`how`, and then all the words."""
    return lambda words: f"{how}: {' '.join(words)}"


def moved(words: Sequence[str]) -> str:
    """`moved it to delivered, paid in cash`"""
    paid = _SETTLED.get(words[1].lower() if len(words) > 1 else "")
    ends = [said for word in words[1:] if (said := (_GOODS | _FEE).get(word.lower()))]
    return f"moved it to {words[0]}{paid or _because(ends)}"


def ended(how: str) -> Phrase:
    """`how`, and what becomes of goods and fee."""
    return lambda words: how + _because([(_GOODS | _FEE)[word.lower()] for word in words])


def of_pieces(how: str) -> Phrase:
    """`how`, with `1 × <sku>` in place of its `{}`, and the reason."""

    def phrase(words: Sequence[str]) -> str:
        sku, count, *why = words
        goods = why.pop(0).lower() if why and why[0].lower() in _GOODS else ""
        reasons = [" ".join(why), _GOODS[WASTE] if goods == WASTE else ""]
        return f"{how.format(f'{count} × {sku}')}{_because([reason for reason in reasons if reason])}"

    return phrase


def allowed(words: Sequence[str]) -> str:
    """`took ₹30 off: late`"""
    return f"took {_amount(words[0])} off{_because([' '.join(words[1:])] if words[1:] else [])}"


def taken(how: str) -> Phrase:
    """`took ₹470 in cash`, where `how` is `in cash`."""

    def phrase(words: Sequence[str]) -> str:
        more = ", more than was due" if words[1:] else ""
        return f"took {_amount(words[0]) if words else 'all that was due'} {how}{more}"

    return phrase


def undone(words: Sequence[str]) -> str:
    """`undid payment 2, a mistake`"""
    return f"undid payment {words[0]}, a mistake" if words else "undid the payment, a mistake"


def delivery_decided(words: Sequence[str]) -> str:
    """`gave the delivery fee back`"""
    return _DECIDED[words[0].lower()]


_DECIDED: Final = {
    KEEP: "decided that the shop keeps the delivery fee",
    BACK: "gave the delivery fee back",
}


def switched(words: Sequence[str]) -> str:
    """`switched kaju-250 off`"""
    sku, to = words
    return f"switched {sku} {to}"


def _because(reasons: Sequence[str]) -> str:
    return f": {'; '.join(reasons)}" if reasons else ""


def _amount(rupees: str) -> str:
    return f"₹{(plain_digits(rupees) or rupees).removesuffix('.00')}"
