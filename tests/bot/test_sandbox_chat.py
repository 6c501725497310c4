"""`munshi chat --sandbox`: a phone of its own for each customer, and a long chat goes on where it was."""

import httpx

from bot.cli.sandbox_chat import called
from bot.demo.remote import RemotePhone
from sandbox import control
from sandbox.people import ReceivedMessage
from sandbox.world import World

ASHA = "919800000001"


def test_customers_have_different_names() -> None:
    names = [called(str(int(ASHA) + number)) for number in range(20)]
    assert names[0] == "Asha"
    assert len(set(names)) == 20


async def test_a_chat_that_goes_on_shows_its_last_messages_only() -> None:
    world = World(now=lambda: 1_000)
    world.meta.app.add_routes(control.routes(world))
    async with world.serving("127.0.0.1", 0, 0, ticking=False):
        person = world.meta.person(ASHA)
        for number in range(5):
            payload = {"type": "text", "text": {"body": str(number)}}
            person.messages.append(ReceivedMessage(f"wamid.{number}", payload, 1_000))
        async with httpx.AsyncClient(base_url=world.meta_url, trust_env=False) as client:
            phone = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            assert await phone.skip(3) == 2
            assert [message.text for message in await phone.take()] == ["2", "3", "4"]
            assert await phone.take() == []
            fresh = RemotePhone(client, ASHA, "Asha", "Chai & Co.", "sqlite://munshi.db")
            assert await fresh.skip(9) == 0
            assert len(await fresh.take()) == 5
