"""The sums of an order, for every list, answer and table that people and programs read. Pure."""

from payments.ledger.state import OrderState


def sums(state: OrderState) -> dict[str, int]:
    """Return the order's sums in paise.

    `owed` is the total after amendments, `due` what is still to be paid of it, `paid` what came in, and
    `refunded` what went back or is on its way.
    """
    waits = state.goods_due or state.open_to_pay
    return {
        "goods": state.order.goods,
        "discount": state.order.discount,
        "delivery": state.order.delivery,
        "total": state.order.total,
        "owed": state.owed,
        "due": state.due if waits else 0,
        "paid": state.balance.paid,
        "refunded": sum(refund.amount for refund in state.refunds if refund.goes_back),
    }
