"""Whether the payer bore Razorpay's fee: then it came on top of the price, and is not the shop's. Pure.

An account may have "customer bears the fee". A payment's `amount` then has the fee in it, and its
`fee_bearer` says `customer`; but not every event carries that field. A payment link takes no other sum
than its own, so that a payment which is more by just the fee says the same.

Source: Razorpay docs, "Payment Entity": `fee` includes `tax`, and is null before the capture.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from payments.facts import Fact
from payments.orders import Attempt

ON_TOP: Final = "on_top"
"""Key of a payment fact's detail: paise of its amount that are a fee which the payer bore."""


def with_fee_on_top(facts: Iterable[Fact], attempts: Iterable[Attempt]) -> list[Fact]:
    """`facts`, those of payments whose payer bore the fee marked with it. `attempts` are the order's."""
    asked = {(attempt.amount, attempt.currency) for attempt in attempts}
    return [_marked(fact, asked) for fact in facts]


def _marked(fact: Fact, asked: set[tuple[int, str]]) -> Fact:
    fee = _fee(fact)
    if fact.entity != "payment" or not 0 < fee < fact.amount:
        return fact
    said = fact.detail.get("fee_bearer")
    more = (fact.amount, fact.currency) not in asked and (fact.amount - fee, fact.currency) in asked
    if said == "customer" or more:
        return replace(fact, detail={**fact.detail, ON_TOP: str(fee)})
    return fact


def _fee(fact: Fact) -> int:
    fee = str(fact.detail.get("fee") or "")
    return int(fee) if fee.isascii() and fee.isdigit() and len(fee) < 19 else 0
