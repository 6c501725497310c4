"""`munshi import shopify` and `munshi doctor`, with a store over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.shop.catalogue import Shop
from payments.shop.product_yaml import with_products
from tests.bot.command_line import FAILED_COPY, run_munshi
from tests.databases import made
from tests.storage.handwritten_rows import insert, open_store, run_sql
from tests.world.running_bot import FLOW
from tests.world.shopify_store import CLIENT_ID, CLIENT_SECRET, ShopifyStore

GID = "gid://shopify/ProductVariant/"


def product(title: str, *variants: dict[str, Any], kind: str = "", **more: Any) -> dict[str, Any]:
    fields = {"title": title, "productType": kind, "featuredMedia": None, "variants": [*variants]}
    return {**fields, "hasOnlyDefaultVariant": len(variants) == 1, **more}


def variant(number: int, price: str, sku: str | None = None, title: str = "Default Title") -> dict[str, Any]:
    return {"id": f"{GID}{number}", "title": title, "sku": sku, "price": price}


PICTURE = {"preview": {"image": {"url": "https://cdn.example/thali.jpg?v=1"}}}


@pytest.fixture
async def store() -> AsyncIterator[ShopifyStore]:
    async with ShopifyStore(lambda: 0).serving() as store:
        store.products = [
            product("Veg thali", variant(1, "120.00", "thali"), kind="Tiffin", featuredMedia=PICTURE),
            product(
                "Kaju katli",
                variant(2, "260.50", "kaju-250", "250 g"),
                variant(3, "980.00", "kaju 1kg", "1 kg"),
                kind="Sweets",
            ),
        ]
        yield store


@pytest.fixture
async def munshi(store: ShopifyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "SHOPIFY_STORE": "annapurna",
        "SHOPIFY_API_URL": store.url,
        "SHOPIFY_CLIENT_ID": CLIENT_ID,
        "SHOPIFY_CLIENT_SECRET": CLIENT_SECRET,
    }

    async def run(*words: str, **more: str | None) -> Result:
        return await run_munshi("sqlite://munshi.db", *words, **{**settings, **more})

    return run


def loaded(yaml: str) -> Shop:
    text = with_products(FLOW.read_text("utf-8"), yaml)
    shop: Shop = load(text, "flows.yaml", SHOP, limits=LIMITS).sections["shop"]
    return shop


async def test_a_catalogue_becomes_a_shop_that_is_sound(munshi: Any) -> None:
    printed = await munshi("import", "shopify")
    assert printed.exit_code == 0, printed.output
    assert "2 products in 2 categories" in printed.stderr
    assert "the sku 'kaju 1kg' of 'Kaju katli, 1 kg' was left out" in printed.stderr
    shop = loaded(printed.stdout)
    found = {sku: (one.price, one.shopify, one.image) for sku, one in shop.articles.items()}
    assert found == {
        "thali": (12_000, f"{GID}1", "https://cdn.example/thali.jpg?v=1"),
        "kaju-250": (26_050, f"{GID}2", ""),
        "kaju-katli-1-kg": (98_000, f"{GID}3", ""),
    }
    assert [category.name for category in shop.categories] == ["Tiffin", "Sweets"]


async def test_a_sku_that_is_given_twice_is_the_first_ones(munshi: Any, store: ShopifyStore) -> None:
    store.products.append(product("Idli", variant(8, "40.00", "thali")))
    printed = await munshi("import", "shopify")
    assert printed.exit_code == 0, printed.output
    assert set(loaded(printed.stdout).articles) >= {"thali", "idli"}
    assert "two products have it, and the first keeps it" in printed.stderr


async def test_an_import_needs_the_stores_settings_alone(munshi: Any) -> None:
    refused = await munshi("import", "shopify", SHOPIFY_CLIENT_SECRET="")
    assert "needs SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET" in refused.stderr
    none = dict.fromkeys(("WHATSAPP_ACCESS_TOKEN", "RAZORPAY_KEY_SECRET", "MUNSHI_API_TOKEN"), "")
    printed = await munshi("import", "shopify", **none)
    assert printed.exit_code == 0, printed.output


async def test_a_price_that_is_none_is_told_and_nothing_printed(munshi: Any, store: ShopifyStore) -> None:
    store.products.append(product("Gift", variant(9, "0.00")))
    refused = await munshi("import", "shopify")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "shopify:4: error: the price of 'Gift' is no price" in refused.stderr


async def test_another_currency_is_refused(munshi: Any, store: ShopifyStore) -> None:
    store.currency = "USD"
    refused = await munshi("import", "shopify")
    assert refused.exit_code == 1
    assert "the store's prices are in USD" in refused.stderr


async def test_a_wrong_secret_is_told_in_a_sentence(munshi: Any) -> None:
    refused = await munshi("import", "shopify", SHOPIFY_CLIENT_SECRET="another-secret-0123")
    assert refused.exit_code == 1
    assert "Shopify: token: no token: invalid_client" in refused.stderr


async def test_without_a_store_it_says_where_to_begin(munshi: Any) -> None:
    refused = await munshi("import", "shopify", SHOPIFY_STORE="")
    assert refused.exit_code == 1
    assert "SHOPIFY_STORE is not set" in refused.stderr


async def findings(munshi: Any, tmp_path: Path, products: str, **more: str | None) -> str:
    """What `munshi doctor` says of Shopify, for a shop with these products."""
    (tmp_path / "flows.yaml").write_text(with_products(FLOW.read_text("utf-8"), products), "utf-8")
    if not (tmp_path / "munshi.db").exists():
        await made("sqlite://munshi.db")
    looked = await munshi("doctor", **more)
    return str(looked.output).partition("Shopify:")[2]


async def test_the_doctor_finds_the_store_well(munshi: Any, tmp_path: Path) -> None:
    imported = (await munshi("import", "shopify")).stdout
    said = await findings(munshi, tmp_path, imported)
    assert "answers as Annapurna, and takes the token" in said
    assert "webhooks are taken at /webhooks/shopify" in said
    assert "✓ Shopify: prices and names are those of the flow file" in said


async def test_the_doctor_lists_what_differs_and_what_is_missing(
    munshi: Any, tmp_path: Path, store: ShopifyStore
) -> None:
    imported = (await munshi("import", "shopify")).stdout
    store.scopes = ("write_orders",)
    store.products[0]["variants"][0]["price"] = "125.00"
    store.products[1]["title"] = "Kaju barfi"
    del store.products[1]["variants"][0]
    said = await findings(munshi, tmp_path, imported)
    lacks = "read_customers, write_customers, read_products, read_locations, read_inventory"
    assert f"✗ Shopify: the app lacks the permissions {lacks}" in said
    assert "✗ Shopify: kaju-250 is not for sale at Shopify" in said
    assert "thali costs ₹120 here and ₹125 at Shopify" in said
    assert "kaju-katli-1-kg is 'Kaju katli' here and 'Kaju barfi' at Shopify" in said


async def test_the_doctor_looks_at_the_places_of_the_goods(
    munshi: Any, tmp_path: Path, store: ShopifyStore
) -> None:
    imported = (await munshi("import", "shopify")).stdout
    store.locations.append({"name": "Baner", "fulfillsOnlineOrders": True, "address": {"city": None}})
    store.nowhere, store.uncounted = {f"{GID}1", f"{GID}2"}, {f"{GID}2"}
    said = await findings(munshi, tmp_path, imported)
    assert "✗ Shopify: the address of the location Baner has no city" in said
    assert "✗ Shopify: stocked at no active location: thali\n" in said
    assert "✓ Shopify: Shopify counts no stock of kaju-250: 'Track quantity' is off there" in said
    store.locations = [{"name": "Till", "fulfillsOnlineOrders": False, "address": {"city": "Pune"}}]
    said = await findings(munshi, tmp_path, imported)
    assert "✗ Shopify: no active location sends online orders" in said


@pytest.mark.parametrize("status", [402, 404, 423])
async def test_the_doctor_names_a_store_that_is_closed(
    munshi: Any, tmp_path: Path, store: ShopifyStore, status: int
) -> None:
    imported = (await munshi("import", "shopify")).stdout
    store.closed = status
    said = await findings(munshi, tmp_path, imported)
    assert f"the store is not there, or closed (HTTP {status})" in said
    assert "is the store open and paid for?" in said


async def test_the_doctor_names_a_secret_that_is_refused(munshi: Any, tmp_path: Path) -> None:
    imported = (await munshi("import", "shopify")).stdout
    said = await findings(munshi, tmp_path, imported, SHOPIFY_CLIENT_SECRET="another-secret-0123")
    assert "no token: invalid_client" in said
    assert "another-secret" not in said
    assert "docs/shopify.md" in said


async def test_the_doctor_names_copies_that_failed(munshi: Any, tmp_path: Path) -> None:
    imported = (await munshi("import", "shopify")).stdout
    await made("sqlite://munshi.db")
    async with open_store("sqlite://munshi.db") as store:
        await insert(store, "orders", key="k", conversation_id=1, number="10034")
        await run_sql(store, FAILED_COPY)
    said = await findings(munshi, tmp_path, imported)
    assert "✗ Shopify: copies that failed: 1 (#10034)" in said
    assert "munshi shopify retry" in said


async def test_the_doctor_says_that_webhooks_cannot_arrive(munshi: Any, tmp_path: Path) -> None:
    """The token of an older app stands alone: nothing says with what Shopify signs."""
    imported = (await munshi("import", "shopify")).stdout
    older = {"SHOPIFY_ACCESS_TOKEN": "shpat_Kq3vPLsx80Zb1Tm", "SHOPIFY_CLIENT_ID": None}
    said = await findings(munshi, tmp_path, imported, **older, SHOPIFY_CLIENT_SECRET=None)
    assert "its webhooks cannot arrive: /webhooks/shopify is 404" in said
    assert "set SHOPIFY_WEBHOOK_SECRET" in said


async def test_the_doctor_names_stock_that_no_store_counts(munshi: Any, tmp_path: Path) -> None:
    counted = f"  products:\n    - {{sku: thali, name: T, price: 120, stock: shopify, shopify: '{GID}1'}}\n"
    said = await findings(munshi, tmp_path, counted, SHOPIFY_STORE="")
    assert "no store is set, and the stock of thali is read there: none is left" in said
    assert "no store is set" not in await findings(munshi, tmp_path, counted)
