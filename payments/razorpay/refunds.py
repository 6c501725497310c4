"""Make refunds at most once, even if answers are lost.

Razorpay knows a refund by its idempotency key, so after a try whose outcome is unknown the same call is made
again. Only if Razorpay gives no refund for the key, it is looked up by the key in its notes or receipt.

Source: Razorpay docs, "Create a Normal Refund", "Idempotent Requests", "Fetch Multiple Refunds".
"""

from dataclasses import replace
from typing import Any, Final

from payments.ledger.calls import RefundPayment
from payments.ledger.facts import Fact
from payments.razorpay.entities import refund_keys
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.fetched import refund_facts
from payments.razorpay.gateway import Gateway

_MAY_BE_OURS: Final = frozenset({Reason.ALREADY_REFUNDED, Reason.IN_FLIGHT})


async def ensure_refund(gateway: Gateway, call: RefundPayment) -> tuple[Fact, ...]:
    """Return the facts of the one refund with the call's key, made now or adopted in any state.

    Their `detail` has `payment_id` and `key`. Raises GatewayError; if that is `retryable`, make the same call
    again. ALREADY_REFUNDED means that another refund returned the money, perhaps under the same key for other
    books, of which these are a copy or an older state: a person must look.
    """
    try:
        refunds = [await gateway.refund(call)]
    except GatewayError as error:
        if error.reason not in _MAY_BE_OURS:
            raise
        refunds = [made for made in await gateway.payment_refunds(call.payment_id) if _has_key(made, call)]
        if not refunds:
            raise
    facts, problems = refund_facts(refunds, {"id": call.payment_id}, call.order_key)
    if problems:
        raise GatewayError(Reason.UNINTELLIGIBLE, f"the refund {call.key}: {', '.join(problems)}")
    if any(fact.amount != call.amount for fact in facts):
        raise GatewayError(Reason.ALREADY_REFUNDED, f"another amount went back under the key {call.key}")
    # The answer may lack the key of the call.
    return tuple(replace(fact, detail=replace(fact.detail, key=call.key)) for fact in facts)


def _has_key(refund: Any, call: RefundPayment) -> bool:
    return isinstance(refund, dict) and call.key in refund_keys(refund)
