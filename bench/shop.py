"""The measured shop: the shipped flow, its customers, and the settings of the bot."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from bot.flow_file import load_flow
from bot.settings import Settings
from flows.engine.model import Flow
from payments.signature import sign
from sandbox.meta_webhooks import envelope

FLOW_FILE: Final = Path(__file__).parents[1] / "flows.yaml"

NUMBER: Final = "200000000000001"
SECRET: Final = "bench-app-secret-0123456789"


@cache
def flow() -> Flow:
    """Return the shipped flow."""
    return load_flow(FLOW_FILE)


def settings(database: Path, graph_url: str) -> Settings:
    """Return settings of a bot on `database` that sends to `graph_url` and serves on any free port."""
    values: dict[str, Any] = {
        "database_url": f"sqlite://{database}",
        "munshi_flow": FLOW_FILE,
        "port": 0,
        "munshi_api_token": SECRET,
        "whatsapp_api_url": graph_url,
        "whatsapp_phone_number_id": NUMBER,
        "whatsapp_access_token": SECRET,
        "whatsapp_app_secret": SECRET,
        "whatsapp_verify_token": SECRET,
        "razorpay_api_url": graph_url,
        "razorpay_key_id": "rzp_test_Bench00000001",
        "razorpay_key_secret": SECRET,
        "razorpay_webhook_secret": SECRET,
    }
    return Settings(**{"_env_file": None, **values})


def phone(customer: int) -> str:
    """Return the phone number of customer number `customer`."""
    return f"9198{customer:08}"


def webhook(text: str, customer: int, wamid: str) -> bytes:
    """Return the signed HTTP request with which Meta posts `text`, written by `customer`."""
    names = {"wa_id": phone(customer), "user_id": f"IN.BENCH{customer:08}"}
    message = {"from": names["wa_id"], "from_user_id": names["user_id"], "id": wamid}
    message |= {"timestamp": "1790000000", "type": "text", "text": {"body": text}}  # type: ignore[dict-item]
    value = {
        "metadata": {"display_phone_number": "919000000000", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": f"Asha {customer}"}, **names}],
        "messages": [message],
    }
    body = json.dumps(envelope("100000000000001", value), separators=(",", ":")).encode()
    head = (
        "POST /whatsapp/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\n"
        f"Content-Type: application/json\r\nX-Hub-Signature-256: sha256={sign(body, SECRET)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
