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
from bot.whatsapp.client import Accepted as TakenOn
from bot.whatsapp.errors import SendError
from tests.simulation.names import Register
from tests.simulation.weather import DAY, MINUTE, SECOND, Weather

NUMBER: Final = "200000000000001"
_BURST: Final = 45
_REFILL: Final = 6 * SECOND
_PASSING, _FOR_GOOD = (131000, 131016), (131026, 131049)
"""Codes with which an accepted message fails later."""
_BOUNCES: Final = 2
"""How often one message bounces at most: whoever gives up sooner loses it."""
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
    def entry(self) -> int:
        """The outbox entry that it was, whichever conversation has that by now."""
        return _entry(self.payload)

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
    post: Callable[[dict[str, Any], frozenset[str]], None]
    """Takes the `value` of a webhook on its way, with the addresses that it tells are one person's."""
    crash_point: Callable[[str], Any]
    seen: Counter[str]
    wrongs: list[str]
    log: list[Accepted] = field(default_factory=list)
    lost: list[Accepted] = field(default_factory=list)
    """What only lost books sent."""
    recalled: set[int] = field(default_factory=set)
    """Outbox entries whose messages came, as the bot was told."""
    inboxes: defaultdict[str, list[Accepted]] = field(default_factory=lambda: defaultdict(list))
    """What each customer got, by the number that they began with."""
    register: Register = field(default_factory=Register)
    doubtful: Counter[int] = field(default_factory=Counter)
    """How many sends of each outbox entry were accepted without the bot being sure to know it."""
    bounced: Counter[int] = field(default_factory=Counter)
    """How often each outbox entry was accepted and failed for a reason that passes."""
    undeliverable: set[int] = field(default_factory=set)
    """Outbox entries that no try brings to their customer."""
    failures: set[tuple[int, str]] = field(default_factory=set)
    """(outbox entry, wamid) of which the bot was told that they failed after they were accepted."""
    forgotten: set[tuple[int, str]] = field(default_factory=set)
    """Those of which only books were told that are lost."""
    answered: dict[int, int] = field(default_factory=dict)
    """When the bot was told that a send was accepted, by outbox entry."""
    wrote_at: dict[str, int] = field(default_factory=dict)
    heard_from: set[str] = field(default_factory=set)
    """Customers of whom the bot has acknowledged a word."""
    strangers: set[str] = field(default_factory=set)
    """Customers whose last word no Munshi heard, or one whose books are lost."""
    expired: bool = False
    _until: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _serial: int = 0

    async def send(self, payload: dict[str, Any]) -> TakenOn:
        """The wamid, and whom the message goes to. Raises SendError."""
        await self.crash_point("before send")
        await asyncio.sleep(0)
        if self.dice.random() < self.weather.slow:
            await asyncio.sleep(self.dice.randrange(2, 10))
        self._refuse(payload)
        wamid = self._accept(payload)
        entry = _entry(payload)
        # Until the bot knows, a crash or a lost answer may make it say this once more.
        self.doubtful[entry] += 1
        await self.crash_point("after send")
        if self.dice.random() < self.weather.cut_off:
            self.seen["send: accepted, and the answer lost"] += 1
            await asyncio.sleep(self.dice.choice((0, 10)))
            raise SendError(Failure.UNKNOWN, "simulated")
        self.doubtful[entry] -= 1
        self.answered[entry] = self.now()
        address = _address(payload)
        return TakenOn(wamid, (("phone" if address.isdigit() else "bsuid", address),))

    def forget(self) -> None:
        """The bot died: answers that it had only just heard, it may not have written down."""
        self.doubtful.update(entry for entry, at in self.answered.items() if at == self.now())

    def _refuse(self, payload: dict[str, Any]) -> None:
        if self.expired:
            self.seen["a send met an expired token"] += 1
            raise SendError(Failure.HALT, "simulated", code=190, status=401)
        if self.dice.random() < self.weather.refused:
            failure, code = self.dice.choice(((Failure.RETRY, 131016), (Failure.THROTTLED, 130429)))
            raise SendError(failure, "simulated", code=code, status=429)
        to, now = self._person(payload), self.now()
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
        accepted = Accepted(self.now(), self._person(payload), payload)
        self._check_address(payload)
        if code := self._fails_later(accepted.entry):
            self._post_status(wamid, accepted, "failed", errors=[{"code": code, "title": "simulated"}])
            return wamid
        self.log.append(accepted)
        self.inboxes[accepted.to].append(accepted)
        for status in self.dice.choice(((), ("sent",), ("sent",), ("delivered",), ("sent", "read"))):
            self._post_status(wamid, accepted, status)
        return wamid

    def _person(self, payload: dict[str, Any]) -> str:
        return self.register.person(_address(payload))

    def _check_address(self, payload: dict[str, Any]) -> None:
        """Nothing goes to an address that the bot has long been told is given up."""
        address = _address(payload)
        if address not in self.register.dead:
            return
        self.undeliverable.add(_entry(payload))
        left = self.register.left.get(address)
        if left is not None and self.now() - left > 2 * MINUTE:
            self.wrongs.append(
                f"INV22: a message to {address}, which was given up {self.now() - left} ms ago"
            )

    def heard_of(self, told: frozenset[str]) -> None:
        """The bot has acknowledged a webhook that tells these addresses are one person's."""
        self.register.told.append(told)
        # Told together with the new one, an old address is known to be given up.
        if told - self.register.dead:
            for address in told & self.register.dead:
                self.register.left.setdefault(address, self.now())

    def heard_of_message(self, entry: int, wamid: str, *, failed: bool) -> None:
        """The bot has acknowledged a webhook that tells what became of a copy of a message."""
        if failed:
            self.failures.add((entry, wamid))
            self.forgotten.discard((entry, wamid))
        else:
            self.recalled.add(entry)

    def _fails_later(self, entry: int) -> int | None:
        """The code with which a message that was accepted fails in the end; None if it arrives."""
        if entry in self.undeliverable or self._chance(self.weather.undeliverable):
            self.seen["a message was accepted, and failed for good"] += 1
            self.undeliverable.add(entry)
            return self.dice.choice(_FOR_GOOD)
        if self.bounced[entry] < _BOUNCES and self._chance(self.weather.bounced):
            self.seen["a message was accepted, and bounced"] += 1
            self.bounced[entry] += 1
            return self.dice.choice(_PASSING)
        return None

    def _chance(self, of: float) -> bool:
        """Drawn only where there is a chance: the schedules of fair worlds stay what they are."""
        return bool(of) and self.dice.random() < of

    def _post_status(self, wamid: str, accepted: Accepted, status: str, **more: Any) -> None:
        names = self.register.of(accepted.to)
        recipient = {"recipient_id": names.phone}
        if names.bsuid and status != "failed":
            recipient["recipient_user_id"] = names.bsuid
        if _address(accepted.payload) in self.register.dead:
            recipient = {"recipient_id": _address(accepted.payload)}
        entry = {
            "id": wamid,
            "status": status,
            "timestamp": str(self.now() // 1000),
            **recipient,
            "biz_opaque_callback_data": accepted.opaque,
        }
        self.post({"statuses": [{**entry, **more}]}, frozenset(recipient.values()))


def _entry(payload: dict[str, Any]) -> int:
    return entry_of(payload["biz_opaque_callback_data"])


def entry_of(opaque: str) -> int:
    """The outbox entry that a message's `biz_opaque_callback_data` names."""
    return int(opaque.rpartition(".")[2])


def _address(payload: dict[str, Any]) -> str:
    to: str = payload.get("to") or payload["recipient"]
    return to.removeprefix("+")
