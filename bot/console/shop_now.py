"""The shop as it is served now, for pages."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.own_actions import vocabulary
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language.load import load_checked
from payments.shop.catalogue import Shop
from storage.database.records import Records
from storage.inbox import versions


class NothingServed(LookupError):
    """No flow was ever served: the server has not been started on these books."""


class ShopNow:
    """The version of the flow that is served. It is loaded once for each version."""

    def __init__(self) -> None:
        self._loaded: tuple[str, Flow | FlowInvalid] | None = None
        self._loading: Final = asyncio.Lock()

    async def flow(self, records: Records) -> Flow:
        """Return what is served. Raises NothingServed, or FlowInvalid if this program cannot read it."""
        newest = await versions.newest(records.reads)
        if newest is None:
            raise NothingServed("no flow was served yet: start the server (munshi serve)")
        async with self._loading:
            if self._loaded is None or self._loaded[0] != newest.version:
                texts = await versions.texts(records.reads, newest.number)
                self._loaded = newest.version, await asyncio.to_thread(_load, texts)
            if isinstance(found := self._loaded[1], FlowInvalid):
                raise found.with_traceback(None)
            return found

    async def shop(self, records: Records) -> Shop:
        """Return its shop. Raises what `flow` raises."""
        found: Shop = (await self.flow(records)).sections["shop"]
        return found


def _load(texts: Mapping[str, str]) -> Flow | FlowInvalid:
    """Return the flow, or what is wrong with it: each page would look through it again to find the same."""
    try:
        return load_checked(texts, vocabulary(), limits=LIMITS)
    except FlowInvalid as invalid:
        return invalid


def clock_time(shop: Shop, milliseconds: int) -> str:
    """Return an instant in the shop's time zone: `Mon 30 Nov, 14:05`."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, shop.timezone):%a %d %b, %H:%M}"
