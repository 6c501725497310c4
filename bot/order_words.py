"""An order's sums and where it stands, in words for people who run the shop. Pure."""

from bot.amounts import shown
from payments.ledger.order_sums import sums
from payments.ledger.state import OrderState


def stands(state: OrderState) -> str:
    """Return where goods and money of an order are, on one line: `out, ₹148 to be paid`."""
    found = sums(state)
    parts = [state.stands]
    if state.stage is not None and state.goods_due and found["due"]:
        parts.append(f"{money_of(state, found['due'])} to be paid")
    elif state.stage is not None and found["paid"]:
        parts.append(f"{money_of(state, found['paid'])} paid")
    if found["refunded"]:
        how = "goes" if any(refund.open for refund in state.refunds) else "went"
        parts.append(f"{money_of(state, found['refunded'])} {how} back")
    return ", ".join(parts)


def money_of(state: OrderState, amount: int) -> str:
    """Format `amount` in the currency of the order."""
    return shown(amount, state.order.currency)
