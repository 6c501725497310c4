"""Reads the catalogue of the shop's Shopify store, for `munshi import shopify`."""

from collections.abc import Sequence

from bot.cli.lifecycle import refuse
from bot.cli.product_file import in_yaml
from bot.cli.starting import in_words, run
from bot.settings import SettingsInvalid, load_store_settings
from bot.shopify import shopify_client
from bot.whatsapp.limits import LIMITS
from payments.shop.orders import CURRENCY
from payments.shop.product_sheet import sheet_of
from payments.shopify.answers import Listed
from payments.shopify.catalogue import rows
from payments.shopify.client import ShopifyClient
from payments.shopify.errors import ShopifyError


def products_of_store() -> str:
    """Return the active products of the store as YAML. Ends the command with whatever is wrong."""
    try:
        client = shopify_client(load_store_settings())
    except SettingsInvalid as invalid:
        refuse(f"This asks the store, and its settings do not do:\n\n{in_words(invalid)}")
    if client is None:
        refuse("SHOPIFY_STORE is not set: see docs/shopify.md")
    listed: list[Listed] = []
    run(_read(client, listed))
    return in_yaml(sheet_of(rows(listed), LIMITS.row_title), "shopify")


async def _read(client: ShopifyClient, listed: list[Listed]) -> None:
    try:
        listed += await _listed(client)
    except ShopifyError as error:
        refuse(str(error))
    finally:
        await client.close()


async def _listed(client: ShopifyClient) -> Sequence[Listed]:
    store = await client.store()
    if store.currency != CURRENCY:
        refuse(f"the store's prices are in {store.currency}, and Munshi sells in {CURRENCY}")
    return await client.products()
