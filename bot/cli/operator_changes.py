"""Makes an operator's changes: directly in the database, or through the server that holds the SQLite file."""

import getpass
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NoReturn

import httpx

from bot.cli.lifecycle import refuse, setting
from bot.cli.starting import in_words
from bot.settings import SettingsInvalid, load_server_settings
from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.errors import Unavailable

_SECONDS: Final = 20.0
"""Seconds for which an answer is waited for."""


async def change(
    database: str,
    directly: Callable[[Store], Awaitable[bool]],
    path: str,
    body: Mapping[str, Any] | None = None,
) -> bool:
    """Call `directly` with the store at the URL `database`, or POST `body` to `path` if the server holds it.

    Return whether anything was changed: without a body, the server says so by 404 or 409, else by `changed`.
    Ends the command if neither can be reached or the server refuses; raises StorageError.
    """
    try:
        store = await Store.open(database, WHATSAPP)
    except Unavailable as unavailable:
        if not database.startswith("sqlite:"):
            raise
        return await _post_change(path, body, unavailable)
    try:
        return await directly(store)
    finally:
        await store.close()


async def post(
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    because: str = "",
) -> tuple[int, dict[str, Any]]:
    """POST `body` to the server's `path` and return (status, the JSON of the answer).

    `key` is the Idempotency-Key. Ends the command if nobody answers, or if it has no password to ask with;
    `because` says why the server is asked.
    """
    url, token = _server(because)
    headers = {"Authorization": f"Bearer {token}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS, headers=headers) as client:
            answer = await _answer(client, url + path, body, again=key is not None)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        refuse(f"{because}Nobody answers at {url}{path} ({type(error).__name__}): start the server.")
    except httpx.HTTPError as error:
        refuse(
            f"{because}The server at {url}{path} gave no answer ({type(error).__name__}). It may be done all"
            " the same: look before you say it again."
        )
    try:
        content = answer.json()
    except ValueError:
        content = {"error": answer.text.strip()[:200]}
    return answer.status_code, content if isinstance(content, dict) else {}


async def _answer(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any] | None, *, again: bool
) -> httpx.Response:
    """POST, and once more if no answer comes and a second request changes nothing: `again`."""
    try:
        return await client.post(url, json=body)
    except (httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError):
        if not again:
            raise
    return await client.post(url, json=body)


def refuse_answer(status: int, answer: Mapping[str, Any]) -> NoReturn:
    """End the command with what the server refused, in its words; with its status if those say too little."""
    said = str(answer.get("error", ""))
    refuse(said if said and status in _SAYS_WHY else f"the server answered {status}: {said}")


_SAYS_WHY: Final = frozenset({404, 409, 422})
"""Statuses of the API whose error is a sentence for who asked."""


def _server(because: str) -> tuple[str, str]:
    """Return the address of the server and the password for asking it. Ends the command if it has none."""
    try:
        server = load_server_settings()
        token = server.operator_token
    except SettingsInvalid as invalid:
        refuse(f"{because}This asks the running server, which needs settings:\n\n{in_words(invalid)}")
    return server.url, token


async def _post_change(path: str, body: Mapping[str, Any] | None, unavailable: Unavailable) -> bool:
    status, answer = await post(path, body, because=f"{unavailable}\n")
    if body is None and status in (404, 409):
        return False
    if status != 200:
        refuse_answer(status, answer)
    return body is None or bool(answer["changed"])


def user() -> str:
    """Return MUNSHI_BY, or else who runs this command. In a container the user may have no name."""
    if by := setting("MUNSHI_BY"):
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
