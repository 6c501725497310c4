"""What the operator must know of an order's money, because no customer and no flow is told of it. Pure."""

from collections.abc import Iterator

from payments.ledger import hints, holds
from payments.ledger.refunds import replaced
from payments.ledger.state import OrderState
from payments.processing.notice import Notice, NoticeKind
from payments.shop.money import money


def of_nobody(before: OrderState, after: OrderState) -> Iterator[Notice]:
    """Yield notices of money that came since `before`, or came to wait, if the customer was forgotten."""
    order = f"order #{after.order.number}, whose customer was forgotten"
    if after.held > before.held and after.held_for is not None and holds.needs_person(after.held_for):
        said = (
            f"{money(after.held)} waits for you, of {order}: {holds.in_words(after.held_for)}. "
            f"What to do: {hints.for_held(after.held_for)}."
        )
        yield Notice(NoticeKind.FORGOTTEN, f"{after.key} held", said)
    elif after.balance.captured > before.balance.captured:
        came = money(after.balance.captured - before.balance.captured)
        said = f"{came} came for {order}. It goes back to the payer, and Munshi has nobody to tell of it."
        yield Notice(NoticeKind.FORGOTTEN, after.key, said)


def given_twice(before: OrderState, after: OrderState) -> Iterator[Notice]:
    """Yield a notice for each refund that was made after all, though a person gave the money already."""
    known = {refund.key: refund.goes_back for refund in before.refunds}
    by_hand = replaced(after.refunds)
    for refund in after.refunds:
        if refund.key in by_hand and refund.goes_back and not known.get(refund.key):
            said = (
                f"The refund of {money(refund.amount)} of order #{after.order.number} was made after all, and"
                " one of you had given it by hand already. The customer has it twice: ask them for it."
            )
            yield Notice(NoticeKind.GIVEN_TWICE, refund.key, said)
