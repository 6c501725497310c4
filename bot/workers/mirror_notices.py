"""Notices to operators about the copies of orders at Shopify."""

from payments.ledger.mirrors import CopyStatus
from payments.ledger.state import OrderState
from payments.processing.notice import Notice, NoticeKind
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.money import money
from payments.shopify.answers import Copy
from payments.shopify.errors import Reason, ShopifyError

_WORDS = {
    AmendmentKind.LESS: "has fewer pieces",
    AmendmentKind.ALLOWANCE: "costs less",
    AmendmentKind.ADDRESS: "goes to another address",
    AmendmentKind.REFUSED: "was refused at the door",
    AmendmentKind.KEPT: "keeps its delivery fee",
}


def no_access(error: ShopifyError) -> Notice:
    """Return the notice that Shopify does not let us in. The error names no order: one notice is enough."""
    mend = (
        "Look at SHOPIFY_STORE and SHOPIFY_CLIENT_ID with SHOPIFY_CLIENT_SECRET (or SHOPIFY_ACCESS_TOKEN),"
        " and start again."
        if error.reason is Reason.TOKEN
        else "Give the app the permissions that docs/shopify.md lists, and see whether the store is open."
    )
    said = f"{error}. Orders go on as ever, and are copied once Shopify lets us in. {mend}"
    return Notice(NoticeKind.SHOPIFY, error.reason.value, said)


def refused(order: OrderState, error: ShopifyError) -> Notice:
    """Return the notice that Shopify refuses an order, in Shopify's words."""
    said = (
        f"Shopify refuses order #{order.order.number}: {error.description}. The order itself goes on. Mend"
        " what this says (often 'shopify:' of a product in the flow file); it is tried again every hour,"
        " and at once with 'munshi shopify retry'."
    )
    return Notice(NoticeKind.SHOPIFY, f"refused {order.key}", said)


def down(error: ShopifyError) -> Notice:
    """Return the notice that Shopify has not answered for a day."""
    said = (
        f"For a day no order has come to Shopify: {error}. Nothing is lost, and it is tried on. See whether"
        " this machine reaches Shopify, and Shopify's status page."
    )
    return Notice(NoticeKind.SHOPIFY, "a day", said)


def not_read(error: ShopifyError) -> Notice:
    """Return the notice that the stock at Shopify could not be read for a day."""
    said = (
        f"For a day the stock at Shopify was not read: {error}. What was left then is sold, and no more, and"
        " it is tried on. See whether this machine reaches Shopify, and Shopify's status page."
    )
    return Notice(NoticeKind.SHOPIFY, "stock a day", said)


def not_counted(sku: str) -> Notice:
    """Return the notice that Shopify does not count a product that it is to count."""
    said = (
        f"Shopify does not count '{sku}', and 'stock: shopify' of the flow file says that it does. What was"
        " left of it at the last reading is sold here, and no more. Switch 'Track quantity' on at the product"
        " there, correct its 'shopify:', or say here how many there are. 'munshi doctor' says which it is."
    )
    return Notice(NoticeKind.SHOPIFY, f"stock {sku}", said)


def total_differs(order: OrderState, name: str, costs: int, total: int | None) -> Notice | None:
    """Return the notice that the copy `name` costs something else than its order; None if it costs the same.

    `costs` and `total` are paise here and there; None: another currency.
    """
    if total == costs:
        return None
    there = "an amount in another currency" if total is None else money(total)
    said = (
        f"Total differs: order #{order.order.number} costs {money(costs)} here and {there} at"
        f" Shopify ({name}). What was paid is what it costs here. Look at the order at Shopify: at its"
        " taxes, its discount and its prices."
    )
    return Notice(NoticeKind.SHOPIFY, f"total {order.key}", said)


def two_copies(order: OrderState, copies: list[Copy]) -> Notice:
    """Return the notice that an order is at Shopify more than once. The oldest is the first."""
    kept, *others = (copy.name for copy in copies)
    said = (
        f"Order #{order.order.number} is at Shopify more than once: {kept} is the one that Munshi follows."
        f" Cancel {', '.join(others)} there, without a refund."
    )
    return Notice(NoticeKind.SHOPIFY, f"two {order.key}", said)


