"""Check that a flow fits its shop's terms: stages are said, slots are shown, links too. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from flows.document.errors import Severity, close
from flows.document.places import Path
from flows.engine.model import Flow, Rule
from flows.messages.fault import Fault
from flows.messages.link import PAY
from payments.processing.views import ORDER_FIELDS
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.legal import check_character
from payments.shop.pricing import USUAL_RATES
from payments.shop.product_names import never_typed

_SHOP: Final = "shop"
_STAGE: Final = re.compile(r"""['"]([a-z]+)['"]""")


def faults(flow: Flow) -> Iterator[Fault]:
    """Yield what is wrong with `flow` beside the shop's terms."""
    shop: Shop = flow.sections[_SHOP]
    yield from _kept_variables(flow, shop)
    yield from _mistyped_gstin(shop)
    yield from _odd_rates(shop)
    yield from _paise_in_cash(shop)
    yield from _cancel_stage(shop)
    yield from _unsaid_stages(flow, shop)
    yield from _unread_slots(flow, shop)
    yield from _unshown_link(flow)
    yield from _unshown_card(flow, shop)
    yield from _forgotten_card(flow, shop)
    yield from _never_typed(flow, shop)


def _kept_variables(flow: Flow, shop: Shop) -> Iterator[Fault]:
    for at, name in enumerate(shop.keeps):
        place = (_SHOP, "keeps", at)
        if name in ORDER_FIELDS:
            yield Fault(place, f"'order.{name}' means something else already", "call the variable otherwise")
        elif name not in flow.variables:
            mend = close(name, flow.variables) or "declare it under 'variables'"
            yield Fault(place, f"the flow has no variable '{name}' to keep", mend)


def _mistyped_gstin(shop: Shop) -> Iterator[Fault]:
    number = shop.gst.number if shop.gst else ""
    if number and number[-1] != (right := check_character(number)):
        message = f"{number} is not a GST number that was given out: after {number[:-1]} stands {right}"
        mend = "compare each character with the registration certificate: one of them is another"
        yield Fault((_SHOP, "gst", "number"), message, mend, Severity.WARNING)


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


_LINK: Final = frozenset({("order", "link"), ("event", "short_url")})


def _unshown_link(flow: Flow) -> Iterator[Fault]:
    requests = any(call.name == "payment.request" for rule in flow.rules for call in rule.reaction.do)
    shown = any(text.place[0] == "messages" and _LINK & text.reads for text in flow.written)
    if requests and not shown:
        message = "no message shows the payment link, and without it nobody can pay"
        mend = "say a message with {{ order.link }} on 'payment_link.created'"
        yield Fault(("messages",), message, mend, Severity.WARNING)


def _unshown_card(flow: Flow, shop: Shop) -> Iterator[Fault]:
    offers = next((text.place for text in flow.written if text.place[2:4] == PAY), None)
    if shop.whatsapp_pay and offers is None:
        mend = "add 'pay: true' to the 'link' of the message that is said on 'payment_link.created'"
        message = "no message shows the order card, so everybody gets a link"
        yield Fault((_SHOP, "whatsapp_pay"), message, mend, Severity.WARNING)
    if offers and not shop.whatsapp_pay:
        mend = "add 'whatsapp_pay' to the shop, or remove 'pay'"
        yield Fault(offers[:4], "nobody can pay in the chat of this shop", mend, Severity.WARNING)


_LINK_ALONE: Final = ("order", "link")
_CARD: Final = ("order", "card")


def _forgotten_card(flow: Flow, shop: Shop) -> Iterator[Fault]:
    """Yield the answers that ask for a link where a card may be. The rest of an order is never a card."""
    if shop.whatsapp_pay is None:
        return
    answers: dict[tuple[str, str], list[Rule]] = {}
    for rule in flow.rules:
        answers.setdefault((rule.owner, rule.trigger), []).append(rule)
    for rules in answers.values():
        guards = [(rule, rule.guard) for rule in rules if rule.guard]
        links = [rule for rule, guard in guards if _LINK_ALONE in guard.reads and not _of_rest(guard.source)]
        if links and not any(_CARD in guard.reads for _, guard in guards):
            message = (
                "'order.link' is empty while the customer has a card, and nothing here asks for 'order.card'"
            )
            mend = "write 'order.link or order.card', or an alternative for 'order.card'"
            yield Fault((*links[0].place, "if"), message, mend, Severity.WARNING)


def _of_rest(guard: str) -> bool:
    return "'short'" in guard and "'unpaid'" not in guard


def _never_typed(flow: Flow, shop: Shop) -> Iterator[Fault]:
    if not any(read[:2] == ("shop", "called") for text in flow.written for read in text.reads):
        return
    for at, name in never_typed(shop, flow.words):
        message = f"'{name}' is a word of this flow: who types it does not get the product"
        mend = "it can be sold so, and tapped; or give it a longer name"
        yield Fault((_SHOP, "products", at), message, mend, Severity.WARNING)
