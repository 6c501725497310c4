"""Find the part of a payment that is Razorpay's fee, borne by the payer. It is not the shop's money. Pure.

An account may be set to "customer bears the fee". A payment's `amount` then includes the fee, and its
`fee_bearer` is `customer`; but not every event carries that field. A payment link takes no other sum
than its own, so a payment that is larger by exactly the fee says the same.

Source: Razorpay docs, "Payment Entity": `fee` includes `tax`, and is null before the capture.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from payments.ledger.facts import EntityType, Fact, FactState
from payments.shop.orders import Attempt


def with_fee_on_top(facts: Iterable[Fact], attempts: Iterable[Attempt]) -> list[Fact]:
    """Return `facts`, with the fee marked on payments whose payer bore it. `attempts` are the order's."""
    attempts = tuple(attempts)
    return [_marked(fact, _link_amounts(fact, attempts)) for fact in facts]


def _link_amounts(fact: Fact, attempts: Iterable[Attempt]) -> set[int]:
    """Return what the payment's link asked for, in its currency. Of an unknown link: what each link did."""
    own = [attempt for attempt in attempts if attempt.currency == fact.currency]
    link = fact.detail.link
    linked = {attempt.amount for attempt in own if link and attempt.link_id == link}
    return linked or {attempt.amount for attempt in own}


def _marked(fact: Fact, link_amounts: Collection[int]) -> Fact:
    fee = on_top(fact, link_amounts) if fact.entity is EntityType.PAYMENT else 0
    return replace(fact, detail=replace(fact.detail, on_top=fee)) if fee else fact


def on_top(payment: Fact, link_amounts: Collection[int]) -> int:
    """Return the paise of a payment's amount that are a fee borne by the payer.

    Its link asked for one of `link_amounts`.
    """
    fee = _borne_fee(payment, link_amounts)
    return fee if fee < payment.amount else 0


def _borne_fee(fact: Fact, link_amounts: Collection[int]) -> int:
    # A payment of exactly the link's amount has nothing on top.
    if fact.amount in link_amounts:
        return 0
    fee, payer_bears = fact.detail.fee, fact.detail.payer_bears_fee
    if fee:
        return fee if payer_bears or fact.amount - fee in link_amounts else 0
    # The fee is not known yet. A link takes no other sum than its own, so the excess is the fee.
    smaller = [amount for amount in link_amounts if amount < fact.amount]
    return fact.amount - max(smaller) if payer_bears and smaller and fact.state is FactState.CAPTURED else 0
