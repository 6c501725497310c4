"""The slices of a search: each is one story of the outside, and is searched to its end by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flows.engine.model import LANGUAGE, SET, Flow, Rule
from payments.prover.world import ORDERS, SOLD_OUT, STAFF
from payments.shop.catalogue import Shop

ANY: Final = frozenset({"*"})
"""All triggers."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What may happen in one part of the search."""

    name: str
    triggers: frozenset[str] = ANY
    """What customers type, and which old buttons they tap, beside all that they see."""
    budget: Mapping[str, int] = field(default_factory=dict)
    """How often each misfortune may come."""
    shuns: frozenset[str] = frozenset()
    """Triggers that customers leave alone, also where they see a button for it."""
    pieces: int = 2
    """Most pieces in a cart."""
    orders: int = 1
    links: int = 2
    """Most links of one order."""
    from_order: bool = False
    """Whether it begins when an order has been placed, in the shortest way."""
    in_cash: bool = False
    """Whether the order that it begins with is to be paid in cash."""
    late_answers: bool = False
    """Whether anything may happen before the provider answers; else it answers first."""
    late_news: bool = False
    """Whether anything may happen before a webhook comes; else it comes first."""
    calls: int = 2
    """Most questions to the provider that wait for an answer."""
    share: float = 0.25
    """The most of the whole time that it may take."""
    silence: bool = False
    """Whether customers may be silent for so long that only templates reach them."""


PART: Final = "paid in part"
STORIES: Final[Mapping[str, Mapping[str, int]]] = {
    "paid": {"pays": 1},
    PART: {"pays a part": 1, "pays": 1},
    "paid too much": {"pays too much": 1},
    "paid in other money": {"pays in dollars": 1, "pays": 1},
    "paid twice": {"pays": 2},
    "a payment fails": {"a payment fails": 1, "settles late": 1, "pays": 1},
    "the bank hesitates": {"the bank says yes": 1, "pays": 1},
    "links refused": {"refuses": 1, "fails": 1, "pays": 1},
    "links kept": {"keeps": 1, "cancels the link": 1, "pays": 1},
    "part and links refused": {"pays a part": 1, "refuses": 1, "fails": 1, "pays": 1},
    "sold out": {SOLD_OUT: 1, "pays": 1, "a payment fails": 1, "settles late": 1},
    "refunds": {"pays too much": 1, "pays a part": 1, "fails refunds": 1, "refuses refunds": 1},
}
STAFFED: Final[Mapping[str, Mapping[str, int]]] = {
    "the staff bring it": {
        "pays": 1,
        **dict.fromkeys((f"{STAFF}accepted", f"{STAFF}out", f"{STAFF}delivered"), 1),
    },
    "the staff call it off": {"pays": 1, f"{STAFF}accepted": 1, f"{STAFF}cancel": 1, "fails refunds": 1},
    "the staff make it cheaper": {"pays": 1, f"{STAFF}allowance 10": 1, "refuses refunds": 1},
}
CASH: Final[Mapping[str, Mapping[str, int]]] = {
    "cash, delivered": {f"{STAFF}accepted": 1, f"{STAFF}delivered cash": 1, f"{STAFF}delivered owed": 1},
    "cash, called off": {f"{STAFF}out": 1, f"{STAFF}cancel": 1, f"{STAFF}refused": 1},
}
IN_CHAT: Final[Mapping[str, Mapping[str, int]]] = {
    "cards refused": {"refuses cards": 1, "keeps": 1, "pays": 1},
}
"""Of shops whose customers may pay in the chat."""


def slices(flow: Flow, *, deep: bool = False) -> Iterator[Slice]:
    """Yield the slices, those that find most first. `deep`: then all of them once more, with wider bounds."""
    usual = list(_usual(flow))
    yield from usual
    yield from (_deeper(part) for part in usual if deep)


def _usual(flow: Flow) -> Iterator[Slice]:
    fills = fills_cart(flow)
    own = about_orders(flow) - fills
    yield Slice("a first look", ANY, {ORDERS: 1}, pieces=1, orders=0, share=0.03)
    told = Slice("", own, {}, fills, from_order=True, silence=True, share=0.1)
    for name, budget in STORIES.items():
        yield replace(told, name=name, budget=budget)
    late = replace(told, silence=False, late_answers=True)
    yield replace(late, name="paid, answers late", budget=STORIES["paid"])
    for name, budget in STAFFED.items():
        yield replace(told, name=name, budget=budget)
    shop: Shop = flow.sections["shop"]
    for name, budget in CASH.items() if shop.cash else ():
        yield replace(told, name=name, budget=budget, in_cash=True)
    for name, budget in IN_CHAT.items() if shop.whatsapp_pay else ():
        yield replace(told, name=name, budget=budget)
    yield Slice("the shop", about_goods(flow), orders=0, share=0.15)
    for trigger in sorted(_detours(flow) - own - fills):
        yield replace(
            told, name=f"paid in part, and '{trigger}'", triggers=own | {trigger}, budget=STORIES[PART]
        )
    for name, budget in STORIES.items():
        yield replace(late, name=f"{name}, news late", budget=budget, late_answers=False, late_news=True)
        if name != "paid":
            yield replace(late, name=f"{name}, answers late", budget=budget)


def _detours(flow: Flow) -> set[str]:
    """Return the triggers that words fire everywhere."""
    typed = {trigger for state in flow.states.values() for trigger in state.words.values()}
    return typed & {rule.trigger for rule in flow.rules if not rule.owner}


def _deeper(part: Slice) -> Slice:
    """Return the slice with wider bounds."""
    return replace(
        part, name=f"{part.name}, deep", triggers=ANY, links=3, orders=2, pieces=3, calls=3, silence=True
    )


def about_orders(flow: Flow) -> frozenset[str]:
    """Return the triggers whose rules look at an order or do something with one, but for the languages."""
    languages = {r.trigger for r in flow.rules for call in r.reaction.do if call.name == LANGUAGE}
    return frozenset(rule.trigger for rule in flow.rules if _about_order(rule)) - languages


def fills_cart(flow: Flow) -> frozenset[str]:
    """Return the triggers whose rules choose goods or change what is in the cart."""
    return frozenset(rule.trigger for rule in flow.rules if any(_chooses(c.name) for c in rule.reaction.do))


def _chooses(action: str) -> bool:
    return action == SET or (action.startswith("cart.") and action not in ("cart.quote", "cart.settle"))


def about_goods(flow: Flow) -> frozenset[str]:
    """Return the triggers whose rules look at cart or checkout, or do something with them."""
    return frozenset(rule.trigger for rule in flow.rules if _about_goods(rule))


def _about_goods(rule: Rule) -> bool:
    does = any(call.name.startswith(("cart.", "checkout.", "order.place")) for call in rule.reaction.do)
    looks = rule.guard is not None and any(read[0] in ("cart", "checkout") for read in rule.guard.reads)
    return does or looks


def _about_order(rule: Rule) -> bool:
    does = any(call.name.startswith(("order.", "payment.")) for call in rule.reaction.do)
    looks = rule.guard is not None and any(read[0] == "order" for read in rule.guard.reads)
    return does or looks
