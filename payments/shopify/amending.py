"""What is taken off an order after its copy was made, written for `refundCreate` and `orderUpdate`. Pure.

A refund there is only recorded: its gateway is none of Shopify's, so no money moves, and no mail is sent.
Source: GraphQL Admin API, schema 2026-07. From 2026-04 on `refundCreate` must have an idempotency key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment
from payments.shop.order_terms import Fulfilment
from payments.shopify.answers import done, paise
from payments.shopify.errors import Reason, ShopifyError
from payments.shopify.requests import Buyer, decimal, shipping_address

_MONEY: Final = "{ shopMoney { amount currencyCode } }"
PARTS: Final = (
    "query parts($id: ID!) { order(id: $id) {"
    " lineItems(first: 100) { nodes { id sku variant { id } } }"
    f" transactions(first: 50) {{ id kind status gateway amountSet {_MONEY} }} }} }}"
)
REFUND: Final = (
    "mutation refundCreate($input: RefundInput!, $key: String!)"
    " { refundCreate(input: $input) @idempotent(key: $key)"
    f" {{ order {{ netPaymentSet {_MONEY} currentTotalPriceSet {_MONEY} }}"
    " userErrors { field message } } }"
)
UPDATE: Final = (
    "mutation orderUpdate($input: OrderInput!)"
    " { orderUpdate(input: $input) { order { id } userErrors { field message } } }"
)
OURS: Final = "Munshi: "
"""How the note of a refund begins that is recorded from here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of a copy."""

    id: str
    sku: str
    variant: str
    """Empty for a line without one."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A payment that a copy has."""

    id: str
    gateway: str
    amount: int
    """Paise."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a copy is made of."""

    pieces: tuple[Piece, ...]
    sales: tuple[Sale, ...]
    """None while its cash is to come."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a copy after a refund, in paise; None where it is no amount in rupees."""

    paid: int | None
    """What was paid, less what went back."""
    costs: int | None


def parts_of(data: Mapping[str, Any]) -> Parts | None:
    """Return what a copy is made of; None if it was deleted. Raises ShopifyError."""
    if (order := data.get("order")) is None:
        return None
    try:
        pieces = tuple(_piece(node) for node in order["lineItems"]["nodes"])
        sold = (one for one in order["transactions"] if (one["kind"], one["status"]) == ("SALE", "SUCCESS"))
        sales = (Sale(str(one["id"]), str(one["gateway"]), paise(one["amountSet"]) or 0) for one in sold)
        return Parts(pieces, tuple(sales))
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "an order has not the expected parts") from error


def _piece(node: Mapping[str, Any]) -> Piece:
    variant = (node["variant"] or {}).get("id") or ""
    return Piece(str(node["id"]), str(node["sku"] or ""), str(variant))


def left_after(data: Mapping[str, Any]) -> Left:
    """Return what is left of a copy after `REFUND`. Raises ShopifyError."""
    try:
        order = done(data, "refundCreate")["order"]
        return Left(paise(order["netPaymentSet"]), paise(order["currentTotalPriceSet"]))
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the refund has not the expected order") from error


def refund(
    copy_id: str, amendment: Amendment, parts: Parts, variants: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return the variables of `REFUND` that take `amendment` off the copy; None if it has no such parts.

    `variants` holds Shopify's id of the variant that is sold by each sku. While cash is to come there is
    nothing to give back: then only pieces can be taken off.
    """
    line = _line(amendment, parts, variants)
    sale = next((one for one in parts.sales if one.amount >= amendment.amount), None)
    if (amendment.pieces and line is None) or (sale is None and (parts.sales or not amendment.pieces)):
        return None
    given: dict[str, Any] = {
        "orderId": copy_id,
        "note": f"{OURS}{amendment.kind} ({amendment.key})",
        "notify": False,
    }
    if line is not None:
        given["refundLineItems"] = [
            {"lineItemId": line.id, "quantity": amendment.pieces, "restockType": "NO_RESTOCK"}
        ]
    if sale is not None and amendment.amount:
        given["transactions"] = [
            {
                "orderId": copy_id,
                "parentId": sale.id,
                "kind": "REFUND",
                "gateway": sale.gateway,
                "amount": decimal(amendment.amount),
            }
        ]
    return {"input": given, "key": amendment.key}


def _line(amendment: Amendment, parts: Parts, variants: Mapping[str, str]) -> Piece | None:
    variant = variants.get(amendment.sku)
    return next(
        (
            piece
            for piece in parts.pieces
            if amendment.pieces and (piece.variant == variant if variant else piece.sku == amendment.sku)
        ),
        None,
    )


def readdress(copy_id: str, order: OrderState, buyer: Buyer) -> dict[str, Any] | None:
    """Return the variables of `UPDATE` that send the copy where the order goes; None if it is fetched."""
    if order.to.how is not Fulfilment.DELIVERY or not order.to.address:
        return None
    return {"input": {"id": copy_id, "shippingAddress": shipping_address(order, buyer)}}
