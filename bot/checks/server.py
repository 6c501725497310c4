"""Checks whether the server answers, and whether it serves what the flow file and the settings say."""

import re
from collections.abc import AsyncIterator

import httpx

from bot.checks.finding import Finding
from bot.checks.flow import loaded
from bot.checks.systems import compare_systems
from bot.settings import Settings
from flows.document.errors import FlowInvalid


async def server(settings: Settings) -> AsyncIterator[Finding]:
    """Yield what `/readyz` says, and how what is served differs from what is set here."""
    url = f"{settings.url}/readyz"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
            answer = await client.get(url)
    except httpx.InvalidURL:
        yield Finding("server", False, f"{url} is no address", "look at HOST and PORT again")
        return
    except httpx.HTTPError as error:
        said = f"nobody answers at {url} ({type(error).__name__})"
        yield Finding("server", False, said, "run 'munshi serve'")
        return
    if answer.status_code != 200:
        yield Finding("server", False, f"not ready: {answer.text.strip()[:200]}", "read its log")
        return
    async for finding in ready_server(settings, url, answer.text):
        yield finding


async def ready_server(settings: Settings, url: str, ready: str) -> AsyncIterator[Finding]:
    """Yield what the server serves, which answered `ready`, and how that differs from what is set here."""
    serves = re.search(r"^flow: (.*)$", ready, re.MULTILINE)
    yield Finding("server", True, f"ready at {url}" + (f", serves {serves[1]}" if serves else ""))
    if changed := await _compare_flow(settings, ready):
        yield changed
    if other := compare_systems(settings, ready):
        yield other


async def _compare_flow(settings: Settings, ready: str) -> Finding | None:
    """Return a finding if the flow file differs from the served flow, which `/readyz` names."""
    served = re.search(r"^flow: .* (\w+)$", ready, re.MULTILINE)
    try:
        on_disk = (await loaded(settings)).version
    except FlowInvalid:
        return None  # the check of the flow reports its errors
    if served is None or served[1] == on_disk:
        return None
    said = f"{settings.munshi_flow} is not what is served: that is version {served[1]}, the file is {on_disk}"
    mend = "see 'munshi plan'; then serve it with 'munshi reload', or put the file right"
    return Finding("flow", False, said, mend)
