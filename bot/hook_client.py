"""Posts events out to the shop's other program."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from bot.hook_signature import signature

TIMEOUT: Final = 15.0
"""Seconds for one try, with the answer."""
_PATIENCE: Final = 2.0
"""Seconds for the text of an answer, once its status is there."""
_SHOWN: Final = 200
"""Characters of the answer that people are shown."""
_READ: Final = 4 * _SHOWN
"""Bytes of the answer that are read: a character takes up to four."""
GONE: Final = 410
"""The status by which a receiver says that it wants no event any more."""

_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
"""An answer is read in part, so it is wanted as it is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try."""

    status: int | None
    """HTTP status; None if no answer came."""
    text: str
    """The beginning of what the receiver said, or why no answer came."""
    seconds: float
    retry_after: float | None = None
    """Seconds for which the receiver wants to be left alone."""

    @property
    def taken(self) -> bool:
        """Whether the receiver has the event."""
        return self.status is not None and 200 <= self.status < 300

    def __str__(self) -> str:
        return f"{self.status or 'no answer'}: {self.text}" if self.text else str(self.status)


class HookClient:
    """Posts events to one URL."""

    def __init__(self, session: aiohttp.ClientSession, url: str, keys: tuple[bytes, ...]) -> None:
        self._session, self.url, self._keys = session, url, keys

    async def post(self, key: str, body: Any, now: int) -> Answer:
        """Post `body` as the event `key`, signed at `now` (milliseconds since 1970, UTC). Never raises."""
        content, began = orjson.dumps(body), time.monotonic()
        headers = {**_HEADERS, **signature(self._keys, key, now // 1000, content)}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with self._session.post(
                self.url, data=content, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                wait = _seconds(answer.headers.get("Retry-After"))
                return Answer(answer.status, await _said(answer), time.monotonic() - began, wait)
        except TimeoutError:
            return Answer(None, f"no answer within {TIMEOUT:.0f} seconds", time.monotonic() - began)
        except aiohttp.ClientError as error:
            return Answer(None, type(error).__name__, time.monotonic() - began)


async def _said(answer: aiohttp.ClientResponse) -> str:
    """Return the beginning of the answer's text. The status has said all: what cannot be read is left out."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return (await answer.content.read(_READ)).decode(errors="replace")[:_SHOWN].strip()
    except (TimeoutError, aiohttp.ClientError) as error:
        return f"its text could not be read ({type(error).__name__})"


def _seconds(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header; None if it has none. A date is not read."""
    return float(header) if header and header.isascii() and header.isdecimal() and len(header) < 9 else None
