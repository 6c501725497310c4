"""What `munshi doctor` finds out about the shop's Shopify store."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from bot.checks.finding import Finding
from bot.checks.flow import shop_of
from bot.counted import counted
from bot.settings import Settings
from bot.shopify import shopify_client
from payments.shop.catalogue import Shop
from payments.shop.orders import CURRENCY
from payments.shopify.answers import Listed, Location, Stocked, Store
from payments.shopify.catalogue import differences, missing
from payments.shopify.client import ShopifyClient
from payments.shopify.errors import Reason, ShopifyError
from payments.shopify.requests import SCOPES
from storage.database.records import reading
from storage.outbox.mirrors import open_mirrors

_NAME: Final = "Shopify"
_SHOWN: Final = 10
"""Maximum differences shown, and orders."""
_LOOKED_AT: Final = 1000
"""Maximum copies looked at, those that are tried next first."""


async def shopify(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what is found of the store, if one is set: access, permissions, and products that differ.

    If none is set, yield which products would be counted there.
    """
    client = shopify_client(settings)
    if client is None:
        for finding in _unread(await shop_of(settings)):
            yield finding
        return
    yield _webhooks(settings)
    try:
        store = await client.store()
        yield Finding(_NAME, True, f"answers as {store.name}, and takes the token")
        for fault in _faults(store):
            yield fault
        shop = await shop_of(settings)
        if shop is not None:
            for finding in await _products(shop, client):
                yield finding
            if _may(store, "read_locations", "read_inventory"):
                for finding in await _places(shop, client):
                    yield finding
        if failed := await _failed(settings):
            said = f"copies that failed: {len(failed)} ({', '.join(failed[:_SHOWN])})"
            yield Finding(_NAME, False, said, "see munshi shopify, then munshi shopify retry")
    except ShopifyError as error:
        mend = f"can this machine reach {settings.shopify_url}?"
        if error.reason in (Reason.TOKEN, Reason.DENIED):
            mend = "check SHOPIFY_STORE and the app's keys and permissions: see docs/shopify.md"
        if error.reason is Reason.DENIED:
            mend += "; is the store open and paid for?"
        yield Finding(_NAME, False, str(error).removeprefix("Shopify: "), mend)
    finally:
        await client.close()


def _unread(shop: Shop | None) -> Iterator[Finding]:
    if shop and (skus := [sku for sku, one in shop.articles.items() if one.is_counted_there]):
        said = f"no store is set, and the stock of {_some(skus)} is read there: none is left"
        yield Finding(_NAME, False, said, "set SHOPIFY_STORE (docs/shopify.md), or write how many there are")


async def _failed(settings: Settings) -> list[str]:
    """Return the numbers of the orders whose copies failed, as people read them."""
    async with reading(settings.database_url) as records:
        waiting = await open_mirrors(records.reads, _LOOKED_AT)
    return [f"#{one.number}" for one in waiting if one.mirror.failures]


def _webhooks(settings: Settings) -> Finding:
    if settings.shopify_webhook_secrets:
        said = "webhooks are taken at /webhooks/shopify; whether the store posts any there was not asked"
        return Finding(_NAME, True, said)
    said = "its webhooks cannot arrive: /webhooks/shopify is 404, because no secret is set to check them with"
    mend = "set SHOPIFY_WEBHOOK_SECRET: the store's admin shows it under Settings > Notifications > Webhooks"
    return Finding(_NAME, False, said, mend)


def _faults(store: Store) -> Iterator[Finding]:
    if lacking := [scope for scope in SCOPES if not _may(store, scope)]:
        mend = "give it these in the Dev Dashboard, release the version, and approve it in the store's admin"
        yield Finding(_NAME, False, f"the app lacks the permissions {', '.join(lacking)}", mend)
    if store.currency != CURRENCY:
        said = f"the store's currency is {store.currency}: every total would differ"
        yield Finding(_NAME, False, said, f"use a store in {CURRENCY}")


def _may(store: Store, *scopes: str) -> bool:
    """Return whether the app has these permissions. One that may write may read too."""
    may = store.scopes | {scope.replace("write_", "read_") for scope in store.scopes}
    return may.issuperset(scopes)


async def _places(shop: Shop, client: ShopifyClient) -> list[Finding]:
    """Return what is found of the places from which goods are sent, and to which they come back."""
    ships = [place for place in await client.locations() if place.ships]
    skus = {article.shopify: article.sku for article in shop.articles.values() if article.shopify}
    counts = await client.stocked(list(skus))
    return list(_of_places(ships, [(skus[one.id], one) for one in counts if one.id in skus]))


def _of_places(ships: Sequence[Location], counts: Sequence[tuple[str, Stocked]]) -> Iterator[Finding]:
    if not ships:
        said = "no active location sends online orders: pieces cannot be taken off a stock, nor put back"
        yield Finding(_NAME, False, said, "activate one in the store's admin, Settings > Locations")
    for place in ships:
        if not place.city:
            said = f"the address of the location {place.name} has no city"
            yield Finding(_NAME, False, said, "complete it in the store's admin, Settings > Locations")
    if nowhere := [sku for sku, one in counts if one.tracked and not one.somewhere]:
        said = f"stocked at no active location: {_some(nowhere)}"
        yield Finding(
            _NAME, False, said, "at the product there, Inventory, choose the locations that stock it"
        )
    if uncounted := [sku for sku, one in counts if not one.tracked]:
        said = f"Shopify counts no stock of {_some(uncounted)}: 'Track quantity' is off there"
        yield Finding(_NAME, True, said)


def _some(skus: Sequence[str]) -> str:
    more = f" and {len(skus) - _SHOWN} more" if len(skus) > _SHOWN else ""
    return f"{', '.join(skus[:_SHOWN])}{more}"


async def _products(shop: Shop, client: ShopifyClient) -> list[Finding]:
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
