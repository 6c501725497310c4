"""Settings of a bot that copies its orders to the pretended store."""

from typing import Any

from bot.settings import Settings
from tests.world.shopify_store import CLIENT_ID, CLIENT_SECRET, ShopifyStore


def copying(settings: Settings, store: ShopifyStore) -> Settings:
    """Return `settings` of a bot that copies its orders to `store`."""
    values: dict[str, Any] = {name: getattr(settings, name) for name in Settings.model_fields}
    values |= {
        "shopify_store": "annapurna",
        "shopify_api_url": store.url,
        "shopify_client_id": CLIENT_ID,
        "shopify_client_secret": CLIENT_SECRET,
    }
    return Settings(**{"_env_file": None, **values})
