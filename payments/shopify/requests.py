"""What Shopify is asked: queries, and an order of ours written for `orderCreate`. Pure.

Source: GraphQL Admin API, schema 2026-07. Amounts are decimal strings in rupees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from payments.ledger.bill_rows import is_in_state, is_untaxed
from payments.ledger.mirrors import CopyStatus, status_of
from payments.ledger.state import OrderState
from payments.shop.order_terms import Fulfilment
from payments.shop.orders import Line, is_by_hand
from payments.shop.pricing import Taxable, TaxRow, tax_rows

API_VERSION: Final = "2026-07"

_FIELDS: Final = (
    "id name createdAt cancelledAt displayFinancialStatus displayFulfillmentStatus"
    " totalPriceSet { shopMoney { amount currencyCode } }"
)
ORDER_CREATE: Final = (
    "mutation orderCreate($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput)"
    " { orderCreate(order: $order, options: $options)"
    f" {{ order {{ {_FIELDS} }} userErrors {{ code field message }} }} }}"
)
ORDERS: Final = (
    f"query orders($query: String!) {{ orders(first: 5, query: $query) {{ nodes {{ {_FIELDS} }} }} }}"
)
ORDER: Final = f"query order($id: ID!) {{ order(id: $id) {{ {_FIELDS} }} }}"
MARK_AS_PAID: Final = (
    "mutation orderMarkAsPaid($input: OrderMarkAsPaidInput!)"
    " { orderMarkAsPaid(input: $input) { order { id } userErrors { field message } } }"
)
CANCEL: Final = (
    "mutation orderCancel($orderId: ID!, $reason: OrderCancelReason!, $restock: Boolean!,"
    " $notifyCustomer: Boolean, $staffNote: String)"
    " { orderCancel(orderId: $orderId, reason: $reason, restock: $restock, notifyCustomer: $notifyCustomer,"
    " staffNote: $staffNote) { job { id } orderCancelUserErrors { code field message } } }"
)
CUSTOMER: Final = (
    "query customer($identifier: CustomerIdentifierInput!)"
    " { customerByIdentifier(identifier: $identifier) { id } }"
)
STORE: Final = "query store { shop { name currencyCode } currentAppInstallation { accessScopes { handle } } }"
LOCATIONS: Final = (
    "query locations { locations(first: 50) { nodes { name fulfillsOnlineOrders address { city } } } }"
)
STOCKED: Final = (
    "query stocked($ids: [ID!]!) { nodes(ids: $ids) { ... on ProductVariant { id"
    " inventoryItem { tracked inventoryLevels(first: 1) { nodes { id } } } } } }"
)
QUANTITIES: Final = (
    "query quantities($ids: [ID!]!) { nodes(ids: $ids) { ... on ProductVariant { id inventoryQuantity"
    " inventoryItem { tracked } } } }"
)
PRODUCTS: Final = (
    'query products($after: String) { products(first: 25, after: $after, query: "status:active")'
    " { pageInfo { hasNextPage endCursor } nodes { title productType hasOnlyDefaultVariant"
    " featuredMedia { preview { image { url } } }"
    " variants(first: 100) { pageInfo { hasNextPage } nodes { id title sku price } } } } }"
)
SCOPES: Final = (
    *("read_orders", "write_orders", "read_customers", "write_customers", "read_products"),
    *("read_locations", "read_inventory"),
)
"""The permissions that the app needs. One that may write may read too."""

_SHOWN: Final = 255
"""The longest text that fits a line of an address, in characters."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whose order it is. Everything may be empty."""

    name: str = ""
    phone: str = ""
    """With country code, in the form `+919876543210`."""
    customer_id: str | None = None
    """Shopify's id of the customer, if it knows one with this number."""


@dataclass(frozen=True, slots=True)
class Copying:
    """An order to be copied, with all that its copy needs."""

    order: OrderState
    buyer: Buyer = Buyer()
    variants: Mapping[str, str] = field(default_factory=dict)
    """Shopify's id of the variant that is sold by each sku."""
    paid_through: str = "online"
    """What Shopify's staff read as the way in which the order was paid, if no person took the money."""


def order_create(copying: Copying) -> dict[str, Any]:
    """Return the variables of `ORDER_CREATE`."""
    options = {
        # The money is there: the goods are taken off the stock whatever it says.
        "inventoryBehaviour": "DECREMENT_IGNORING_POLICY",
        "sendReceipt": False,
        "sendFulfillmentReceipt": False,
    }
    return {"order": _order(copying), "options": options}


def source_query(key: str) -> dict[str, Any]:
    """Return the variables of `ORDERS` for the copies of the order `key`."""
    return {"query": f"source_identifier:'{key}'"}


def cancel(copy_id: str, number: str, *, restock: bool) -> dict[str, Any]:
    """Return the variables of `CANCEL`. No money goes back there, and no mail: both are ours."""
    return {
        "orderId": copy_id,
        "reason": "OTHER",
        "restock": restock,
        "notifyCustomer": False,
        "staffNote": f"Cancelled in Munshi (order {number})",
    }


