"""The catalogue as a table: one row for each product or variant that can be ordered. Pure."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from flows.document.shape import text_in
from payments.shop.catalogue import Shop


def catalogue_rows(
    shop: Shop, left: Mapping[str, int], off: Collection[str], language: str
) -> Iterator[tuple[str | int | Decimal, ...]]:
    """Yield sku, product, variant, category, price in rupees, GST in percent, HSN, pieces left, available.

    `left` has the pieces left of each counted article; `off` what is switched off. What is not counted has no
    pieces.
    """
    categories = {one.id: text_in(one.name, language, language) for one in shop.categories}
    for sku, article in shop.articles.items():
        product, variant = article.product, article.variant
        pieces = article.pieces(left)
        available = not shop.is_off(sku, off) and pieces != 0
        yield (
            sku,
            text_in(product.name, language, language),
            text_in(variant.name, language, language) if variant else "",
            categories.get(product.category or "", ""),
            Decimal(article.price).scaleb(-2),
            Decimal(shop.gst_rate(product)).scaleb(-2),
            shop.hsn(product),
            "" if pieces is None else pieces,
            "yes" if available else "no",
        )
