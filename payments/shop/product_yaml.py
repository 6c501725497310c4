"""Writes categories and products of a sheet as the `shop:` section of a flow file has them. Pure."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from payments.shop.product_sheet import Sheet, SheetCategory, SheetProduct
from payments.shop.sheet_rows import Row

_SPECIAL: Final = frozenset(",[]{}:#\"'\\`|>%@&*!?=")
"""Characters that mean something to YAML, in some place."""
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
"""Words that YAML takes for something else, in some version."""
_SIZE: Final = re.compile(r"[0-9]+(?:\.[0-9]+)? ?(?!e)[A-Za-z]+", re.IGNORECASE)
_BLOCK: Final = re.compile(r"(?m)^  categories:\n(?:   .*\n)+  products:\n(?:   .*\n)+")


def products_yaml(sheet: Sheet) -> str:
    """Return the keys `categories` and `products`, indented as they stand under `shop:`."""
    return "".join(f"{line}\n" for line in _lines(sheet))


def with_products(flow: str, products: str) -> str:
    """Return the text of a flow file with `products` in place of its categories and products.

    Raises ValueError if they do not stand there in this order, indented by two blanks.
    """
    changed, count = _BLOCK.subn(lambda _: products, flow)
    if count != 1:
        raise ValueError("the flow file has no 'categories:' followed by 'products:'")
    return changed


def _lines(sheet: Sheet) -> Iterator[str]:
    if sheet.categories:
        yield "  categories:"
        yield from (_category(category) for category in sheet.categories)
    yield "  products:"
    for product in sheet.products:
        yield from _with_variants(product) if product.variant_skus else [_whole(product)]


def _category(category: SheetCategory) -> str:
    return f"    - {{id: {_text(category.id)}, name: {_texts(category.name, category.hindi)}}}"


def _whole(product: SheetProduct) -> str:
    [row] = product.rows
    fields = [f"sku: {_text(product.sku)}"]
    if product.category:
        fields.append(f"category: {_text(product.category)}")
    fields += [*_sold(row), f"name: {_texts(row.name, product.hindi)}"]
    return f"    - {{{', '.join(fields)}}}"


def _with_variants(product: SheetProduct) -> Iterator[str]:
    yield f"    - sku: {_text(product.sku)}"
    if product.category:
        yield f"      category: {_text(product.category)}"
    yield f"      name: {_texts(product.rows[0].name, product.hindi)}"
    yield "      variants:"
    for sku, row in zip(product.variant_skus, product.rows, strict=True):
        fields = [f"sku: {_text(sku)}", *_sold(row), f"name: {_texts(row.variant, row.hindi_variant)}"]
        yield f"        - {{{', '.join(fields)}}}"


def _sold(row: Row) -> Iterator[str]:
    yield f"price: {_rupees(row.price)}"
    if row.stock is not None:
        yield f"stock: {row.stock}"
    if row.photo:
        yield f"image: {_text(row.photo)}"
    if row.shopify:
        yield f"shopify: {_text(row.shopify)}"


def _rupees(price: int) -> str:
    return str(price // 100) if price % 100 == 0 else f"{Decimal(price) / 100:.2f}"


def _texts(text: str, hindi: str) -> str:
    return f"{{en: {_text(text)}, hi: {_text(hindi)}}}" if hindi else _text(text)


def _text(text: str) -> str:
    """Return `text` as YAML: plain if nobody can take it for anything else, in quotes otherwise."""
    plain = text[0].isalpha() or _SIZE.fullmatch(text)
    if plain and text.casefold() not in _WORDS and not _SPECIAL & set(text):
        return text
    return json.dumps(text, ensure_ascii=False)
