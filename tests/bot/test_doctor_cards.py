"""What `munshi doctor` says of payment in the chat, for each answer of Meta."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.checks.chat_payments import payment_in_the_chat
from bot.checks.finding import Finding
from bot.settings import Settings
from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.client import WhatsAppClient
from payments.shop.whatsapp_pay import switch_of
from sandbox.world import API_VERSION, World
from storage import Store
from tests.databases import made
from tests.payments.card_shop import with_cards
from tests.world.running_bot import API_TOKEN, FLOW, START


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World.running(now=lambda: START, ticking=False) as world:
        yield world


@pytest.fixture
async def database(tmp_path: Path) -> str:
    url = f"sqlite://{tmp_path / 'munshi.db'}"
    await made(url)
    return url


async def found(world: World, database: str, text: str) -> list[Finding]:
    flow = Path(database.removeprefix("sqlite://")).with_name("flows.yaml")
    flow.write_text(text)
    values = {name.lower(): value for name, value in world.settings().items()}
    values |= {"database_url": database, "munshi_flow": str(flow), "munshi_api_token": API_TOKEN}
    settings = Settings(_env_file=None, **values)  # type: ignore[arg-type]
    async with aiohttp.ClientSession() as session:
        client = WhatsAppClient(
            session,
            base_url=world.meta_url,
            version=API_VERSION,
            phone_number_id=world.secrets.phone_number_id,
            access_token=world.secrets.access_token,
        )
        return [finding async for finding in payment_in_the_chat(settings, client)]


PAYING = with_cards(FLOW.read_text())


async def test_a_shop_that_has_none_is_asked_nothing(world: World, database: str) -> None:
    assert await found(world, database, FLOW.read_text()) == []


async def test_a_configuration_that_meta_knows(world: World, database: str) -> None:
    [finding] = await found(world, database, PAYING)
    assert (finding.well, "'razorpay-main'" in finding.said) == (True, True)


async def test_a_name_that_meta_does_not_know(world: World, database: str) -> None:
    world.meta.cards.configurations = {"main"}
    [finding] = await found(world, database, PAYING)
    assert (finding.well, "write its name" in finding.mend) == (False, True)


async def test_terms_that_were_not_accepted(world: World, database: str) -> None:
    world.meta.cards.accepted = False
    [finding] = await found(world, database, PAYING)
    assert (finding.well, finding.mend[:6]) == (False, "accept")


async def test_an_answer_that_says_neither(world: World, database: str) -> None:
    world.meta.expire_token()
    [finding] = await found(world, database, PAYING)
    assert finding.well is None


async def test_what_meta_switched_off_can_be_switched_on_by_hand(world: World, database: str) -> None:
    store = await Store.open(database, WHATSAPP)
    await store.switch(switch_of("razorpay-main"), available=False, by="WhatsApp", now=START)
    await store.close()
    _, finding = await found(world, database, PAYING)
    assert (finding.well, "munshi product whatsapp_pay:razorpay-main on" in finding.mend) == (False, True)
