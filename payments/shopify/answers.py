"""What Shopify answers, read into values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from payments.ledger.mirrors import CopyStatus
from payments.shopify.errors import Reason, ShopifyError, refused


@dataclass(frozen=True, slots=True)
class Copy:
    """An order at Shopify."""

    id: str
    """`gid://shopify/Order/…`."""
    name: str
    """What its staff call it: `#1001`."""
    created_at: str
    """ISO 8601, UTC."""
    status: CopyStatus
    total: int | None
    """Paise; None if it is not in rupees, or no amount."""


def copy_of(order: Any) -> Copy:
    """Return an order. Raises ShopifyError if it is none."""
    try:
        if order["cancelledAt"]:
            status = CopyStatus.CANCELLED
        else:
            paid = order["displayFinancialStatus"] in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
            status = CopyStatus.PAID if paid else CopyStatus.PENDING
        total = _paise(order["totalPriceSet"]["shopMoney"])
        return Copy(_id(order), str(order["name"]), str(order["createdAt"]), status, total)
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "an order has not the expected fields") from error


def created(data: Mapping[str, Any]) -> Copy:
    """Return the order that `orderCreate` made. Raises ShopifyError."""
    return copy_of(_mutated(data, "orderCreate").get("order"))


def found(data: Mapping[str, Any]) -> list[Copy]:
    """Return the orders of a look-up, oldest first. Raises ShopifyError."""
    try:
        nodes = data["orders"]["nodes"]
        return sorted(map(copy_of, nodes), key=lambda copy: (copy.created_at, copy.id))
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the answer lists no orders") from error


def customer_id(data: Mapping[str, Any]) -> str | None:
    """Return the id of the customer of a look-up; None if there is none."""
    customer = data.get("customerByIdentifier")
    return _id(customer) if isinstance(customer, Mapping) else None


def require_done(data: Mapping[str, Any], name: str) -> None:
    """Raise ShopifyError unless the mutation `name` was carried out."""
    _mutated(data, name)


def _mutated(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    answer = data.get(name)
    if not isinstance(answer, Mapping):
        raise ShopifyError(Reason.UNINTELLIGIBLE, f"the answer has no {name}")
    if error := refused(answer.get("userErrors") or answer.get("orderCancelUserErrors")):
        raise error
    return answer


def _id(value: Mapping[str, Any]) -> str:
    if not isinstance(id := value.get("id"), str):
        raise ShopifyError(Reason.UNINTELLIGIBLE, "an object has no id")
    return id


def _paise(money: Mapping[str, Any]) -> int | None:
    try:
        amount = Decimal(str(money["amount"])) * 100
    except InvalidOperation:
        return None
    whole = amount.is_finite() and amount == amount.to_integral_value()
    return int(amount) if whole and money["currencyCode"] == "INR" else None
