"""Categories, products and their variants, as the `shop:` section of a flow file names them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from flows.document.shape import Misplaced, Name, Texts, misplaced, text_in
from flows.messages import urls
from payments.shop.money import Rupees
from payments.shop.pricing import GstRate

_HSN_LENGTHS: Final = (4, 6, 8)
"""Digits of a code of the Harmonised System (HSN) for goods, or of a service code (SAC) on an invoice."""


def _hsn(code: str) -> str:
    if not (code.isascii() and code.isdigit() and len(code) in _HSN_LENGTHS):
        raise ValueError(f"'{code}' is not an HSN or SAC code: these have 4, 6 or 8 digits")
    return code


Hsn: TypeAlias = Annotated[str, AfterValidator(_hsn)]


def _picture(url: str) -> str:
    if fault := urls.fault(url):
        raise ValueError(fault)
    return url


Picture: TypeAlias = Annotated[str, AfterValidator(_picture)]
Sku: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Pieces: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
Stock: TypeAlias = Pieces | Literal["shopify"] | None
"""Pieces in stock when the line is written or changed, or who counts them; None if they are not counted."""


ShopifyVariant: TypeAlias = (
    Annotated[str, Field(pattern=r"^gid://shopify/ProductVariant/[0-9]{1,20}$")] | None
)
"""Shopify's id of what is sold by one sku."""
COUNTS: Final = "Shopify"
"""What people read of who counts the stock that is not counted from a number of the flow file."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Category(_Shape):
    """A group of products, with the tax of those that say nothing else."""

    id: Name
    """What products call it: `category: sweets`."""
    name: Texts
    """What customers see."""
    gst: GstRate | None = None
    """Rate of GST of its products, in percent."""
    hsn: Hsn | None = None
    """HSN code of its products, in quotes."""


class Variant(_Shape):
    """One size or kind of a product. It is ordered by its own sku."""

    sku: Sku
    """By what it is ordered."""
    name: Texts
    """What sets it apart (`250 g`); customers read it behind the product's name."""
    price: Rupees
    """Rupees, as `249.50`; kept in paise."""
    image: Picture | None = None
    """https address of a picture of its own."""
    stock: Stock = None
    """Pieces that there are now, or `shopify`: as many as Shopify counts."""
    shopify: ShopifyVariant = None
    """Shopify's id of it: `gid://shopify/ProductVariant/123`."""


class Product(_Shape):
    """One product for sale. A product with variants has no price and no stock of its own."""

    sku: Sku
    """By what it is ordered: letters, digits, `-`, `_` and `.`; none twice."""
    name: Texts
    """What customers see."""
    price: Rupees | None = None
    """Rupees, as `249.50`; kept in paise."""
    description: Texts | None = None
    """A line about it."""
    image: Picture | None = None
    """https address of a picture, for `{{ product.image }}`."""
    stock: Stock = None
    """Pieces that there are now, or `shopify`: as many as it counts. Without it, it is never sold out."""
    shopify: ShopifyVariant = None
    """Shopify's id of its variant: `gid://shopify/ProductVariant/123`."""
    category: str | None = None
    """Id of its category."""
    gst: GstRate | None = None
    """Rate of GST in percent, instead of its category's."""
    hsn: Hsn | None = None
    """HSN code in quotes, instead of its category's."""
    variants: Annotated[list[Variant], Field(max_length=100)] = []
    """Sizes or kinds, each with its own sku and price. The product then has no price of its own."""

    @model_validator(mode="after")
    def _either_price_or_variants(self) -> "Product":
        if not self.variants and self.price is None:
            mend = "add 'price:' here, or 'variants:' with a price each"
            raise misplaced("Product", [Misplaced(("price",), "'price' is missing", mend)])
        own = [
            key for key in ("price", "stock", "shopify") if self.variants and getattr(self, key) is not None
        ]
        if own:
            mend = "give it to each variant instead"
            raise misplaced(
                "Product",
                [Misplaced((key,), f"a product with variants has no {key} of its own", mend) for key in own],
            )
        return self

    def articles(self) -> "Iterator[Article]":
        """Yield what can be ordered: each variant, or the product itself if it has none."""
        for variant in self.variants:
            yield Article(variant.sku, variant.price, _number(variant.stock), self, variant)
        if self.price is not None:
            yield Article(self.sku, self.price, _number(self.stock), self)


def _number(stock: Stock) -> int | None:
    return stock if isinstance(stock, int) else None


@dataclass(frozen=True, slots=True)
class Article:
    """What is ordered by one sku: a product without variants, or one variant of a product."""

    sku: str
    price: int
    """Rupees, as `249.50`; kept in paise."""
    stock: int | None
    """As declared in the flow file; None if that names no number."""
    product: Product
    variant: Variant | None = None

    def name_in(self, language: str, fallback: str) -> str:
        """Return its full name: `Kaju katli, 250 g`."""
        name = text_in(self.product.name, language, fallback)
        return f"{name}, {text_in(self.variant.name, language, fallback)}" if self.variant else name

    @property
    def shopify(self) -> str | None:
        """Shopify's id of it; None if the file names none."""
        return self.variant.shopify if self.variant else self.product.shopify

    @property
    def is_counted_there(self) -> bool:
        """Whether it is counted by Shopify, and not from a number of the flow file."""
        return (self.variant or self.product).stock == "shopify"

    def pieces(self, left: Mapping[str, int]) -> int | None:
        """Return how many are left, by `left` and the flow file; None if nobody counts them, or read them."""
        if self.stock is None and not self.is_counted_there:
            return None
        return left.get(self.sku, self.stock)

    @property
    def image(self) -> str:
        """Address of its picture: its own, or its product's; empty if there is none."""
        return (self.variant.image if self.variant else None) or self.product.image or ""


def uncountable(products: Sequence[Product]) -> Iterator[Misplaced]:
    """Yield each stock that Shopify cannot count: it has no id there, or one that another product has."""
    ids = Counter(article.shopify for product in products for article in product.articles())
    for at, product in enumerate(products):
        for n, article in enumerate(product.articles()):
            where = ("products", at, *(("variants", n) if article.variant else ()))
            if article.is_counted_there and article.shopify is None:
                mend = "add 'shopify:' with the id of its variant, or say how many there are"
                yield Misplaced((*where, "stock"), "Shopify counts only what has its id", mend)
            elif article.is_counted_there and ids[article.shopify] > 1:
                mend = "give each an id of its own, or say how many there are"
                yield Misplaced((*where, "shopify"), "another product has this id too", mend)
