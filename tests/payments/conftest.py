"""The shipped flow, loaded once, and a customer of it."""

from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from tests.payments.card_shop import card_flow, indian, with_cards
from tests.payments.memory_shop import MemoryShop


@pytest.fixture(scope="session")
def shop_text() -> str:
    """The flow file that ships."""
    return (Path(__file__).parents[2] / "flows.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def shop_flow(shop_text: str) -> Flow:
    """The shipped flow, ready to run."""
    return load(shop_text, "flows.yaml", SHOP, limits=LIMITS)


@pytest.fixture
def store(shop_flow: Flow) -> MemoryShop:
    """One customer, who has not written yet."""
    return MemoryShop(shop_flow)


@pytest.fixture(scope="session")
def paying_flow(shop_text: str) -> Flow:
    """The shipped flow, whose customers may pay in the chat."""
    return card_flow(with_cards(shop_text))


@pytest.fixture
def asha(paying_flow: Flow) -> MemoryShop:
    """A customer of it with a number in India, who has not written yet."""
    return indian(paying_flow)
