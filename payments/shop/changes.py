"""What changes in the shop from one version of the flow file to another, in words. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from payments.shop.cart import Cart
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.products import COUNTS, Product
from payments.shop.stock import COUNTED_THERE, Count

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


def stock(new: Shop, counts: Mapping[str, Count]) -> Iterator[str]:
    """Yield a line for each article whose number in the file is another than what is served has.

    `counts` are those of today. It is a new count, or the goods are counted no longer.
    """
    for sku, number in new.stock.items():
        count = counts.get(sku)
        if number is None and count is not None and not count.is_counted:
            yield f"{sku}: the count from before the rollback ends ({count.left} left)"
        elif number is None or count is None:
            yield from _counted_or_not(sku, number, count)
        elif not count.is_of(number):
            yield f"{sku}: {_from_now_on(number)}, {_before(count.in_file)} before ({count.left} left)"
        elif number != count.in_served:
            yield _goes_on(sku, number, count, f"{number} was counted before the rollback")


def stock_of_rollback(earlier: Shop, counts: Mapping[str, Count]) -> Iterator[str]:
    """Yield a line for each article whose number in an earlier version is another than what is served has.

    It is no new count, unless nothing was counted: goods that were sold meanwhile are still sold.
    """
    for sku, number in earlier.stock.items():
        count = counts.get(sku)
        if number is None or count is None:
            yield from _counted_or_not(sku, number, count)
        elif number != count.in_served:
            yield _goes_on(sku, number, count, "a rollback counts nothing anew")


def _from_now_on(number: int) -> str:
    counted = f"what {COUNTS} counts" if number == COUNTED_THERE else str(number)
    return f"{counted} from now on"


def _before(number: int) -> str:
    return f"counted by {COUNTS}" if number == COUNTED_THERE else f"{number} declared"


def _goes_on(sku: str, number: int, count: Count, why: str) -> str:
    if number == COUNTED_THERE:
        return f"{sku}: counted by {COUNTS} again; {count.left} left until that is read"
    return f"{sku}: {count.left} left, as before: {why}"


def _counted_or_not(sku: str, number: int | None, count: Count | None) -> Iterator[str]:
    if number is not None:
        yield f"{sku}: {_from_now_on(number)}, not counted before"
    elif count is not None and count.is_counted:
        yield f"{sku}: not counted any more ({count.left} left)"


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
