"""Check that a flow fits its shop's terms: refusals are answered, stages are said, sums are paise. Pure."""

import re
from collections.abc import Iterator
from typing import Any, Final

from flows.document.errors import Severity, close
from flows.document.reader import Path
from flows.engine.model import ActionCall, Flow, Reaction, Rule
from flows.messages.fault import Fault
from payments.processing.views import ORDER_FIELDS
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.pricing import USUAL_RATES

_SHOP: Final = "shop"
_SUM: Final = (
    r"(?:cart\.(?:goods|discount|delivery|total|gst|short)|order\.(?:goods|discount|delivery|gst|total|owed|due)"
    r"|event\.(?:amount|due|refund|limit)|[a-z_]+\.price)"
)
_COMPARES: Final = r"\s*(?:[<>]=?|==|!=)\s*"
_RUPEES: Final = re.compile(
    rf"\b(?P<sum>{_SUM}){_COMPARES}(?P<number>[1-9][0-9]{{0,2}})(?![0-9.]|\s*\*)"
    rf"|(?<![\w.*])(?P<first>[1-9][0-9]{{0,2}}){_COMPARES}(?P<second>{_SUM})\b"
)
"""A sum that is compared with a number below 1,000: that is under ₹10, so rupees were meant."""
_STAGE: Final = re.compile(r"""['"]([a-z]+)['"]""")


def faults(flow: Flow) -> Iterator[Fault]:
    """Yield what is wrong with `flow` beside the shop's terms."""
    shop: Shop = flow.sections[_SHOP]
    yield from _kept_variables(flow, shop)
    yield from _odd_rates(shop)
    yield from _paise_in_cash(shop)
    yield from _cancel_stage(shop)
    yield from _unsaid_stages(flow, shop)
    yield from _unread_slots(flow, shop)
    yield from _rupees_for_paise(flow)
    yield from _unanswered(flow, shop)


def _kept_variables(flow: Flow, shop: Shop) -> Iterator[Fault]:
    for at, name in enumerate(shop.keeps):
        place = (_SHOP, "keeps", at)
        if name in ORDER_FIELDS:
            yield Fault(place, f"'order.{name}' means something else already", "call the variable otherwise")
        elif name not in flow.variables:
            mend = close(name, flow.variables) or "declare it under 'variables'"
            yield Fault(place, f"the flow has no variable '{name}' to keep", mend)


def _odd_rates(shop: Shop) -> Iterator[Fault]:
    rates: list[tuple[Path, int | None]] = [(("gst", "rate"), shop.gst.rate if shop.gst else None)]
    rates += [(("categories", at, "gst"), category.gst) for at, category in enumerate(shop.categories)]
    rates += [(("products", at, "gst"), product.gst) for at, product in enumerate(shop.products)]
    for place, rate in rates:
        if rate is not None and rate not in USUAL_RATES:
            usual = ", ".join(f"{usual / 100:g}" for usual in sorted(USUAL_RATES))
            message = f"{rate / 100:g} % is no usual rate of GST"
            yield Fault((_SHOP, *place), message, f"goods have one of {usual}", Severity.WARNING)


def _paise_in_cash(shop: Shop) -> Iterator[Fault]:
    if shop.cash is None:
        return
    areas = shop.delivery.areas if shop.delivery else ()
    sums = [(f"the price of '{article.sku}'", article.price) for article in shop.articles.values()]
    sums += [("a delivery fee", area.fee) for area in areas if area.cash]
    sums += [(f"the coupon {c.code}", amount) for c in shop.coupons for amount in (c.off, c.up_to) if amount]
    if odd := next((what for what, amount in sums if amount % 100), None):
        message = f"{odd} has paise, and a rider has no coins for them"
        yield Fault((_SHOP, "cash"), message, "write whole rupees", Severity.WARNING)


def _cancel_stage(shop: Shop) -> Iterator[Fault]:
    terms = shop.cancel
    if terms and "before" in terms.model_fields_set and terms.before not in (*shop.stages, Stage.DELIVERED):
        message = f"the shop has no stage '{terms.before}'"
        mend = f"it has {', '.join(shop.stages)}: name one of them, or add it to 'stages'"
        yield Fault((_SHOP, "cancel", "before"), message, mend, Severity.WARNING)


