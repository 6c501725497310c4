"""Slows down those who try tokens, and tells of them. Who has the right token never waits.

The answer to a wrong token is held back, longer with each of its address. While it is held its connection
counts as idle, so it gives way to others: those who guess cannot fill the server with their waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from bot.context import CONTEXT
from bot.failed_tries import FailedTries, is_logged, wait_seconds
from bot.http.connections import client_of
from payments.processing.notice import Notice, NoticeKind

MANY: Final = 50
"""Wrong tokens within `_SPAN` of one another after which a notice is stored."""
_SPAN: Final = 3_600_000

log = structlog.get_logger()


class FailedTokens:
    """Wrong tokens that one process was given. All times are milliseconds since 1970, UTC."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._by_address = FailedTries()
        self._count, self._since = 0, 0
        self._setting = ""

    def failed(self, request: web.Request, setting: str, now: int) -> None:
        """Record that `request` bore a token that is not the one of `setting`."""
        address = client_of(request)
        count = self._by_address.add(address, now)
        if now - self._since >= _SPAN:
            self._count, self._since = 0, now
        self._count, self._setting = self._count + 1, setting
        if is_logged(count):
            source = address or "this machine"
            log.warning("wrong token", path=request.path, setting=setting, address=source, tries=count)

    async def hold(self, request: web.Request) -> None:
        """Wait as long as the wrong tokens of this request's address deserve.

        Store a notice if all addresses together had many.
        """
        await self._tell(request)
        count = self._by_address.count(client_of(request), request.app[CONTEXT].clock.now())
        if seconds := wait_seconds(count):
            await self._sleep(seconds)

    async def _tell(self, request: web.Request) -> None:
        if self._count < MANY:
            return
        count, self._count = self._count, 0
        context = request.app[CONTEXT]
        said = (
            f"{count} requests within an hour bore a wrong token, the last one in the place of"
            f" {self._setting}. A program of yours may have an old token, or somebody guesses. The log lines"
            " 'wrong token' name their addresses. Such answers are slowed; who has the right token is not."
        )
        try:
            await context.store.tell([Notice(NoticeKind.GUESSES, self._setting, said)], context.clock.now())
        except Exception:
            log.exception("notice not stored", kind="guesses")


FAILED_TOKENS: Final = web.AppKey("failed_tokens", FailedTokens)
