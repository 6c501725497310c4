"""Money for an order whose customer was forgotten: its goods can reach nobody, and nobody is told. Pure."""

from collections.abc import Iterator

from payments.ledger import hints, holds
from payments.ledger.state import OrderState
from payments.processing.notice import Notice, NoticeKind
from payments.shop.catalogue import Repairs
from payments.shop.money import money


def rules_for_nobody(rules: Repairs) -> Repairs:
    """Return the shop's rules for an order of somebody forgotten: what would bring goods gives money back."""
    changed = {"late": "refund"} if rules.late == "fulfil" else {}
    if rules.short == "top up":
        changed["short"] = "refund"
    return rules.model_copy(update=changed)


def notices(before: OrderState, after: OrderState) -> Iterator[Notice]:
    """Yield what the operator must know of the money that came since `before`, or that came to wait."""
    order = f"order #{after.order.number}, whose customer was forgotten"
    if after.held > before.held and after.held_for is not None and hints.needs_person(after.held_for):
        said = (
            f"{money(after.held)} waits for you, of {order}: {holds.in_words(after.held_for)}. "
            f"What to do: {hints.for_held(after.held_for)}."
        )
        yield Notice(NoticeKind.FORGOTTEN, f"{after.key} held", said)
    elif after.balance.captured > before.balance.captured:
        came = money(after.balance.captured - before.balance.captured)
        said = f"{came} came for {order}. It goes back to the payer, and Munshi has nobody to tell of it."
        yield Notice(NoticeKind.FORGOTTEN, after.key, said)
