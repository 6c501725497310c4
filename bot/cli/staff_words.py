"""What the staff do about an order, in words for people."""

from collections.abc import Callable, Mapping
from typing import Final

from payments.processing.staff_orders import BACK, KEEP, KEEP_DELIVERY, RESTOCK, WASTE

_GOODS: Final = {WASTE: "the goods are waste", RESTOCK: "the goods can be sold again"}
_FEE: Final = {KEEP_DELIVERY: "the delivery fee is held"}


def in_words(verb: str, value: str) -> str:
    """Return what was done, to go on after a name: `took 1 × kaju-250 out of it: sold out`."""
    words = value.split()
    try:
        return _WORDS[verb](words)
    except (
        KeyError,
        IndexError,
        ValueError,
    ):  # a verb about the chat, or words that nothing could be done with
        return f"did: {verb} {value}".rstrip()


def _stage(words: list[str]) -> str:
    paid = {"owed": ", money is owed for it", "cash": ", paid in cash", "upi": ", paid by UPI"}
    more = words[1].lower() if len(words) > 1 else ""
    ends = [said for word in words[1:] if (said := (_GOODS | _FEE).get(word.lower()))]
    return f"moved it to {words[0]}{paid.get(more) or _because(ends)}"


def _ended(how: str) -> Callable[[list[str]], str]:
    def said(words: list[str]) -> str:
        return how + _because([(_GOODS | _FEE)[word.lower()] for word in words])

    return said


def _pieces(how: str) -> Callable[[list[str]], str]:
    def said(words: list[str]) -> str:
        sku, count, *why = words
        goods = why.pop(0).lower() if why and why[0].lower() in _GOODS else ""
        reasons = [" ".join(why), _GOODS[WASTE] if goods == WASTE else ""]
        return f"{how.format(f'{count} × {sku}')}{_because([reason for reason in reasons if reason])}"

    return said


def _because(reasons: list[str]) -> str:
    return f": {'; '.join(reasons)}" if reasons else ""


def _allowance(words: list[str]) -> str:
    return f"took {_amount(words[0])} off{_because([' '.join(words[1:])] if words[1:] else [])}"


def _hand(how: str) -> Callable[[list[str]], str]:
    def said(words: list[str]) -> str:
        more = ", more than was due" if words[1:] else ""
        return f"took {_amount(words[0]) if words else 'all that was due'} {how}{more}"

    return said


def _amount(rupees: str) -> str:
    return f"₹{rupees.removeprefix('₹').removesuffix('.00')}"


def _text(how: str) -> Callable[[list[str]], str]:
    return lambda words: f"{how}: {' '.join(words)}"


_WORDS: Final[Mapping[str, Callable[[list[str]], str]]] = {
    "reply": _text("wrote"),
    "last_reply": _text("gave the chat back and wrote"),
    "done": lambda words: "gave the chat back to the bot",
    "handover": lambda words: "took the chat over",
    "hears": _text("set what the customer hears to"),
    "show": lambda words: "looked at it",
    "orders": lambda words: "asked what is to do",
    "day": lambda words: "asked for the figures of a day",
    "stage": _stage,
    "cancel": _ended("cancelled it"),
    "refuse": _ended("said that it was refused at the door"),
    "less": _pieces("took {} out of it"),
    "return": _pieces("took {} back"),
    "allowance": _allowance,
    "cash": _hand("in cash"),
    "upi": _hand("by UPI"),
    "undo": lambda words: f"undid payment {words[0]}, a mistake" if words else "undid the payment, a mistake",
    "delivery": lambda words: {
        KEEP: "decided that the shop keeps the delivery fee",
        BACK: "gave the delivery fee back",
    }[words[0].lower()],
    "refunded": lambda words: "gave back by hand what had to go back",
    "address": _text("changed the address to"),
    "note": _text("changed the note to"),
}
