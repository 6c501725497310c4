"""The database goes away under a running server."""

from pathlib import Path

import aiohttp
import orjson

from payments.signature import sign
from storage.database.records import reading
from tests.databases import made
from tests.world.processes import MUNSHI, environment, free_port, process, ready, run
from tests.world.test_refuses_to_start import SECRET, SETTINGS


def message(number: int) -> bytes:
    """The webhook of one text message."""
    text = {"from": "919812345601", "id": f"wamid.{number}", "timestamp": "1790000000", "type": "text"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": SETTINGS["WHATSAPP_PHONE_NUMBER_ID"]},
        "contacts": [{"wa_id": "919812345601"}],
        "messages": [text | {"text": {"body": "hi"}}],
    }
    change = {"field": "messages", "value": value}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})


async def told(http: aiohttp.ClientSession, url: str, number: int) -> int:
    """Post a signed message as Meta. Return the status."""
    body = message(number)
    signed = {"X-Hub-Signature-256": f"sha256={sign(body, SECRET)}"}
    async with http.post(f"{url}/whatsapp/webhook", data=body, headers=signed) as answer:
        return answer.status


async def test_it_stops_acknowledging_says_so_and_makes_no_other(tmp_path: Path) -> None:
    port = free_port()
    env, url = environment({**SETTINGS, "PORT": str(port)}), f"http://127.0.0.1:{port}"
    await made(f"sqlite://{tmp_path}/munshi.db")
    async with aiohttp.ClientSession() as http, process(*MUNSHI, "serve", env=env, cwd=tmp_path) as server:
        await ready(http, url)
        assert await told(http, url, 1) == 200
        aside = tmp_path / "aside"
        aside.mkdir()
        for file in tmp_path.glob("munshi.db*"):
            file.rename(aside / file.name)
        assert await told(http, url, 2) == 503
        async with http.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.text()) == (
                503,
                "the database was removed or replaced: see the log\n",
            )
        server.terminate()
        await server.wait()
    assert list(tmp_path.glob("munshi.db*")) == []
    status, said = await run(*MUNSHI, "serve", env=env, cwd=tmp_path)
    assert (status, "there is no database at" in said, "Traceback" in said) == (1, True, False)
    assert list(tmp_path.glob("munshi.db*")) == []
    async with reading(f"sqlite://{aside}/munshi.db") as records:
        assert await records.client.execute_query_dict("SELECT key FROM inbox WHERE kind = 'chat'") == [
            {"key": "wamid.1"}
        ]
