"""What `munshi doctor` finds out about the shop's Shopify store."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from bot.cli.display import counted
from bot.cli.finding import Finding
from bot.flow_file import load_flow
from bot.settings import Settings
from bot.shopify import shopify_client
from flows.document.errors import FlowInvalid
from payments.shop.catalogue import Shop
from payments.shop.orders import CURRENCY
from payments.shopify.answers import Listed, Store
from payments.shopify.catalogue import differences, missing
from payments.shopify.client import ShopifyClient
from payments.shopify.errors import Reason, ShopifyError
from payments.shopify.requests import SCOPES

_NAME: Final = "Shopify"
_SHOWN: Final = 10
"""Maximum differences shown."""


async def shopify(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what is found of the store, if one is set: access, permissions, and products that differ."""
    client = shopify_client(settings)
    if client is None:
        return
    yield _webhooks(settings)
    try:
        store = await client.store()
        yield Finding(_NAME, True, f"answers as {store.name}, and takes the token")
        for fault in _faults(store):
            yield fault
        for finding in await _products(settings, client):
            yield finding
    except ShopifyError as error:
        mend = f"can this machine reach {settings.shopify_url}?"
        if error.reason in (Reason.TOKEN, Reason.DENIED):
            mend = "check SHOPIFY_STORE and the app's keys and permissions: see docs/shopify.md"
        yield Finding(_NAME, False, str(error).removeprefix("Shopify: "), mend)
    finally:
        await client.close()


def _webhooks(settings: Settings) -> Finding:
    if settings.shopify_webhook_secrets:
        said = "webhooks are taken at /webhooks/shopify; whether the store posts any there was not asked"
        return Finding(_NAME, True, said)
    said = "its webhooks cannot arrive: /webhooks/shopify is 404, because no secret is set to check them with"
    mend = "set SHOPIFY_WEBHOOK_SECRET: the store's admin shows it under Settings > Notifications > Webhooks"
    return Finding(_NAME, False, said, mend)


def _faults(store: Store) -> Iterator[Finding]:
    may = store.scopes | {scope.replace("write_", "read_") for scope in store.scopes}
    if lacking := [scope for scope in SCOPES if scope not in may]:
        mend = "give it these in the Dev Dashboard, release the version, and approve it in the store's admin"
        yield Finding(_NAME, False, f"the app lacks the permissions {', '.join(lacking)}", mend)
    if store.currency != CURRENCY:
        said = f"the store's currency is {store.currency}: every total would differ"
        yield Finding(_NAME, False, said, f"use a store in {CURRENCY}")


async def _products(settings: Settings, client: ShopifyClient) -> list[Finding]:
    try:
        shop: Shop = load_flow(settings.munshi_flow).sections["shop"]
    except (FlowInvalid, OSError, UnicodeDecodeError):
        return []  # another check reports its errors
    if not any(article.shopify for article in shop.articles.values()):
        said = (
            "no product names its 'shopify:' (see 'munshi import shopify'): Shopify counts the stock of none"
        )
        return [Finding(_NAME, True, said)]
    return list(_compared(shop, await client.products()))


def _compared(shop: Shop, listed: Sequence[Listed]) -> Iterator[Finding]:
    if gone := [article.sku for article in missing(shop, listed)]:
        said = f"{', '.join(gone[:_SHOWN])} {'is' if len(gone) == 1 else 'are'} not for sale at Shopify"
        yield Finding(_NAME, False, said, "put the 'shopify:' in the flow file right, or the product there")
    different = list(differences(shop, listed))
    if not different:
        yield Finding(_NAME, True, "prices and names are those of the flow file")
        return
    more = f"\n    … and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    shown = "\n    ".join(different[:_SHOWN])
    said = f"{counted(len(different), 'difference')} of price or name; those of the flow file count"
    yield Finding(_NAME, True, f"{said}:\n    {shown}{more}")
