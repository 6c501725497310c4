"""`munshi` as a command, and rows for it to work on."""

import asyncio

from typer.testing import CliRunner, Result

from bot.cli import app
from flows.engine import events
from storage import Store
from tests.storage.handwritten_rows import insert

SETTINGS = {
    "MUNSHI_API_TOKEN": "this-is-a-token-of-a-test",
    "WHATSAPP_API_URL": "http://127.0.0.1:9",
    "WHATSAPP_PHONE_NUMBER_ID": "200000000000001",
    "WHATSAPP_ACCESS_TOKEN": "this-is-a-secret-of-a-test",
    "WHATSAPP_APP_SECRET": "this-is-a-secret-of-a-test",
    "WHATSAPP_VERIFY_TOKEN": "this-is-a-secret-of-a-test",
    "RAZORPAY_API_URL": "http://127.0.0.1:9",
    "RAZORPAY_KEY_ID": "rzp_test_Sandbox000001",
    "RAZORPAY_KEY_SECRET": "this-is-a-secret-of-a-test",
    "RAZORPAY_WEBHOOK_SECRET": "this-is-a-secret-of-a-test",
    "PORT": "9",
}


async def run_munshi(url: str, *words: str, **settings: str | None) -> Result:
    """Run `munshi` with these arguments on the database at `url`."""
    env = {**SETTINGS, "DATABASE_URL": url, **settings}
    return await asyncio.to_thread(CliRunner().invoke, app(), list(words), env=env)


async def installation(store: Store) -> str:
    """The key of the installation."""
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT key FROM installation"))
    return str(row["key"])


async def park_event(
    store: Store, number: int, error: str = "Traceback …\nValueError: no such thing"
) -> None:
    """Insert a parked inbox event."""
    await insert(
        store, "inbox", id=number, conversation_id=1, key=f"m{number}", state="parked", error=error,
        body={"event": events.to_json(events.TextReceived("hi"))},
    )  # fmt: skip


FAILED_COPY = """
INSERT INTO mirror (order_key, state, amendments, asked_at, looks, failures, failing_since, recheck, restock,
    doubted_at, revision, tries, leased, due_at, created_at)
VALUES ('k', 'failed', 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1152921504606846976, 1)"""
