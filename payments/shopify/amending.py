"""What is taken off an order after its copy was made, written for `refundCreate` and `orderUpdate`. Pure.

A refund there is only recorded: its gateway is none of Shopify's, so no money moves, and no mail is sent.
Source: GraphQL Admin API, schema 2026-07. From 2026-04 on `refundCreate` must have an idempotency key.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
    " lineItems(first: 100) { nodes { id sku unfulfilledQuantity restockable variant { id } } }"
    f" transactions(first: 50) {{ id kind status gateway amountSet {_MONEY} parentTransaction {{ id }} }}"
    f" refunds(first: 50) {{ note }} netPaymentSet {_MONEY} currentTotalPriceSet {_MONEY} }} }}"
)
SHELF: Final = (
    "query shelf($id: ID!, $lines: [RefundLineItemInput!]!) { order(id: $id) {"
    " suggestedRefund(refundLineItems: $lines) { refundLineItems { location { id } } } } }"
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
    unfulfilled: int
    """How many pieces were not sent from there yet."""
    restockable: bool
    """Whether Shopify counts its stock."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A payment that a copy has."""

    id: str
    gateway: str
    left: int
    """Paise of it that did not go back."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a copy after its refunds, in paise; None where it is no amount in rupees."""

    paid: int | None
    """What was paid, less what went back."""
    costs: int | None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a copy is made of."""

    pieces: tuple[Piece, ...]
    sales: tuple[Sale, ...]
    """None while its cash is to come."""
    notes: frozenset[str]
    """Of the refunds that it has."""
    left: Left

    @property
    def paid(self) -> int:
        """What was paid, less what went back, in paise."""
        return sum(sale.left for sale in self.sales)

    def has(self, key: str) -> bool:
        """Return whether a refund was recorded from here under `key`."""
        return any(note.startswith(OURS) and note.endswith(f"({key})") for note in self.notes)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken off a copy, to be recorded once."""

    key: str
    """For Shopify to know a repeated call by."""
    why: str
    amount: int = 0
    """Paise that go back."""
    line: Piece | None = None
    pieces: int = 0
    """Of `line`."""
    location: str | None = None
    """Where its pieces lie on the shelf again; None if they do not."""

    @property
    def note(self) -> str:
        """What is written on the refund."""
        return f"{OURS}{self.why} ({self.key})"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines as Shopify takes them, as if all pieces could be sold again."""
        if self.line is None:
            return []
        return [
            {"lineItemId": self.line.id, "quantity": self.pieces, "restockType": self._restock(self.line)}
        ]

    def _restock(self, line: Piece) -> str:
        # What was not sent from there is not packed any more then; what was sent came back.
        return "CANCEL" if line.unfulfilled >= self.pieces else "RETURN"


def parts_of(data: Mapping[str, Any]) -> Parts | None:
    """Return what a copy is made of; None if it was deleted. Raises ShopifyError."""
    if (order := data.get("order")) is None:
        return None
    try:
        pieces = tuple(_piece(node) for node in order["lineItems"]["nodes"])
        notes = frozenset(str(one["note"] or "") for one in order["refunds"])
        return Parts(pieces, _sales(order["transactions"]), notes, _left(order))
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "an order has not the expected parts") from error


def _piece(node: Mapping[str, Any]) -> Piece:
    variant = (node["variant"] or {}).get("id") or ""
    stands = (int(node["unfulfilledQuantity"]), bool(node["restockable"]))
    return Piece(str(node["id"]), str(node["sku"] or ""), str(variant), *stands)


def _sales(transactions: Sequence[Mapping[str, Any]]) -> tuple[Sale, ...]:
    done = [one for one in transactions if one["status"] == "SUCCESS"]
    back: Counter[str] = Counter()
    for one in done:
        if one["kind"] == "REFUND":
            back[str((one["parentTransaction"] or {}).get("id"))] += paise(one["amountSet"]) or 0
    sold = [(str(one["id"]), one) for one in done if one["kind"] == "SALE"]
    return tuple(Sale(id, str(one["gateway"]), (paise(one["amountSet"]) or 0) - back[id]) for id, one in sold)


def _left(order: Mapping[str, Any]) -> Left:
    return Left(paise(order["netPaymentSet"]), paise(order["currentTotalPriceSet"]))


def left_after(data: Mapping[str, Any]) -> Left:
    """Return what is left of a copy after `REFUND`. Raises ShopifyError."""
    try:
        return _left(done(data, "refundCreate")["order"])
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the refund has not the expected order") from error


def location_of(data: Mapping[str, Any]) -> str | None:
    """Return where Shopify would put pieces back; None if it names no place. Raises ShopifyError."""
    try:
        lines = data["order"]["suggestedRefund"]["refundLineItems"]
        return next((str(line["location"]["id"]) for line in lines if line["location"]), None)
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the answer has no suggested refund") from error


def taken(amendment: Amendment, parts: Parts, variants: Mapping[str, str]) -> Taken | None:
    """Return what `amendment` takes off the copy; None if it has no such parts.

    `variants` holds Shopify's id of the variant that is sold by each sku. While cash is to come there is
    nothing to give back: then only pieces can be taken off.
    """
    line = _line(amendment, parts, variants)
    unable = parts.paid < amendment.amount if parts.sales else not amendment.pieces
    if unable or (amendment.pieces and line is None):
        return None
    amount = amendment.amount if parts.sales else 0
    return Taken(amendment.key, str(amendment.kind), amount, line, amendment.pieces)


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


def refund(copy_id: str, taken: Taken, parts: Parts) -> dict[str, Any]:
    """Return the variables of `REFUND` that record `taken`."""
    given: dict[str, Any] = {"orderId": copy_id, "note": taken.note, "notify": False}
    place = {"restockType": "NO_RESTOCK"} if taken.location is None else {"locationId": taken.location}
    if taken.lines:
        given["refundLineItems"] = [line | place for line in taken.lines]
    if taken.amount:
        given["transactions"] = [*_transactions(copy_id, taken.amount, parts)]
    return {"input": given, "key": taken.key}


def _transactions(copy_id: str, amount: int, parts: Parts) -> Iterator[dict[str, Any]]:
    """Yield how `amount` paise go back: of the first payments that have something left."""
    for sale in parts.sales:
        part = min(sale.left, amount)
        amount -= part
        if part > 0:
            back = {"kind": "REFUND", "gateway": sale.gateway, "amount": decimal(part)}
            yield {"orderId": copy_id, "parentId": sale.id, **back}


def readdress(copy_id: str, order: OrderState, buyer: Buyer) -> dict[str, Any] | None:
    """Return the variables of `UPDATE` that send the copy where the order goes; None if it is fetched."""
    if order.to.how is not Fulfilment.DELIVERY or not order.to.address:
        return None
    return {"input": {"id": copy_id, "shippingAddress": shipping_address(order, buyer)}}
