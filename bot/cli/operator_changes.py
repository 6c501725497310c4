"""Makes an operator's changes: directly in the database, or through the server that holds the SQLite file."""

import getpass
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from bot.cli.lifecycle import refuse
from bot.settings import Settings
from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.errors import Unavailable


def server_url(settings: Settings) -> str:
    """Return the address at which the server of these settings listens."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


async def change(
    settings: Settings,
    directly: Callable[[Store], Awaitable[bool]],
    path: str,
    body: Mapping[str, Any] | None = None,
) -> bool:
    """Call `directly` with the store, or POST `body` to the server's `path` if the server holds the file.

    Return whether anything was changed: without a body, the server says so by 404 or 409, else by `changed`.
    Ends the command if neither can be reached or the server refuses; raises StorageError.
    """
    try:
        store = await Store.open(settings.database_url, WHATSAPP)
    except Unavailable as unavailable:
        if not settings.database_url.startswith("sqlite:"):
            raise
        return await _post_change(settings, path, body, unavailable)
    try:
        return await directly(store)
    finally:
        await store.close()


async def post(
    settings: Settings,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    because: str = "",
) -> tuple[int, dict[str, Any]]:
    """POST `body` to the server's `path` and return (status, the JSON of the answer).

    `key` is the Idempotency-Key. Ends the command if nobody answers; `because` says why the server is asked.
    """
    url = server_url(settings) + path
    headers = {"Authorization": f"Bearer {settings.operator_token}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=20, headers=headers) as client:
            answer = await client.post(url, json=body)
    except httpx.HTTPError as error:
        refuse(f"{because}Nobody answers at {url} ({type(error).__name__}): start the server.")
    try:
        content = answer.json()
    except ValueError:
        content = {"error": answer.text.strip()[:200]}
    return answer.status_code, content if isinstance(content, dict) else {}


async def _post_change(
    settings: Settings, path: str, body: Mapping[str, Any] | None, unavailable: Unavailable
) -> bool:
    status, answer = await post(settings, path, body, because=f"{unavailable}\n")
    if body is None and status in (404, 409):
        return False
    if status != 200:
        refuse(f"{server_url(settings)}{path} answered {status}: {answer.get('error', '')}")
    return body is None or bool(answer["changed"])


def user() -> str:
    """Return who runs this command. In a container the user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
