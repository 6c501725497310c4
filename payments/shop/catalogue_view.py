"""The shop as templates see it in one language. All views are plain data; sums are in paise."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from flows.document.shape import text_in
from flows.templates.lookups import LookupTable
from payments.shop.catalogue import Shop
from payments.shop.coupons import Coupon, find
from payments.shop.product_names import ProductNames
from payments.shop.products import Product

View: TypeAlias = Mapping[str, Any]

_NO_NAME: Final = "-"
"""No empty text: a message that is nothing but the name could not be sent."""
NO_PRODUCT: Final[View] = {
    "sku": "",
    "name": _NO_NAME,
    "description": "",
    "price": 0,
    "image": "",
    "category": "",
    "in_stock": False,
    "variants": [],
}
"""What `shop.product[…]` reads for a sku that the shop does not have."""
NO_CATEGORY: Final[View] = {"id": "", "name": _NO_NAME, "in_stock": False, "products": []}
"""What `shop.category[…]` reads for an id that the shop does not have."""


_NOBODY: Final[View] = {"sku": "", "quantity": 1, "products": []}
"""What `shop.called[…]` reads for a text that is no name."""


class _Called(LookupTable):
    """What a typed text may mean: `sku` of what alone is called so, the `products` like it, and how many."""

    def __init__(self, names: ProductNames, articles: Mapping[str, View]) -> None:
        super().__init__({"": _NOBODY}, _NOBODY)
        self.names = names
        self._articles = articles

    def __missing__(self, text: str) -> View:
        wish = self.names.asked(text)
        return {
            "sku": wish.skus[0] if wish.is_name and len(wish.skus) == 1 else "",
            "quantity": wish.quantity,
            "products": [self._articles[sku] for sku in wish.skus],
        }


_NO_COUPON: Final[View] = {"code": ""}
"""What `shop.coupon[…]` reads for a text that is no coupon's code."""


class _Coupons(LookupTable):
    """The coupon whose code a typed text is."""

    def __init__(self, codes: Sequence[Coupon]) -> None:
        super().__init__({"": _NO_COUPON}, _NO_COUPON)
        self._coupons = codes

    def __missing__(self, text: str) -> View:
        found = find(self._coupons, text)
        return {"code": found.code} if found else _NO_COUPON


def view(shop: Shop, language: str, fallback: str, words: Collection[str] = frozenset()) -> dict[str, Any]:
    """Return the shop's name, products and categories, with the stock as declared. It counts as open.

    `words`: normal forms that the flow understands, which are never the name of a product.
    """
    products = [_product(shop, product, language, fallback) for product in shop.products]
    categories = [
        {"id": category.id, "name": text_in(category.name, language, fallback)}
        for category in shop.categories
    ]
    by_sku = LookupTable(_by_sku(products), NO_PRODUCT)
    return {
        "name": text_in(shop.name, language, fallback),
        "phone": shop.phone or "",
        "open": True,
        "opens_at": "",
        "minimum": shop.minimum_order,
        "keeps": list(shop.keeps),
        "products": products,
        "product": by_sku,
        "called": _Called(ProductNames(shop, words), by_sku),
        "coupon": _Coupons(shop.coupons),
        **_categories(categories, products),
    }


def without(shop: View, gone: Collection[str]) -> dict[str, Any]:
    """Return the view of a shop in which nothing with a sku in `gone` is in stock."""
    changed = {product["sku"]: _without(product, gone) for product in shop["products"] if _has(product, gone)}
    products = [changed.get(product["sku"], product) for product in shop["products"]]
    by_sku = LookupTable(shop["product"] | _by_sku(changed.values()), NO_PRODUCT)
    called = _Called(shop["called"].names, by_sku)
    named = {"product": by_sku, "called": called}
    return {**shop, "products": products, **named, **_categories(shop["categories"], products)}


def strict(shop: View) -> dict[str, Any]:
    """Return the view of a shop in which reading an unknown product or category is an error."""
    return {**shop, **{key: LookupTable(shop[key], None) for key in ("product", "category")}}


def example(shop: View) -> dict[str, Any]:
    """Return the view of a shop with the same keys, in which every list has an item."""
    first = shop["products"][0]
    size = {key: first[key] for key in ("sku", "name", "price", "image", "in_stock")}
    product = {**first, "variants": first["variants"] or [size]}
    return {
        **shop,
        "products": [product],
        "product": LookupTable(dict.fromkeys(shop["product"], product), product),
        "coupon": LookupTable({"": _NO_COUPON}, _NO_COUPON),
        "called": LookupTable({"": {"sku": first["sku"], "quantity": 1, "products": [product]}}, _NOBODY),
        "categories": [{**(shop["categories"] or [NO_CATEGORY])[0], "products": [product]}],
    }


def _product(shop: Shop, product: Product, language: str, fallback: str) -> View:
    articles = list(product.articles())
    variants = [
        {
            "sku": one.sku,
            "name": text_in(one.variant.name, language, fallback),
            "price": one.price,
            "image": one.image,
            "in_stock": shop.limit(one, {}) > 0,
        }
        for one in articles
        if one.variant
    ]
    return {
        "sku": product.sku,
        "name": text_in(product.name, language, fallback),
        "description": text_in(product.description or "", language, fallback),
        "price": min(one.price for one in articles),
        "image": product.image or "",
        "category": product.category or "",
        "in_stock": any(shop.limit(one, {}) > 0 for one in articles),
        "variants": variants,
    }


def _by_sku(products: Iterable[View]) -> dict[str, View]:
    """Return each product and each of its variants by sku."""
    return {article["sku"]: article for product in products for article in (product, *_articles(product))}


def _categories(categories: Sequence[View], products: Sequence[View]) -> dict[str, Any]:
    """Return the categories as a list and by id, each with its products; in stock if one of them is.

    `in_stock` beside them says whether anything is.
    """
    own: dict[str, list[View]] = {category["id"]: [] for category in categories}
    for product in products:
        own.get(product["category"], []).append(product)
    stocked = {id for id, members in own.items() if any(product["in_stock"] for product in members)}
    shown = [
        {**category, "in_stock": category["id"] in stocked, "products": own[category["id"]]}
        for category in categories
    ]
    by_id = LookupTable({category["id"]: category for category in shown}, NO_CATEGORY)
    in_stock = any(product["in_stock"] for product in products)
    return {"in_stock": in_stock, "categories": shown, "category": by_id}


def _articles(product: View) -> list[View]:
    """Return each variant as a product of its own, with its full name."""
    return [
        {**product, **variant, "name": f"{product['name']}, {variant['name']}", "variants": []}
        for variant in product["variants"]
    ]


def _has(product: View, skus: Collection[str]) -> bool:
    return product["sku"] in skus or any(variant["sku"] in skus for variant in product["variants"])


def _without(product: View, gone: Collection[str]) -> View:
    whole = product["sku"] in gone
    variants = [
        v if not whole and v["sku"] not in gone else {**v, "in_stock": False} for v in product["variants"]
    ]
    in_stock = not whole and any(variant["in_stock"] for variant in variants)
    return {**product, "variants": variants, "in_stock": in_stock}
