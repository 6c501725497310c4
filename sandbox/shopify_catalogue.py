"""The catalogue of the sandbox's Shopify: what is sold there, by what app, and from where."""

from collections.abc import Mapping
from typing import Any, Final

LOCATION: Final = "gid://shopify/Location/1"
"""Where all its goods are."""
SCOPES: Final = (
    *("read_orders", "write_orders", "read_customers", "write_customers", "read_products"),
    *("read_locations", "read_inventory"),
)
_VARIANT: Final = "gid://shopify/ProductVariant/"


def _product(title: str, kind: str, *variants: tuple[int, str, str, str]) -> dict[str, Any]:
    nodes = [
        {"id": f"{_VARIANT}{number}", "title": name or "Default Title", "sku": sku, "price": price}
        for number, name, sku, price in variants
    ]
    return {
        "title": title,
        "productType": kind,
        "hasOnlyDefaultVariant": len(nodes) == 1,
        "featuredMedia": None,
        "variants": {"pageInfo": {"hasNextPage": False}, "nodes": nodes},
    }


PRODUCTS: Final = (
    _product(
        "Masala chai", "Tea", (44_001, "250 g", "chai-250", "180.00"), (44_002, "1 kg", "chai-1k", "640.00")
    ),
    _product("Kaju katli", "Sweets", (44_003, "", "kaju", "260.50")),
    _product("Veg thali", "Meals", (44_004, "", "thali", "120.00")),
)
"""What it sells. Each product is a page of its own."""
PIECES: Final = {one["id"]: 20 for product in PRODUCTS for one in product["variants"]["nodes"]}
"""Pieces available of each variant, before anything is sold."""


def store(_: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the store says of itself and of the app."""
    scopes = [{"handle": scope} for scope in SCOPES]
    shop = {"name": "Sandbox", "currencyCode": "INR"}
    return {"shop": shop, "currentAppInstallation": {"accessScopes": scopes}}


def locations(_: Mapping[str, Any]) -> dict[str, Any]:
    """Return the only place that holds goods."""
    place = {"name": "Kothrud", "fulfillsOnlineOrders": True, "address": {"city": "Pune"}}
    return {"locations": {"nodes": [place]}}


def stocked(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the variants that were asked for are counted; null for what is not sold here."""
    ids = {variant["id"] for product in PRODUCTS for variant in product["variants"]["nodes"]}
    counted = {"tracked": True, "inventoryLevels": {"nodes": [{"id": LOCATION}]}}
    nodes = [{"id": id, "inventoryItem": counted} if id in ids else None for id in variables["ids"]]
    return {"nodes": nodes}


def quantities(pieces: Mapping[str, int], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many of the variants that were asked for are available; null for what is not sold here."""
    nodes = [
        {"id": id, "inventoryQuantity": pieces[id], "inventoryItem": {"tracked": True}}
        if id in pieces
        else None
        for id in variables["ids"]
    ]
    return {"nodes": nodes}


def products(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the product after the cursor."""
    at = int(variables["after"] or 0)
    page = {"hasNextPage": at + 1 < len(PRODUCTS), "endCursor": str(at + 1)}
    return {"products": {"pageInfo": page, "nodes": [*PRODUCTS[at : at + 1]]}}
