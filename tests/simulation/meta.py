"""A WhatsApp that keeps its own log of what it accepted, behind the client's one method.

Source: Meta, WhatsApp Cloud API, "Messages", "Error codes", "Customer service windows", "Throughput".
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bot.retry import Failure
from bot.whatsapp import client
from bot.whatsapp.errors import SendError
from tests.simulation.weather import DAY, MINUTE, SECOND, Weather

NUMBER: Final = "200000000000001"
_BURST: Final = 45
_REFILL: Final = 6 * SECOND
_LATE: Final = MINUTE
"""A send on its way while the 24 hours end is not held against anyone."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message that a customer got."""

    at: int
    to: str
    payload: dict[str, Any]

    @property
    def opaque(self) -> str:
        return str(self.payload["biz_opaque_callback_data"])

    @property
    def text(self) -> str:
        kind = self.payload["type"]
        body = self.payload[kind]
        if kind == "text":
            return str(body["body"])
        if kind == "template":
            values = body.get("components", [{}])[0].get("parameters", [])
            return f"[{body['name']}] " + " ".join(value["text"] for value in values)
        return str(body["body"]["text"])

    @property
    def replies(self) -> list[tuple[str, str, str]]:
        """(kind, id, title) of everything that can be tapped."""
        if self.payload["type"] != "interactive":
            return []
        action = self.payload["interactive"]["action"]
        buttons = [("button_reply", b["reply"]["id"], b["reply"]["title"]) for b in action.get("buttons", ())]
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        return buttons + [("list_reply", row["id"], row["title"]) for row in rows]


@dataclass
class Meta:
    """Accepts messages, and says later what became of them."""

    now: Callable[[], int]
    dice: random.Random
    weather: Weather
    post: Callable[[dict[str, Any]], None]
    """Takes the `value` of a webhook on its way."""
    risk: Callable[[str], Any]
    seen: Counter[str]
    wrongs: list[str]
    log: list[Accepted] = field(default_factory=list)
    inboxes: defaultdict[str, list[Accepted]] = field(default_factory=lambda: defaultdict(list))
    """What each customer got, by phone number."""
    doubtful: Counter[str] = field(default_factory=Counter)
    """How many sends of each opaque id were accepted without the bot being sure to know it."""
    answered: dict[str, int] = field(default_factory=dict)
    """When the bot was told that a send was accepted, by opaque id."""
    wrote_at: dict[str, int] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    """Customers whose last word was before the shop had a Munshi."""
    expired: bool = False
    _until: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _serial: int = 0

    async def send(self, payload: dict[str, Any]) -> client.Accepted:
        """What the client says of an accepted message. Raises SendError."""
        await self.risk("before send")
        await asyncio.sleep(0)
        if self.dice.random() < self.weather.slow:
            await asyncio.sleep(self.dice.randrange(2, 10))
        self._refuse(payload)
        wamid = self._accept(payload)
        opaque = payload["biz_opaque_callback_data"]
        # Until the bot knows, a crash or a lost answer may make it say this once more.
        self.doubtful[opaque] += 1
        await self.risk("after send")
        if self.dice.random() < self.weather.cut_off:
            self.seen["send: accepted, and the answer lost"] += 1
            await asyncio.sleep(self.dice.choice((0, 10)))
            raise SendError(Failure.UNKNOWN, "simulated")
        self.doubtful[opaque] -= 1
        self.answered[opaque] = self.now()
        return client.Accepted(wamid, (("phone", payload["to"].removeprefix("+")),))

    def forget(self) -> None:
        """The bot died: answers that it had only just heard, it may not have written down."""
        self.doubtful.update(opaque for opaque, at in self.answered.items() if at == self.now())

    def _refuse(self, payload: dict[str, Any]) -> None:
        if self.expired:
            self.seen["a send met an expired token"] += 1
            raise SendError(Failure.HALT, "simulated", code=190, status=401)
        if self.dice.random() < self.weather.refused:
            failure, code = self.dice.choice(((Failure.RETRY, 131016), (Failure.THROTTLED, 130429)))
            raise SendError(failure, "simulated", code=code, status=429)
        to, now = payload["to"].removeprefix("+"), self.now()
        wrote_at = self.wrote_at.get(to)
        if payload["type"] != "template" and (wrote_at is None or now - wrote_at >= DAY):
            if wrote_at is not None and to not in self.strangers and now - wrote_at >= DAY + _LATE:
                self.wrongs.append(f"INV21: a free-form message {now - wrote_at} ms after the last word")
            self.seen["a free-form message met a closed window"] += 1
            raise SendError(Failure.PERMANENT, "simulated", code=131047, status=400)
        until = max(self._until[to], now) + _REFILL
        if until - now > _BURST * _REFILL:
            self.seen["the pair rate was exceeded"] += 1
            raise SendError(Failure.PAIR_RATE, "simulated", code=131056, status=400)
        self._until[to] = until

    def _accept(self, payload: dict[str, Any]) -> str:
        self._serial += 1
        wamid = f"wamid.{self._serial:06}"
        accepted = Accepted(self.now(), payload["to"].removeprefix("+"), payload)
        self.log.append(accepted)
        self.inboxes[accepted.to].append(accepted)
        for status in self.dice.choice(((), ("sent",), ("sent",), ("delivered",), ("sent", "read"))):
            entry = {
                "id": wamid,
                "status": status,
                "timestamp": str(self.now() // 1000),
                "recipient_id": accepted.to,
                "biz_opaque_callback_data": accepted.opaque,
            }
            self.post({"statuses": [entry]})
        return wamid
