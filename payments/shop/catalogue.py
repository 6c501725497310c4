"""The `shop:` section of a flow file: products, payment links, and rules for payments that do not fit."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from flows.document import durations
from flows.document.shape import Texts, text_in
from flows.messages import urls
from payments.shop.handover import HandoverSpec
from payments.shop.money import Rupees
from payments.shop.staff import StaffSpec, distinct

MIN_LINK_LIFE: Final = 16 * 60_000
"""Milliseconds. Razorpay wants `expire_by` over 15 minutes ahead. Source: Razorpay, Standard Links."""
MAX_LINK_LIFE: Final = 180 * 86_400_000
"""Milliseconds. Razorpay takes at most six months."""


MIN_LATE_WINDOW: Final = 86_400_000
MAX_LATE_WINDOW: Final = 30 * 86_400_000


def _life(value: Any) -> int:
    life = durations.parse(str(value))
    if not MIN_LINK_LIFE <= life <= MAX_LINK_LIFE:
        raise ValueError("Razorpay takes payment links that live from '16 min' to '180 days'")
    return life


LinkLife: TypeAlias = Annotated[int, BeforeValidator(_life)]


def _window(value: Any) -> int:
    window = durations.parse(str(value))
    if not MIN_LATE_WINDOW <= window <= MAX_LATE_WINDOW:
        raise ValueError("banks say yes up to some days late: give '1 day' to '30 days'")
    return window


def _picture(url: str) -> str:
    if fault := urls.fault(url):
        raise ValueError(fault)
    return url


LateWindow: TypeAlias = Annotated[int, BeforeValidator(_window)]


class Repairs(BaseModel):
    """What the shop does with money that does not fit the order, without asking a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short: Literal["top up", "refund", "hold"] = "top up"
    """Less than the total was paid: make a link for the rest, refund all of it, or leave it to a person."""
    surplus: Literal["refund", "hold"] = "refund"
    """More than the total was paid."""
    late: Literal["fulfil", "refund", "hold"] = "fulfil"
    """Paid after the order had ended. Without stock, `fulfil` refunds the money."""


class Product(BaseModel):
    """One product for sale."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    name: Texts
    price: Rupees
    """Paise."""
    description: Texts | None = None
    image: Annotated[str, AfterValidator(_picture)] | None = None
    stock: Annotated[int | None, Field(ge=0)] = None
    """Pieces in stock when this line is written or changed; None if the product is not counted."""


class Shop(BaseModel):
    """The shop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Texts
    products: Annotated[list[Product], Field(min_length=1, max_length=1000)]
    payment_link_life: LinkLife = 20 * 60_000
    """Milliseconds from the request for a payment link to its expiry."""
    late_window: LateWindow = 5 * 86_400_000
    """Milliseconds after a link's expiry in which its payment may still arrive.
    Razorpay asks the bank for 3 days; older pages say 5. Source: Late authorisation."""
    repairs: Repairs = Repairs()
    max_quantity: Annotated[int, Field(ge=1, le=10_000)] = 99
    """Pieces of one product in one order."""
    staff: Annotated[list[StaffSpec], AfterValidator(distinct), Field(max_length=50)] = []
    """Who runs the shop. The setting MUNSHI_STAFF adds numbers that the flow file leaves out."""

    handover: HandoverSpec = HandoverSpec()
    """When a chat that a person has taken over comes back to the bot."""

    @model_validator(mode="after")
    def _skus_are_unique(self) -> "Shop":
        skus = [product.sku for product in self.products]
        duplicates = sorted({sku for sku in skus if skus.count(sku) > 1})
        if duplicates:
            raise ValueError(f"the sku '{duplicates[0]}' is given to two products")
        return self

    def product(self, sku: str) -> Product | None:
        """Return the product with this sku, or None."""
        return next((product for product in self.products if product.sku == sku), None)

    def limit(self, product: Product, left: Mapping[str, int]) -> int:
        """Return how many pieces of `product` one order may hold.

        `left` has the pieces left of each counted product.
        """
        in_stock = product.stock if product.stock is None else left.get(product.sku, product.stock)
        return self.max_quantity if in_stock is None else max(0, min(self.max_quantity, in_stock))

    def with_staff(self, more: Sequence[StaffSpec]) -> "Shop":
        """Return the shop with `more` staff. Raises ValueError if two of them all have one number."""
        return self.model_copy(update={"staff": distinct([*self.staff, *more])})

    @property
    def counted(self) -> dict[str, int]:
        """Declared stock of each counted product, by sku."""
        return {p.sku: p.stock for p in self.products if p.stock is not None}


def view(shop: Shop, language: str, fallback: str) -> dict[str, Any]:
    """Return the shop as templates see it in one language: `name`, and `products` with `sku`, `price`, …"""
    return {
        "name": text_in(shop.name, language, fallback),
        "products": [
            {
                "sku": product.sku,
                "name": text_in(product.name, language, fallback),
                "description": text_in(product.description or "", language, fallback),
                "price": product.price,
                "image": product.image or "",
                "in_stock": shop.limit(product, {}) > 0,
            }
            for product in shop.products
        ],
    }
