"""The client of the shop's Shopify store, as the settings describe it."""

from bot.settings import StoreSettings
from payments.shopify.client import ShopifyClient
from payments.shopify.tokens import DailyTokens, FixedToken


def shopify_client(settings: StoreSettings) -> ShopifyClient | None:
    """Return a client of the store; None if no store is set. It has to be closed.

    A permanent token is used before a client's id and secret.
    """
    if settings.shopify_store is None:
        return None
    if token := settings.shopify_access_token:
        return ShopifyClient(settings.shopify_url, FixedToken(token.get_secret_value()))
    if settings.shopify_client_id is None or settings.shopify_client_secret is None:
        raise AssertionError("the settings refuse a store without either")
    secret = settings.shopify_client_secret.get_secret_value()
    return ShopifyClient(
        settings.shopify_url, DailyTokens(settings.shopify_url, settings.shopify_client_id, secret)
    )
