"""`munshi serve` that can't: exit status 1, what is wrong, and nothing secret."""

import asyncio
from pathlib import Path

import aiohttp

from tests.world.living import FLOW
from tests.world.processes import MUNSHI, environment, free_port, process, ready, run

SECRET = "this-is-a-secret-of-a-test"
SETTINGS = {
    "MUNSHI_API_TOKEN": SECRET,
    "WHATSAPP_API_URL": "http://127.0.0.1:9",
    "WHATSAPP_PHONE_NUMBER_ID": "200000000000001",
    "WHATSAPP_ACCESS_TOKEN": SECRET,
    "WHATSAPP_APP_SECRET": SECRET,
    "WHATSAPP_VERIFY_TOKEN": SECRET,
    "RAZORPAY_API_URL": "http://127.0.0.1:9",
    "RAZORPAY_KEY_ID": "rzp_test_Sandbox000001",
    "RAZORPAY_KEY_SECRET": SECRET,
    "RAZORPAY_WEBHOOK_SECRET": SECRET,
}


async def refused(cwd: Path, command: str = "serve", **settings: str) -> str:
    """What `munshi serve`, or another command, says when it refuses."""
    status, output = await run(
        *MUNSHI, command, env=environment({**SETTINGS, "PORT": "0", **settings}), cwd=cwd
    )
    assert status == 1, output
    assert "Traceback" not in output
    assert SECRET not in output
    return output


async def test_secrets_missing_and_short(tmp_path: Path) -> None:
    said = await refused(
        tmp_path, RAZORPAY_WEBHOOK_SECRET="", WHATSAPP_APP_SECRET="only-15-letters", PORT="99999"
    )
    assert "RAZORPAY_WEBHOOK_SECRET is missing" in said
    assert "Razorpay Dashboard > Webhooks" in said
    assert "WHATSAPP_APP_SECRET has under 16 characters" in said
    assert "only-15-letters" not in said
    assert "PORT is not usable" in said
    assert list(tmp_path.glob("*.db")) == []


async def test_a_broken_flow(tmp_path: Path) -> None:
    flow = tmp_path / "flows.yaml"
    text = FLOW.read_text("utf-8")
    line = text.splitlines().index("start: browsing") + 1
    flow.write_text(text.replace("start: browsing\n", "start: browsin\n"), "utf-8")
    said = await refused(tmp_path, MUNSHI_FLOW=str(flow))
    assert f"flows.yaml:{line}:1: error: " in said
    assert "browsing" in said, "what was probably meant"


async def test_a_flow_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"flow: \xff\xfe")
    missing, binary = await asyncio.gather(
        refused(tmp_path, MUNSHI_FLOW="nowhere.yaml", DATABASE_URL="sqlite://a.db"),
        refused(tmp_path, MUNSHI_FLOW="binary.yaml", DATABASE_URL="sqlite://b.db"),
    )
    assert "nowhere.yaml" in missing
    assert "binary.yaml:1:1: error: the file is not UTF-8 text" in binary


async def test_a_second_one_on_the_same_file_or_port(tmp_path: Path) -> None:
    port = free_port()
    settings = {**SETTINGS, "PORT": str(port)}
    async with (
        aiohttp.ClientSession() as http,
        process(*MUNSHI, "serve", env=environment(settings), cwd=tmp_path) as first,
    ):
        await ready(http, f"http://127.0.0.1:{port}")
        said, worker, other = await asyncio.gather(
            refused(tmp_path),
            refused(tmp_path, "work"),
            refused(tmp_path, PORT=str(port), DATABASE_URL="sqlite://other.db"),
        )
        for second in (said, worker):
            assert f"munshi.db is in use by process {first.pid}: SQLite serves one process" in second
        assert "address already in use" in other
