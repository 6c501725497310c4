"""The sandbox in a process of its own, driven over its control API."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.world.processes import MUNSHI

TEXT = {"messaging_product": "whatsapp", "to": "+919812345670", "type": "text", "text": {"body": "hello"}}
BUTTONS = {
    "messaging_product": "whatsapp",
    "to": "+919812345670",
    "type": "interactive",
    "interactive": {
        "type": "button",
        "body": {"text": "Tea?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "yes:1", "title": "Yes"}}]},
    },
}


@pytest.fixture
async def addresses() -> AsyncIterator[dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        *MUNSHI, "sandbox", "--seed", "3", "--refund-after", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    yield orjson.loads(line)
    process.terminate()
    await process.wait()


async def test_a_sandbox_in_another_process(addresses: dict[str, str]) -> None:
    meta, razorpay = addresses["meta"], addresses["razorpay"]
    async with aiohttp.ClientSession() as session:

        async def post(url: str, body: Any, authorization: str = "") -> tuple[int, Any]:
            headers = {"Authorization": authorization}
            async with session.post(url, json=body, headers=headers) as response:
                return response.status, await response.json()

        async def control(command: str, **fields: str) -> tuple[int, Any]:
            return await post(f"{meta}/_control/{command}", fields)

        status, written = await control("write", wa_id="919812345670", text="hi")
        assert status == 200
        assert written["id"].startswith("wamid.")

        send = f"{meta}/v25.0/200000000000001/messages"
        for message in (TEXT, BUTTONS):
            assert (await post(send, message, "Bearer sandbox-access-token"))[0] == 200
        async with session.get(f"{meta}/_control/messages?wa_id=919812345670") as response:
            seen = await response.json()
        assert [(m["kind"], m["text"]) for m in seen] == [("text", "hello"), ("button", "Tea?")]
        assert seen[1]["choices"] == [["yes:1", "Yes", None]]
        assert (await control("tap", wa_id="919812345670", title="Yes"))[0] == 200
        assert (await control("tap", wa_id="919812345670", title="No"))[0] == 404
        assert (await control("tap", wa_id="919812345670"))[0] == 400

        key = aiohttp.encode_basic_auth("rzp_test_Sandbox000001", "sandbox-key-secret")
        _, link = await post(f"{razorpay}/v1/payment_links", {"amount": 50000}, key)
        assert (await control("fail", url=link["short_url"]))[0] == 200
        status, paid = await control("pay", url=link["short_url"])
        assert status == 200
        assert paid["id"].startswith("pay_")
        assert (await control("pay", url=link["short_url"]))[0] == 400
        _, back = await control("refund", payment=paid["id"])
        status, refused = await control("settle_refund", refund=back["id"], status="failed")
        assert (status, refused["error"]) == (400, f"{back['id']} is processed already")
        assert (await control("pay", url="https://rzp.io/l/none"))[0] == 404
