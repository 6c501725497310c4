"""A card's number that somebody writes is in no table, no file of the database and no line of the log."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.card_data import is_card
from flows.document.words import with_ascii_digits
from payments.signature import sign
from tests.world.running_bot import Live
from tests.world.test_bad_requests import text_message, webhook

FIXTURES = Path(__file__).parents[1] / "fixtures"
CARD, CVV, OTP = "4111 1111 1111 1111", "917", "730461"
WRITTEN = f"my card {CARD} 11/29 cvv {CVV} and the OTP is {OTP}, order #12345, ph 98123 45601"
KEPT = ("order #12345", "ph 98123 45601")
TYPED = frozenset({"body", "caption", "formatted_name", "first_name", "address", "name", "filename", "text"})
"""Keys of Meta's bodies under which is what a person wrote."""


def planted(value: Any, key: str = "") -> Any:
    """`value` with a card in each text that a person wrote."""
    if isinstance(value, dict):
        return {name: planted(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [planted(inner, key) for inner in value]
    if key == "response_json":
        return json.dumps({"note": WRITTEN, "card": int(CARD.replace(" ", ""))})
    return f"{value} {WRITTEN}" if isinstance(value, str) and key in TYPED else value


async def everything(live: Live) -> str:
    """Each row of each table, and each byte of SQLite's files."""
    url = live.context.settings.database_url
    named = "sqlite_master WHERE type = 'table'" if url.startswith("sqlite") else "pg_tables"
    column = "name" if url.startswith("sqlite") else "tablename AS name"
    where = "" if url.startswith("sqlite") else " WHERE schemaname = 'public'"
    tables = [row["name"] for row in await live.rows(f"SELECT {column} FROM {named}{where}")]
    assert len(tables) > 10
    rows = [repr(row) for table in tables for row in await live.rows(f'SELECT * FROM "{table}"')]
    files = []
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite://"))
        files = [
            file.read_bytes().decode("latin-1")
            for file in path.parent.iterdir()
            if file.name.startswith(path.name)
        ]
        assert files
    return "\n".join((*rows, *files))


def cards_in(text: str) -> set[str]:
    """Each run of digits that has the length, beginning and check digit of a card's number, spaced or not."""
    digits = re.findall(r"(?<![\w.-])\d{14,19}(?![\w-])", with_ascii_digits(text))
    spaced = re.findall(r"(?<!\d)\d{4}(?:[ -]\d{4}){3}(?!\d)", with_ascii_digits(text))
    return {run for run in (*digits, *(re.sub(r"\D", "", run) for run in spaced)) if is_card(run)}


async def test_cards_and_codes_leave_no_byte(live: Live, capfd: pytest.CaptureFixture[str]) -> None:
    ours = live.world.secrets.phone_number_id
    for number, file in enumerate(sorted((FIXTURES / "whatsapp").glob("webhook_*.json"))):
        body = planted(json.loads(file.read_text("utf-8")))
        for change in (change for entry in body["entry"] for change in entry["changes"]):
            change["value"].setdefault("metadata", {})["phone_number_id"] = ours
            for message in change["value"].get("messages", ()):
                message["id"] += str(number)
        assert await live.whatsapp(body) == 200, file.stem
        await live.wait(10)
    for file in sorted((FIXTURES / "razorpay").glob("*.json")):
        text = json.dumps(json.loads(file.read_text("utf-8")))
        raw = re.sub(r'"(description|error_description)": "', rf"\g<0>{WRITTEN} ", text).encode()
        signed = {"X-Razorpay-Signature": sign(raw, live.world.secrets.webhook_secret)}
        assert (await live.post("/payments/webhook", raw, signed))[0] == 200, file.stem
    no_json = f"<html>{WRITTEN}".encode()
    signature = {"X-Hub-Signature-256": "sha256=" + sign(no_json, live.world.secrets.app_secret)}
    assert (await live.post("/whatsapp/webhook", no_json, signature))[0] == 200
    item = {"sku": "masala-250", "quantity": 1}
    order = {"phone": "919812345699", "items": [item], "note": WRITTEN, "address": WRITTEN}
    await live.until(live.api("POST", "/payments/create", order))
    await live.settle()

    stored, logged = await everything(live), "".join(capfd.readouterr())
    assert all(kept in stored for kept in KEPT)
    for place in (stored, logged):
        assert [
            place[max(0, f.start() - 300) : f.end() + 60]
            for f in re.finditer(r"4111\D{0,3}1111\D{0,3}1111", place)
        ] == []
        assert OTP not in place
        assert f"cvv {CVV}" not in place
    assert cards_in(stored) == set()


async def test_what_was_written_is_known_again(live: Live) -> None:
    """The signature is of the bytes that came, and a message that comes again is the same message."""
    body = webhook(text_message(live, "wamid.card", WRITTEN))
    for _ in range(2):
        assert await live.whatsapp(orjson.dumps(body)) == 200
    await live.settle()
    [row] = await live.rows("SELECT body FROM inbox WHERE kind = 'chat'")
    assert "[card number] 11/29 cvv [code] and the OTP is [code], order #12345" in str(row["body"])
