"""No secret is in a log line, a stored error, or the output of a command."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.settings import Settings
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from payments.razorpay.errors import GatewayError
from payments.razorpay.gateway import Gateway
from payments.razorpay.redaction import BLOT, blot, blot_bytes

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=40)
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in JSON": json.dumps,
    "in JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "in JSON, all escaped": lambda text: "".join(f"\\u{ord(c):04X}" for c in text),
    "with slashes escaped": lambda text: text.replace("/", "\\/"),
    "as Python writes it": repr,
    "as bytes": lambda text: repr(text.encode()),
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL, lower case": lambda text: quote(text, safe="").lower() if text.islower() else text,
}


@pytest.mark.parametrize("way", WAYS)
@given(secret=SECRETS, before=st.text(), after=st.text())
def test_a_secret_is_blotted_however_it_is_written(way: str, secret: str, before: str, after: str) -> None:
    said = blot(f"{before}{WAYS[way](secret)}{after}", (secret,))
    assert secret not in said.replace(before, "").replace(after, "") or secret in before + after
    assert BLOT in said
    raw = f"{before}{WAYS[way](secret)}".encode("utf-8", "replace") + b"\xff"
    assert secret.encode() not in blot_bytes(raw, (secret,))


@given(st.text())
def test_other_words_stay(text: str) -> None:
    assert blot(text, ("a-secret-of-some-length", "")) == text
    assert blot(text, ()) == text


VALUES: dict[str, Any] = {
    "munshi_api_token": "token/of+the-api==16",
    "whatsapp_phone_number_id": "200000000000001",
    "whatsapp_access_token": 'EAAG"access\\token|0001',
    "whatsapp_app_secret": "0123456789abcdef0123456789abcdef",
    "whatsapp_verify_token": "verify%20token&of=meta",
    "razorpay_key_id": "rzp_test_Sandbox000001",
    "razorpay_key_secret": "KeySecretOfRazorpay01",
    "razorpay_webhook_secret": "webhook'secret'of'razorpay",
    "razorpay_webhook_secret_previous": "the-webhook-secret-before",
    "shopify_access_token": "shpat_0123456789abcdef",
    "database_url": "postgres://munshi:p%40ssword-of-the-books@127.0.0.1/munshi",
}
SETTINGS = Settings(_env_file=None, **VALUES)


def test_every_secret_of_the_settings_is_known() -> None:
    secret = [name for name in Settings.model_fields if isinstance(getattr(SETTINGS, name), SecretStr)]
    assert len(secret) == 8
    assert set(SETTINGS.secrets) >= {VALUES[name] for name in secret}
    assert "p@ssword-of-the-books" in SETTINGS.secrets
    assert b64encode(b"rzp_test_Sandbox000001:KeySecretOfRazorpay01").decode() in SETTINGS.secrets
    for url in (
        "sqlite://munshi.db",
        "postgres://munshi@127.0.0.1/munshi",
        "postgres://a:munshi@h/x",
        "://[",
        "",
    ):
        other = Settings(_env_file=None, **{**VALUES, "database_url": url})
        assert len(other.secrets) == 9, url


PROGRAM = """
import asyncio, json, logging, sys, warnings
from dataclasses import dataclass
from urllib.parse import quote
import structlog
from bot.log import configure

secrets = json.loads(sys.argv[1])
configure(secrets)
log = structlog.get_logger()

@dataclass
class Holder:
    held: object

def fail(secret):
    local = secret
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ConnectionError(f"with {secret}", secret.encode()) from error

for secret in secrets:
    log.info(f"said {secret}", plain=secret, quoted=quote(secret, safe=""), **{secret: 1})
    log.info("deep", deep=[{"a": ({secret: [secret]},)}], raw=secret.encode(), held=Holder(secret),
             each={secret}, error=ValueError(secret), form=json.dumps(secret))
    try:
        fail(secret)
    except ConnectionError as error:
        log.exception("failed", error=error)
        logging.getLogger("asyncpg").exception("lost %s", secret)
        logging.getLogger("aiohttp.server").error("Error handling request", exc_info=error)
    logging.getLogger("httpx").warning("call", stack_info=True, extra={"extra": secret})
    warnings.warn(f"unclosed {secret}")
logging.getLogger("asyncpg").error("cannot connect to postgres://munshi:pw@127.0.0.1/munshi")
loop = asyncio.new_event_loop()
loop.call_exception_handler({"message": "odd", "exception": ValueError(secrets[0]), "context": secrets[1]})
loop.close()
"""


def test_none_is_in_any_field_text_key_traceback_or_warning() -> None:
    listed = json.dumps(SETTINGS.secrets)
    done = subprocess.run([sys.executable, "-c", PROGRAM, listed], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 7 * len(SETTINGS.secrets) + 2
    for text in (done.stderr, *map(repr, lines)):
        for secret in SETTINGS.secrets:
            for name, written in WAYS.items():
                assert written(secret).strip("\"'") not in text, (name, secret)
        assert ":pw@" not in text
    assert lines[-2]["event"] == "cannot connect to postgres://…@…/munshi"
    assert done.stdout == ""


async def quoting(said: str) -> TestServer:
    """A provider that refuses everything and quotes what it was sent."""

    async def refuse(request: web.Request) -> web.Response:
        body = f'{{"error": {{"code": 190, "message": {said}, "description": {said}}}}}'
        return web.Response(status=400, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    return TestServer(app)


@pytest.mark.parametrize("way", ["in JSON", "in JSON, all escaped"])
async def test_an_answer_that_quotes_a_secret_leaves_none_in_its_error(way: str) -> None:
    basic = b64encode(b"rzp_test_Sandbox000001:KeySecretOfRazorpay01").decode()
    token, secret = VALUES["whatsapp_access_token"], VALUES["razorpay_key_secret"]
    quoted = " ".join((token, secret, f"Basic {basic}"))
    said = json.dumps(quoted) if way == "in JSON" else '"' + WAYS[way](quoted) + '"'
    async with await quoting(said) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("/"))
        gateway = Gateway("rzp_test_Sandbox000001", secret, url)
        client = WhatsAppClient(
            session, base_url=url, version="v25.0", phone_number_id="1", access_token=token
        )
        with pytest.raises(GatewayError) as of_razorpay:
            await gateway.ping()
        with pytest.raises(SendError) as of_meta:
            await client.send({})
        await gateway.close()
    assert BLOT in str(of_razorpay.value)
    assert secret not in repr(vars(of_razorpay.value)) + str(of_razorpay.value)
    assert basic not in str(of_razorpay.value)
    assert BLOT in str(of_meta.value)
    assert token not in str(of_meta.value) + of_meta.value.details
