"""The flow and the settings of the simulated shop."""

from functools import cache
from pathlib import Path
from typing import Final

from bot.settings import Settings
from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from tests.payments.card_shop import with_cards
from tests.simulation.meta import NUMBER

FLOW: Final = Path(__file__).parents[2] / "flows.yaml"
SECRETS: Final = {
    "munshi_api_token": "simulated-api-token",
    "whatsapp_phone_number_id": NUMBER,
    "whatsapp_access_token": "simulated-access-token",
    "whatsapp_app_secret": "simulated-app-secret",
    "whatsapp_verify_token": "simulated-verify-token",
    "razorpay_key_id": "rzp_test_simulated",
    "razorpay_key_secret": "simulated-key-secret",
    "razorpay_webhook_secret": "simulated-webhook-secret",
    "shopify_webhook_secret": "simulated-shopify-secret",
}


@cache
def shop() -> Flow:
    """Return the shipped flow, with less stock and a late window that ends within the history."""
    return load(_text(), str(FLOW), SHOP, limits=LIMITS)


@cache
def paying_shop() -> Flow:
    """Return the same shop, whose customers may pay in the chat."""
    return load(with_cards(_text()), str(FLOW), SHOP, limits=LIMITS)


def _text() -> str:
    text = FLOW.read_text().replace("late_window: 5 days", "late_window: 1 day")
    return text.replace("stock: 12", "stock: 7")


@cache
def settings() -> Settings:
    """Return the settings of every simulated process."""
    return Settings(**{"_env_file": None, **SECRETS})  # type: ignore[arg-type]
