"""What Shopify answers, read into values. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from payments.ledger.mirrors import CopyStatus
from payments.shop.orders import CURRENCY
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
    sent: bool = False
    """Whether goods of it were sent from there."""


_SENT: Final = frozenset({"FULFILLED", "PARTIALLY_FULFILLED"})


def copy_of(order: Any) -> Copy:
    """Return an order. Raises ShopifyError if it is none."""
    try:
        if order["cancelledAt"]:
            status = CopyStatus.CANCELLED
        else:
            paid = order["displayFinancialStatus"] in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
            status = CopyStatus.PAID if paid else CopyStatus.PENDING
        total, sent = paise(order["totalPriceSet"]), order["displayFulfillmentStatus"] in _SENT
        return Copy(_id(order), str(order["name"]), str(order["createdAt"]), status, total, sent)
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "an order has not the expected fields") from error


def created(data: Mapping[str, Any]) -> Copy:
    """Return the order that `orderCreate` made. Raises ShopifyError."""
    return copy_of(done(data, "orderCreate").get("order"))


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


@dataclass(frozen=True, slots=True)
class Store:
    """What a store says of itself."""

    name: str
    currency: str
    scopes: frozenset[str]
    """The permissions that the app has."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds goods. It is active."""

    name: str
    ships: bool
    """Whether online orders are sent from there."""
    city: str
    """Empty if its address has none."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """How Shopify counts one variant."""

    id: str
    tracked: bool
    """Whether it counts it at all."""
    somewhere: bool
    """Whether an active location stocks it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is sold at Shopify by one id: a variant, or a product without variants."""

    id: str
    """`gid://shopify/ProductVariant/…`."""
    product: str
    variant: str
    """Empty if the product has none."""
    category: str
    """Shopify's product type; empty without one."""
    sku: str
    """May be empty, and need not be unique."""
    price: int | None
    """Paise; None if it is no amount of whole paise."""
    picture: str
    """Its product's; empty without one."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the products, and after what the next page begins; None if this is the last one."""

    products: tuple[Listed, ...]
    next: str | None


def store(data: Mapping[str, Any]) -> Store:
    """Return what a store says of itself. Raises ShopifyError."""
    try:
        shop, scopes = data["shop"], data["currentAppInstallation"]["accessScopes"]
        handles = frozenset(str(scope["handle"]) for scope in scopes)
        return Store(str(shop["name"]), str(shop["currencyCode"]), handles)
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the store has not the expected fields") from error


def locations(data: Mapping[str, Any]) -> list[Location]:
    """Return the active locations. Raises ShopifyError."""
    try:
        return [
            Location(str(one["name"]), bool(one["fulfillsOnlineOrders"]), str(one["address"]["city"] or ""))
            for one in data["locations"]["nodes"]
        ]
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "a location has not the expected fields") from error


def stocked(data: Mapping[str, Any]) -> list[Stocked]:
    """Return how the variants of a look-up are counted; those that are gone are left out."""
    try:
        found = [(one["id"], one["inventoryItem"]) for one in data["nodes"] if one]
        return [
            Stocked(str(id), bool(item["tracked"]), bool(item["inventoryLevels"]["nodes"]))
            for id, item in found
        ]
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "a variant has not the expected fields") from error


def quantities(data: Mapping[str, Any]) -> dict[str, int]:
    """Return the pieces available of each variant of a look-up, by id. What is gone or uncounted is left out.

    Raises ShopifyError.
    """
    try:
        counted = [one for one in data["nodes"] if one and one["inventoryItem"]["tracked"]]
        return {str(one["id"]): int(one["inventoryQuantity"]) for one in counted}
    except (KeyError, TypeError, ValueError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "a variant has not the expected fields") from error


def products(data: Mapping[str, Any]) -> Page:
    """Return a page of products. Raises ShopifyError."""
    try:
        page = data["products"]["pageInfo"]
        listed = [one for product in data["products"]["nodes"] for one in _listed(product)]
        return Page(tuple(listed), str(page["endCursor"]) if page["hasNextPage"] else None)
    except (KeyError, TypeError) as error:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "a product has not the expected fields") from error


def _listed(product: Mapping[str, Any]) -> Iterator[Listed]:
    variants, title = product["variants"], str(product["title"])
    if variants["pageInfo"]["hasNextPage"]:
        raise ShopifyError(Reason.REFUSED, f"'{title}' has over 100 variants: a flow file takes 100")
    image = ((product["featuredMedia"] or {}).get("preview") or {}).get("image") or {}
    for variant in variants["nodes"]:
        yield Listed(
            id=_id(variant),
            product=title,
            variant="" if product["hasOnlyDefaultVariant"] else str(variant["title"]),
            category=str(product["productType"] or ""),
            sku=str(variant["sku"] or ""),
            price=_in_paise(variant["price"]),
            picture=str(image.get("url") or ""),
        )


def require_done(data: Mapping[str, Any], name: str) -> None:
    """Raise ShopifyError unless the mutation `name` was carried out."""
    done(data, name)


def done(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return what the mutation `name` answers. Raises ShopifyError unless it was carried out."""
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


def paise(bag: Mapping[str, Any]) -> int | None:
    """Return an amount; None if it is not in rupees, or no amount. Raises KeyError or TypeError."""
    money = bag["shopMoney"]
    return _in_paise(money["amount"]) if money["currencyCode"] == CURRENCY else None


def _in_paise(rupees: Any) -> int | None:
    try:
        amount = Decimal(str(rupees)) * 100
    except InvalidOperation:
        return None
    return int(amount) if amount.is_finite() and amount == amount.to_integral_value() else None