def owed_again(order: OrderState, copy: Copy) -> Notice:
    """Return the notice that a copy says `paid`, and cash is to come for the order after all."""
    said = (
        f"Order #{order.order.number} ({copy.name}) is paid at Shopify, and its cash is to come: the payment"
        " was recorded by mistake. Shopify takes no payment back without a refund; it is right again once the"
        " cash is taken. If it never comes, cancel the order here."
    )
    return Notice(NoticeKind.SHOPIFY, f"owed {order.key}", said)


def gone(order: OrderState, copy: Copy | None) -> Notice:
    """Return the notice that a copy is cancelled or deleted at Shopify while its goods are due."""
    there = "was deleted" if copy is None else f"({copy.name}) is cancelled"
    said = (
        f"Order #{order.order.number} {there} at Shopify, and its goods are due here. If the customer is not"
        " to get them, cancel the order here, so that the money goes back; else make it at Shopify by hand."
    )
    return Notice(NoticeKind.SHOPIFY, f"gone {order.key}", said)


def amended(order: OrderState, amendment: Amendment, status: CopyStatus, why: str = "") -> Notice:
    """Return the notice that a person has to change the copy, too. `why` is why Shopify refused to."""
    about = f": {amendment.pieces} × {amendment.sku} less" if amendment.pieces else ""
    refused = f" ({why})" if why else ""
    said = (
        f"Order #{order.order.number} {_WORDS[amendment.kind]}{about}, and its copy at Shopify ({status})"
        f" does not follow by itself{refused}. Change it there by hand, without a refund: the money goes back"
        " from here."
    )
    return Notice(NoticeKind.SHOPIFY, f"changed {amendment.key}", said)


def owes_less(order: OrderState, amendment: Amendment, copy: Copy) -> Notice:
    """Return the notice that less cash is to be taken for an order than its copy says."""
    said = (
        f"{money(order.due)} is to be taken for order #{order.order.number}, and its copy at Shopify"
        f" ({copy.name}) says {money(amendment.amount)} more: Shopify records a refund only of what is paid."
        " It is recorded there by itself once the cash is taken. Tell whoever reads the sum there."
    )
    return Notice(NoticeKind.SHOPIFY, f"less {amendment.key}", said)


def not_on_the_shelf(order: OrderState, amendment: Amendment, copy: Copy) -> Notice:
    """Return the notice that a person has to count pieces that lie on the shelf again."""
    said = (
        f"{amendment.pieces} × {amendment.sku} of order #{order.order.number} ({copy.name}) can be sold"
        " again, and Shopify's stock has not got them back: it named no location for them. Count them there"
        " by hand. 'munshi doctor' says whether the app may read locations."
    )
    return Notice(NoticeKind.SHOPIFY, f"shelf {amendment.key}", said)


def not_given_back(order: OrderState, copy: Copy, amount: int, error: ShopifyError) -> Notice:
    """Return the notice that Shopify does not record money that went back."""
    said = (
        f"Shopify does not record that {money(amount)} of order #{order.order.number} ({copy.name}) was not"
        f" paid, or went back: {error.description}. The money is right here. If you keep your books there,"
        " record it by hand, as paid back outside Shopify."
    )
    return Notice(NoticeKind.SHOPIFY, f"back {order.key}", said)


def not_cancelled(order: OrderState, copy: Copy, refusal: ShopifyError | None) -> Notice:
    """Return the notice that a copy still stands though Shopify was asked to cancel it.

    `refusal` is Shopify's answer; None if it said yes.
    """
    why = "" if refusal is None else f" ({refusal.description})"
    said = (
        f"Order #{order.order.number} is called off here, and its copy {copy.name} is not cancelled though"
        f" Shopify was asked to{why}. It is asked again each hour, for a day. Often it was sent from"
        " there: cancel its shipment, or take it as a return; then cancel it there, without a refund."
    )
    return Notice(NoticeKind.SHOPIFY, f"standing {order.key}", said)
