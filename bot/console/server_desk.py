"""Asks the running server for what somebody wants to change, in their name."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import httpx

_SECONDS: Final = 20.0
"""Seconds for which an answer is waited for."""


class NotDone(Exception):
    """The server refused, or nobody answered. The message says why, for who asked."""


def new_key() -> str:
    """Return a key for one change, which is then done once however often it is asked for."""
    return str(uuid4())


class ServerDesk:
    """The operator's endpoints of the server."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            trust_env=False,
            timeout=_SECONDS,
            headers={"Authorization": f"Bearer {token}"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(self, path: str, body: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """POST `body` and return the answer. Raises NotDone.

        What is asked again with the same `key` is done once. Without one, each call is a request of its own.
        """
        try:
            answer = await self._client.post(path, json=body, headers={"Idempotency-Key": key or new_key()})
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotDone(f"Nobody answers at {self.url}: start the server (munshi serve).") from error
        except httpx.HTTPError as error:
            raise NotDone(
                "The server gave no answer. It may be done all the same: look before you do it again."
            ) from error
        return _read(answer)

    async def get(self, path: str) -> dict[str, Any]:
        """GET what the server says. Raises NotDone."""
        try:
            answer = await self._client.get(path)
        except httpx.HTTPError as error:
            raise NotDone(f"Nobody answers at {self.url}: start the server (munshi serve).") from error
        return _read(answer, also=(503,))

    async def ready(self) -> str:
        """Return what the server says of itself when it is ready. Raises NotDone if it is not."""
        try:
            answer = await self._client.get("/readyz")
        except httpx.HTTPError as error:
            raise NotDone(f"Nobody answers at {self.url}: start the server (munshi serve).") from error
        if answer.status_code != 200:
            raise NotDone(answer.text.strip()[:200])
        return answer.text.strip()

    async def download(self, path: str) -> bytes:
        """GET a file. Raises NotDone."""
        try:
            answer = await self._client.get(path)
        except httpx.HTTPError as error:
            raise NotDone(f"Nobody answers at {self.url}: start the server (munshi serve).") from error
        if answer.status_code != 200:
            _read(answer)
        return answer.content


def _read(answer: httpx.Response, also: tuple[int, ...] = ()) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        content = {"error": answer.text.strip()[:200]}
    found = content if isinstance(content, dict) else {}
    if answer.status_code not in (200, 202, *also):
        said = str(found.get("error", "")) or f"the server answered {answer.status_code}"
        raise NotDone(said)
    return found
