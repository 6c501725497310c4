"""`munshi doctor`: is everything that money depends on in place? If not, what to do."""

import re
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import aiohttp
import httpx
import typer

from bot.app import load_flow
from bot.cli.running import run
from bot.settings import Settings, SettingsInvalid, load_settings
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from flows.errors import FlowInvalid
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from storage import Store
from storage.errors import StorageError, Unavailable

_SHOWN: Final = 5


class Finding(NamedTuple):
    """One thing that was checked."""

    name: str
    well: bool
    said: str
    mend: str = ""


def command() -> None:
    """Check every setting, the flow, the database and both APIs. Exit status 1 if anything is amiss."""
    try:
        settings = load_settings()
    except SettingsInvalid as invalid:
        typer.echo(f"✗ settings\n{invalid}")
        raise typer.Exit(1) from None
    ill: list[Finding] = []
    run(_examine(settings, ill))
    if ill:
        typer.echo(f"\n{len(ill)} to mend.")
        raise typer.Exit(1)
    typer.echo("\nAll is well.")


async def _examine(settings: Settings, ill: list[Finding]) -> None:
    async for finding in _findings(settings):
        typer.echo(f"{'✓' if finding.well else '✗'} {finding.name}: {finding.said}")
        if not finding.well:
            ill.append(finding)
            typer.echo(f"    {finding.mend}")


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("settings", True, "all there, every secret long enough")
    mode = "live: real money" if settings.razorpay_key_id.startswith("rzp_live_") else "test: no real money"
    yield Finding("mode", True, mode)
    yield _flow(settings)
    running = await _server(settings)
    yield running
    yield await _database(settings, running=running.well)
    yield await _whatsapp(settings)
    yield await _razorpay(settings)
    if settings.shopify_store:
        yield Finding("Shopify", True, "set, but this version sends no orders to Shopify")


def _flow(settings: Settings) -> Finding:
    try:
        flow = load_flow(settings.munshi_flow)
    except (FlowInvalid, OSError, UnicodeDecodeError) as error:
        return Finding("flow", False, str(error), f"run 'munshi check {settings.munshi_flow}'")
    return Finding("flow", True, f"'{flow.name}' is sound")


async def _server(settings: Settings) -> Finding:
    url = f"http://{settings.host}:{settings.port}/readyz"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return Finding(
            "server", False, f"nobody answers at {url} ({type(error).__name__})", "run 'munshi serve'"
        )
    if answer.status_code != 200:
        return Finding("server", False, f"not ready: {answer.text.strip()[:200]}", "read its log")
    if waiting := await _parked(url):
        return Finding(
            "server", False, f"{waiting} events are parked", "stop it and run this again to see them"
        )
    return Finding("server", True, f"ready at {url}")


async def _parked(ready_url: str) -> int:
    """How many events wait for a person, by the running server's own metrics."""
    async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
        text = (await client.get(ready_url.replace("/readyz", "/metrics"))).text
    found = re.search(r'^munshi_waiting\{what="parked"\} ([0-9]+)', text, re.MULTILINE)
    return int(found[1]) if found else 0


async def _database(settings: Settings, *, running: bool) -> Finding:
    try:
        store = await Store.open(settings.database_url)
    except Unavailable as error:
        if running:
            return Finding("database", True, "in use by the running server")
        return Finding("database", False, str(error), "end the process that holds it")
    except (StorageError, OSError) as error:
        return Finding("database", False, str(error), "'munshi serve' makes and migrates it")
    try:
        parked, held = await store.parked(_SHOWN), await store.held(_SHOWN)
    finally:
        await store.close()
    if held:
        shown = "\n    ".join(
            f"order #{view.order.number} ({view.order.key}): {view.verdict}" for view in held
        )
        return Finding(
            "money", False, "payments that do not fit their orders: see Razorpay's dashboard", shown
        )
    if parked:
        shown = "\n    ".join(f"event {event.number} ({event.kind}): {event.error}" for event in parked)
        return Finding("database", False, "events are parked: they could not be handled", shown)
    return Finding("database", True, "up to date, nothing parked")


async def _whatsapp(settings: Settings) -> Finding:
    async with aiohttp.ClientSession() as session:
        client = WhatsAppClient(
            session,
            base_url=settings.whatsapp_api_url,
            version=settings.whatsapp_api_version,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )
        try:
            number = await client.phone_number()
        except SendError as error:
            mend = "check WHATSAPP_ACCESS_TOKEN and WHATSAPP_PHONE_NUMBER_ID"
            if error.code is None:
                mend = f"can this machine reach {settings.whatsapp_api_url}?"
            return Finding("WhatsApp", False, str(error), mend)
    return Finding("WhatsApp", True, f"answers as {number.get('verified_name') or 'an unnamed number'}")


async def _razorpay(settings: Settings) -> Finding:
    secret = settings.razorpay_key_secret.get_secret_value()
    gateway = Gateway(settings.razorpay_key_id, secret, settings.razorpay_api_url)
    try:
        await gateway.ping()
    except GatewayError as error:
        mend = f"can this machine reach {settings.razorpay_api_url}? See also Razorpay's status page"
        if error.reason is Reason.AUTH:
            mend = "check RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET"
        return Finding("Razorpay", False, str(error).removeprefix("Razorpay: "), mend)
    finally:
        await gateway.close()
    return Finding("Razorpay", True, "answers, and takes the key")
