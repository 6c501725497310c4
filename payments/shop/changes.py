"""What changes in the shop from one version of the flow file to another, in words. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from payments.shop.cart import Cart
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.products import Product

_TOLD_APART: Final = frozenset({"products", "repairs"})
"""Keys of the shop that have lines of their own."""


def prices(old: Shop, new: Shop) -> Iterator[str]:
    """Yield a line for each article that is new, no longer sold, or sold at another price."""
    for sku in dict.fromkeys([*old.articles, *new.articles]):
        before, after = old.article(sku), new.article(sku)
        if before is None and after is not None:
            yield f"new: {sku}, {money(after.price)}"
        elif after is None and before is not None:
            yield f"no longer sold: {sku} ({money(before.price)})"
        elif before is not None and after is not None and before.price != after.price:
            yield f"{sku}: {money(before.price)} → {money(after.price)}"


def stock(old: Shop, new: Shop) -> Iterator[str]:
    """Yield a line for each article whose count is declared anew, or that is counted no longer."""
    before, after = old.counted, new.counted
    for sku in dict.fromkeys([*before, *after]):
        was, now = before.get(sku), after.get(sku)
        if was != now and sku in new.articles:
            yield f"{sku}: not counted any more" if now is None else f"{sku}: {now} from now on" + _was(was)


def _was(count: int | None) -> str:
    return ", not counted before" if count is None else f", {count} declared before"


def repairs(old: Shop, new: Shop) -> Iterator[str]:
    """Yield a line for each repair of money that changes. Placed orders keep theirs."""
    before, after = old.repairs.model_dump(), new.repairs.model_dump()
    for name, was in before.items():
        if after[name] != was:
            yield f"{name}: {was} → {after[name]}, for orders placed from now on"


def descriptions(old: Shop, new: Shop) -> Iterator[str]:
    """Yield a line for each product of both that is described in another way, or stands elsewhere."""
    before = {product.sku: product for product in old.products}
    for product in new.products:
        was = before.get(product.sku)
        if was is not None and (changed := _differing(was, product)):
            yield f"{product.sku}: {' and '.join(changed)} of it changes"


def _differing(was: Product, now: Product) -> list[str]:
    told = {"price", "stock", "variants"}
    found = [name for name in Product.model_fields if getattr(was, name) != getattr(now, name)]
    sizes = [
        {one.sku: one.model_dump(exclude={"price", "stock"}) for one in product.variants}
        for product in (was, now)
    ]
    return [name for name in found if name not in told] + (["the sizes"] if sizes[0] != sizes[1] else [])


def rest(old: Shop, new: Shop) -> Iterator[str]:
    """Yield a line for each other key of the shop that changes."""
    before, after = _plain(old), _plain(new)
    for name, was in before.items():
        if after[name] != was:
            yield f"'{name}' changes, at once for everybody"


def only_prices(old: Shop, new: Shop) -> bool:
    """Return whether nothing of the shop changes but prices, descriptions and pictures."""
    return old.repairs == new.repairs and _plain(old) == _plain(new) and _goods(old) == _goods(new)


def _goods(shop: Shop) -> list[Mapping[str, Any]]:
    """Return the products without their prices, descriptions and pictures."""
    apart = {"price", "description", "image"}
    return [
        {
            **product.model_dump(exclude={*apart, "variants"}),
            "variants": [variant.model_dump(exclude=apart) for variant in product.variants],
        }
        for product in shop.products
    ]


def _plain(shop: Shop) -> Mapping[str, Any]:
    return {name: getattr(shop, name) for name in Shop.model_fields if name not in _TOLD_APART}


def goods(shop: Shop, cart: Cart) -> int | None:
    """Return the paise of the goods in `cart`; None if the shop does not sell one of them."""
    articles = [shop.article(item.sku) for item in cart]
    if any(article is None for article in articles):
        return None
    pairs = zip(articles, cart, strict=True)
    return sum(article.price * item.quantity for article, item in pairs if article is not None)
