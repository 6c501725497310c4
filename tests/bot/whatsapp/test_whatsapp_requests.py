"""The client's requests, and how it reads the answers, on a faked connection."""

import json
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from bot.retry import Failure
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError

URL = "https://graph.facebook.com/v25.0/200000000000001/messages"
PAYLOAD = {"messaging_product": "whatsapp", "to": "+919812345601", "type": "text", "text": {"body": "नमस्ते"}}


class Answer(aiohttp.ClientResponse):
    """aioresponses 0.7.9 does not know of the argument that aiohttp 3.14 asks for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["stream_writer"] = SimpleNamespace(output_size=0)
        super().__init__(*args, **kwargs)


def client(session: aiohttp.ClientSession) -> WhatsAppClient:
    return WhatsAppClient(
        session,
        base_url="https://graph.facebook.com",
        version="v25.0",
        phone_number_id="200000000000001",
        access_token="a-token-of-the-wire-test",
    )


async def test_a_send_is_one_authorised_post_of_the_payload() -> None:
    accepted: dict[str, Any] = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.wire"}]}
    with aioresponses() as wire:
        wire.post(URL, payload=accepted, response_class=Answer)
        async with aiohttp.ClientSession() as session:
            assert (await client(session).send(PAYLOAD)).wamid == "wamid.wire"
        [[call]] = wire.requests.values()
    assert json.loads(call.kwargs["data"]) == PAYLOAD
    assert call.kwargs["headers"]["Authorization"] == "Bearer a-token-of-the-wire-test"
    assert call.kwargs["allow_redirects"] is False


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, '{"error": {"code": 131056}}', Failure.PAIR_RATE),
        (400, '{"error": {"code": 131047}}', Failure.PERMANENT),
        (401, '{"error": {"code": 190}}', Failure.HALT),
        (429, "<html>slow down</html>", Failure.THROTTLED),
        (502, "<html>bad gateway</html>", Failure.UNKNOWN),
        (200, '{"messages": []}', Failure.UNKNOWN),
    ],
)
async def test_what_an_answer_means(status: int, body: str, failure: Failure) -> None:
    with aioresponses() as wire:
        wire.post(URL, status=status, body=body, response_class=Answer)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(SendError) as raised:
                await client(session).send(PAYLOAD)
    assert raised.value.failure is failure
