"""The catalogue of a store, as rows of a sheet of products, and how it differs from the flow file. Pure."""

from collections.abc import Iterator, Sequence

from flows.document.shape import text_in
from payments.shop.catalogue import Shop
from payments.shop.money import MAX_PAISE, money
from payments.shop.product_sheet import SKU
from payments.shop.products import Article
from payments.shop.sheet_rows import Row, Rows, SheetFault
from payments.shopify.answers import Listed


def rows(listed: Sequence[Listed]) -> Rows:
    """Return what is sold as rows. Their lines count what is sold, from 1 on.

    A sku that is none of ours, or that an earlier one has, is left out: one is made from the name.
    """
    found, given = Rows(), set[str]()
    for line, one in enumerate(listed, 1):
        name = f"{one.product}, {one.variant}" if one.variant else one.product
        if one.price is None or not 0 < one.price <= MAX_PAISE:
            mend = "give it a price at Shopify, or make it a draft there"
            found.faults.append(SheetFault(line, f"the price of '{name}' is no price", mend))
            continue
        sku = one.sku if SKU.fullmatch(one.sku) and one.sku not in given else ""
        if one.sku and not sku:
            message = f"the sku '{one.sku}' of '{name}' was left out: a sku of '{name}' is made from its name"
            twice = "two products have it, and the first keeps it"
            why = twice if one.sku in given else "a sku has letters, digits, '-', '_' and '.'"
            found.hints.append(SheetFault(line, message, why))
        given.add(sku)
        named = (one.category, one.variant, one.picture)
        found.rows.append(Row(line, one.product, one.price, *named, sku=sku, shopify=one.id))
    if not listed:
        found.faults.append(SheetFault(1, "the store has no active products"))
    return found


def differences(shop: Shop, listed: Sequence[Listed]) -> Iterator[str]:
    """Yield a sentence for each price and each name that differs. What is not for sale there is `missing`."""
    there = {one.id: one for one in listed}
    for article in shop.articles.values():
        if article.shopify and (one := there.get(article.shopify)):
            yield from _differs(article, one, shop)


def missing(shop: Shop, listed: Sequence[Listed]) -> list[Article]:
    """Return what the flow file says is sold at Shopify, and is not for sale there."""
    there = {one.id for one in listed}
    return [a for a in shop.articles.values() if a.shopify and a.shopify not in there]


def _differs(article: Article, one: Listed, shop: Shop) -> Iterator[str]:
    if article.price != one.price:
        price = "no price" if one.price is None else money(one.price)
        yield f"{article.sku} costs {money(article.price)} here and {price} at Shopify"
    name = text_in(article.product.name, "en", "en")
    if name.casefold() != one.product.casefold():
        yield f"{article.sku} is '{name}' here and '{one.product}' at Shopify"