def _unsaid_stages(flow: Flow, shop: Shop) -> Iterator[Fault]:
    if "stages" not in shop.model_fields_set:
        return
    rules = [rule for rule in flow.rules if rule.trigger == "order.stage"]
    for at, stage in enumerate(shop.stages):
        if not any(_may_be_about(rule, stage) for rule in rules):
            message = f"customers do not hear that their order is {stage}"
            mend = "add it to 'order.stage' under 'anywhere', or an alternative with 'ignore'"
            yield Fault((_SHOP, "stages", at), message, mend, Severity.WARNING)


def _may_be_about(rule: Rule, stage: Stage) -> bool:
    """Return whether a rule of `order.stage` may be taken for this stage. In doubt it may."""
    source = rule.guard.source if rule.guard else ""
    named = set(_STAGE.findall(source)) & set(Stage)
    sure = "event.stage" in source and named and not re.search(r"!=|\bnot\b|\bor\b", source)
    return stage in named or not sure


def _unread_slots(flow: Flow, shop: Shop) -> Iterator[Fault]:
    slots = shop.delivery.slots if shop.delivery else ()
    if slots and not any(read[:2] == ("checkout", "slots") for text in flow.written for read in text.reads):
        message = "no message offers the slots, and without one nothing can be ordered"
        mend = "add a list with 'each: checkout.slots'"
        yield Fault((_SHOP, "delivery", "slots"), message, mend, Severity.WARNING)


def _rupees_for_paise(flow: Flow) -> Iterator[Fault]:
    for text in flow.written:
        if found := _RUPEES.search(text.source):
            name, number = found["sum"] or found["second"], found["number"] or found["first"]
            message = f"'{name}' is in paise, and {number} paise is little"
            yield Fault(text.place, message, f"write {number}00 for ₹{number}", Severity.WARNING)


def _unanswered(flow: Flow, shop: Shop) -> Iterator[Fault]:
    """Yield the actions whose refusal no rule answers where they stand."""
    leaves = [state for state in flow.states.values() if state.leaf == state.path]
    silent: dict[tuple[str, str], set[str]] = {}
    for owner, reaction in _reactions(flow):
        here = [leaf for leaf in leaves if not owner or owner in leaf.chain]
        for call in reaction.do:
            for event in _raised(call, shop):
                unanswered = {leaf.path for leaf in here if event not in leaf.triggers}
                silent.setdefault((call.name, event), set()).update(unanswered)
    for (action, event), where in silent.items():
        if where:
            named = ", ".join(leaf.path for leaf in leaves if leaf.path in where)
            message = f"'{action}' may end with '{event}', which nothing answers in: {named}"
            yield Fault(("anywhere",), message, f"add '{event}: {{say: …}}' under 'anywhere'")


def _raised(call: ActionCall, shop: Shop) -> Iterator[str]:
    """Yield the events that an action raises in this shop sooner or later, so that they must be answered."""
    for event in call.action.raises if call.action else ():
        if event == "cart.emptied" and _puts_in(call):
            continue
        if event != _CHECKOUT_REFUSED or _may_refuse_checkout(call, shop):
            yield event


def _puts_in(call: ActionCall) -> bool:
    """Return whether `cart.set` sets a quantity that is written in the flow, and is not none."""
    quantity = call.args.get("quantity")
    return call.name == "cart.set" and isinstance(quantity, int) and quantity > 0


def _may_refuse_checkout(call: ActionCall, shop: Shop) -> bool:
    if call.name == "checkout.set":
        return _may_be_refused(call.args, shop)
    return shop.delivery is not None or bool(shop.coupons)


_CHECKOUT_REFUSED: Final = "checkout.refused"


def _may_be_refused(args: Any, shop: Shop) -> bool:
    return "coupon" in args or (shop.delivery is not None and bool({"address", "slot", "pickup"} & set(args)))


def _reactions(flow: Flow) -> Iterator[tuple[str, Reaction]]:
    """Yield each reaction that a customer may cause, with the state that it is written in.

    A program that orders over the API is told of a refusal by its answer.
    """
    for state in flow.states.values():
        yield from ((state.path, state.enter), (state.path, state.exit))
    for rule in flow.rules:
        if rule.trigger != "order.requested":
            yield rule.owner, rule.reaction
