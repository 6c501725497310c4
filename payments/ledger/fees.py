"""Whether the payer bore Razorpay's fee: then it came on top of the price, and is not the shop's. Pure.

An account may have "customer bears the fee". A payment's `amount` then has the fee in it, and its
`fee_bearer` says `customer`; but not every event carries that field. A payment link takes no other sum
than its own, so that a payment which is more by just the fee says the same.

Source: Razorpay docs, "Payment Entity": `fee` includes `tax`, and is null before the capture.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from payments.ledger.facts import Fact
from payments.shop.orders import Attempt

ON_TOP: Final = "on_top"
"""Key of a payment fact's detail: paise of its amount that are a fee which the payer bore."""


def with_fee_on_top(facts: Iterable[Fact], attempts: Iterable[Attempt]) -> list[Fact]:
    """`facts`, those of payments whose payer bore the fee marked with it. `attempts` are the order's."""
    attempts = tuple(attempts)
    return [_marked(fact, _asked(fact, attempts)) for fact in facts]


def _asked(fact: Fact, attempts: Iterable[Attempt]) -> set[int]:
    """What the link of the payment asked for, in its currency; where nobody said which, what each did."""
    own = [attempt for attempt in attempts if attempt.currency == fact.currency]
    link = fact.detail.get("link")
    named = {attempt.amount for attempt in own if link and attempt.link_id == link}
    return named or {attempt.amount for attempt in own}


def _marked(fact: Fact, asked: Collection[int]) -> Fact:
    fee = on_top(fact, asked) if fact.entity == "payment" else 0
    return replace(fact, detail={**fact.detail, ON_TOP: str(fee)}) if fee else fact


def on_top(payment: Fact, asked: Collection[int]) -> int:
    """Paise of a payment's amount that are a fee which the payer bore; its link asked for one of `asked`."""
    fee = _more(payment, asked)
    return fee if fee < payment.amount else 0


def _more(fact: Fact, asked: Collection[int]) -> int:
    # Who paid just what was asked for paid nothing on top.
    if fact.amount in asked:
        return 0
    fee, said = _fee(fact), fact.detail.get("fee_bearer") == "customer"
    if fee:
        return fee if said or fact.amount - fee in asked else 0
    # The fee is not told yet, and a link takes no other sum than its own: what is more is the fee.
    less = [amount for amount in asked if amount < fact.amount]
    return fact.amount - max(less) if said and less and fact.state == "captured" else 0


def _fee(fact: Fact) -> int:
    fee = str(fact.detail.get("fee") or "")
    return int(fee) if fee.isascii() and fee.isdigit() and len(fee) < 19 else 0