def _order(copying: Copying) -> dict[str, Any]:
    state, placed = copying.order, copying.order.order
    wanted: dict[str, Any] = {
        "currency": placed.currency,
        "sourceIdentifier": placed.key,
        "note": _note(state),
        "tags": ["munshi"],
        "customAttributes": [{"key": name, "value": value} for name, value in _attributes(state)],
        "financialStatus": "PENDING" if status_of(state) is CopyStatus.PENDING else "PAID",
        "taxesIncluded": True,
        **_goods(copying),
        **_person(copying.buyer),
    }
    if placed.discount:
        code = {
            "code": placed.terms.coupon or "discount",
            "amountSet": _money(placed.discount, placed.currency),
        }
        wanted["discountCode"] = {"itemFixedDiscountCode": code}
    if wanted["financialStatus"] == "PAID":
        wanted["transactions"] = list(_transactions(state, copying.paid_through))
    if state.to.how is Fulfilment.DELIVERY and state.to.address:
        wanted["shippingAddress"] = shipping_address(state, copying.buyer)
    return wanted


def _note(state: OrderState) -> str:
    number = f"Order #{state.order.number}"
    return f"{number}: {state.to.note}" if state.to.note else number


def _attributes(state: OrderState) -> Iterator[tuple[str, str]]:
    yield "Order", state.order.number
    if state.to.how:
        yield "Fulfilment", str(state.to.how)
    if state.to.slot_name:
        yield "Slot", state.to.slot_name
    for name, answer in state.order.terms.kept.items():
        yield name, str(answer)


def _goods(copying: Copying) -> dict[str, Any]:
    """Return the lines and the delivery, each with the tax inside it."""
    state, placed = copying.order, copying.order.order
    rows: Sequence[TaxRow] = ()
    if not is_untaxed(state):
        taxed = [Taxable(line.charged, line.delivery, line.rate) for line in placed.lines]
        rows = tax_rows(taxed, is_in_state(state))
    lines = [_line(copying, line, rows[index : index + 1]) for index, line in enumerate(placed.lines)]
    if not placed.delivery:
        return {"lineItems": lines}
    delivery = {
        "title": "Delivery",
        "priceSet": _money(placed.delivery, placed.currency),
        "taxLines": _taxes(rows[len(lines) :], placed.currency),
    }
    return {"lineItems": lines, "shippingLines": [delivery]}


def _line(copying: Copying, line: Line, rows: Sequence[TaxRow]) -> dict[str, Any]:
    currency = copying.order.order.currency
    wanted = {
        "quantity": line.quantity,
        "priceSet": _money(line.price, currency),
        "taxable": bool(rows),
        "taxLines": _taxes(rows, currency),
    }
    if variant := copying.variants.get(line.sku):
        return {"variantId": variant, **wanted}
    return {"title": line.name[:_SHOWN], "sku": line.sku, "requiresShipping": True, **wanted}


def _taxes(rows: Sequence[TaxRow], currency: str) -> list[dict[str, Any]]:
    parts = [
        (name, share, amount)
        for row in rows
        for name, share, amount in (
            ("CGST", row.rate / 2, row.cgst), ("SGST", row.rate / 2, row.sgst), ("IGST", row.rate, row.igst)
        )
        if amount
    ]  # fmt: skip
    return [
        {"title": name, "rate": f"{share / 10_000:.6f}", "priceSet": _money(amount, currency)}
        for name, share, amount in parts
    ]


def _transactions(state: OrderState, paid_through: str) -> Iterator[dict[str, Any]]:
    """Yield the payments that pay for the order. What was paid beyond that goes back, and is not shown."""
    left = state.order.total
    for payment in state.balance.fitting:
        amount = min(payment.amount, left)
        left -= amount
        if amount:
            yield _transaction(payment.id, payment.method, amount, state.order.currency, paid_through)
    if left:
        # What a shop gave up or lowered counts as paid: the copy has the price at which it was placed.
        yield _transaction("", "allowance", left, state.order.currency, paid_through)


def _transaction(id: str, method: str, amount: int, currency: str, paid_through: str) -> dict[str, Any]:
    wanted = {"kind": "SALE", "status": "SUCCESS", "amountSet": _money(amount, currency)}
    if is_by_hand(id) or not id:
        return {**wanted, "gateway": method or "cash"}
    return {**wanted, "gateway": paid_through, "authorizationCode": id}


def _person(buyer: Buyer) -> dict[str, Any]:
    """Return whose order it is. A number belongs to one customer, so whoever is known is not made again."""
    if not buyer.phone:
        return {}
    if buyer.customer_id:
        return {"phone": buyer.phone, "customer": {"toAssociate": {"id": buyer.customer_id}}}
    named = {"firstName": buyer.name[:_SHOWN]} if buyer.name else {}
    return {"phone": buyer.phone, "customer": {"toUpsert": {"phone": buyer.phone, **named}}}


def shipping_address(state: OrderState, buyer: Buyer) -> dict[str, Any]:
    """Return where the order goes, as Shopify writes it."""
    first, rest = state.to.address[:_SHOWN], state.to.address[_SHOWN : 2 * _SHOWN]
    name, phone = state.to.name or buyer.name, state.to.phone or buyer.phone
    found = {"address1": first, "address2": rest, "zip": state.to.pincode, "lastName": name[:_SHOWN]}
    return {"countryCode": "IN", **{key: value for key, value in (found | {"phone": phone}).items() if value}}


def _money(paise: int, currency: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": decimal(paise), "currencyCode": currency}}


def decimal(paise: int) -> str:
    """Return an amount as Shopify writes it: `1798.00`."""
    return f"{paise // 100}.{paise % 100:02d}"
