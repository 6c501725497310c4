"""A shop's other program: it takes events on loopback, and checks their signatures by code of its own."""

import base64
import hmac
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

KEYS = (b"an old key of 24 bytes, or more", b"a new key of 24 bytes, or more!")
SECRETS = " ".join("whsec_" + base64.b64encode(key).decode() for key in KEYS)


@dataclass
class Receiver:
    """What came, and what is answered."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; then `status`."""
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    tries: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(webhook-id, body) of every request, also of those that were refused."""
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        raw, headers = await request.read(), request.headers
        key = headers["webhook-id"]
        signed = b".".join((key.encode(), headers["webhook-timestamp"].encode(), raw))
        signatures = [one.partition(",")[2] for one in headers["webhook-signature"].split(" ")]
        expected = [base64.b64encode(hmac.digest(one, signed, "sha256")).decode() for one in KEYS]
        assert signatures == expected
        self.tries.append((key, orjson.loads(raw)))
        status = self.answers.pop(0) if self.answers else self.status
        if status < 300:
            self.taken.append(self.tries[-1])
        return web.Response(status=status, headers=self.headers, text="so be it" if status != 204 else None)

    @property
    def types(self) -> list[str]:
        """The types of what was taken, in order."""
        return [body["type"] for _, body in self.taken]

    def by_order(self) -> dict[str, list[int]]:
        """The sequence of what was taken, in order, by order."""
        found = defaultdict(list)
        for _, body in self.taken:
            if order := body["data"].get("order"):
                found[order["key"]].append(body["data"]["sequence"])
        return dict(found)


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    receiver = receiver or Receiver()
    app = web.Application()
    app.router.add_post("/events", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/events"))
        yield receiver
