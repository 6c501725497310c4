"""A simulated WhatsApp behind the client's one method. It keeps its own log of accepted messages.

Source: Meta, WhatsApp Cloud API, "Messages", "Error codes", "Customer service windows", "Throughput".
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bot.retry import Failure
from bot.whatsapp.client import Accepted as SendResult
from bot.whatsapp.client import File
from bot.whatsapp.errors import SendError
from tests.simulation.names import Register
from tests.simulation.weather import DAY, MINUTE, SECOND, Weather

NUMBER: Final = "200000000000001"
_BURST: Final = 45
_REFILL: Final = 6 * SECOND
_TEMPORARY, _PERMANENT = (131000, 131016), (131026, 131049)
"""Error codes with which an accepted message fails later."""
_MAX_BOUNCES: Final = 2
"""How often one message bounces at most. A bot that gives up sooner loses the message."""
_GRACE: Final = MINUTE
"""Milliseconds after the 24-hour window in which a free-form message is no violation: it was on its way."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message that a customer received."""

    at: int
    to: str
    payload: dict[str, Any]
    wamid: str

    @property
    def opaque(self) -> str:
        return str(self.payload["biz_opaque_callback_data"])

    @property
    def entry(self) -> int:
        """Id of the message's outbox entry; the entry may belong to another conversation by now."""
        return _entry(self.payload)

    @property
    def text(self) -> str:
        kind = self.payload["type"]
        body = self.payload[kind]
        if kind == "text":
            return str(body["body"])
        if kind == "template":
            parts = [part for part in body.get("components", ()) if part["type"] == "body"]
            return f"[{body['name']}] " + " ".join(v["text"] for part in parts for v in part["parameters"])
        if kind == "document":
            return str(body.get("caption", ""))
        return str(body["body"]["text"])

    @property
    def replies(self) -> list[tuple[str, str, str]]:
        """(kind, id, title) of each button and list row."""
        if self.payload["type"] != "interactive":
            return []
        action = self.payload["interactive"]["action"]
        buttons = [("button_reply", b["reply"]["id"], b["reply"]["title"]) for b in action.get("buttons", ())]
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        return buttons + [("list_reply", row["id"], row["title"]) for row in rows]


@dataclass
class Meta:
    """Accept messages, and post status webhooks about them later."""

    now: Callable[[], int]
    dice: random.Random
    weather: Weather
    post: Callable[[dict[str, Any], frozenset[str]], None]
    """Sends a webhook: its `value`, and the addresses that it shows to be one person's."""
    crash_point: Callable[[str], Any]
    """Awaited before and after each send: where the bot's process may die."""
    seen: Counter[str]
    wrongs: list[str]
    log: list[Accepted] = field(default_factory=list)
    lost: list[Accepted] = field(default_factory=list)
    """Messages that the lost books sent and the restored ones do not contain."""
    recalled: set[int] = field(default_factory=set)
    """Outbox entries for which the bot acknowledged a status other than failed."""
    inboxes: defaultdict[str, list[Accepted]] = field(default_factory=lambda: defaultdict(list))
    """Messages that each customer received, by the customer's key."""
    register: Register = field(default_factory=Register)
    ambiguous: Counter[int] = field(default_factory=Counter)
    """Outbox entry → its accepted sends of which the bot may not know."""
    bounced: Counter[int] = field(default_factory=Counter)
    """Outbox entry → how often it was accepted and then failed for a temporary reason."""
    undeliverable: set[int] = field(default_factory=set)
    """Outbox entries that no retry can deliver."""
    failures: set[tuple[int, str]] = field(default_factory=set)
    """(outbox entry, wamid) of accepted messages whose failure the bot acknowledged."""
    forgotten: set[tuple[int, str]] = field(default_factory=set)
    """Failures that only the lost books recorded."""
    answered: dict[int, int] = field(default_factory=dict)
    """Outbox entry → when the bot got the answer that its send was accepted."""
    wrote_at: dict[str, int] = field(default_factory=dict)
    """Customer → time of their last message."""
    heard_from: set[str] = field(default_factory=set)
    """Customers of whom the bot has acknowledged a message."""
    sent_from: dict[str, frozenset[str]] = field(default_factory=dict)
    """Wamid of a message that the bot acknowledged → the addresses with which it came."""
    ordered: set[str] = field(default_factory=set)
    """Customers for whom somebody ordered over the API, and who have not written with their number since."""
    unheard: set[str] = field(default_factory=set)
    """Customers whose last message the bot's books lack: it never got it, or those books are lost."""
    expired: bool = False
    """Whether the access token is expired."""
    _paced_until: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Customer → when their pair rate is back to a full burst."""
    _serial: int = 0
    _uploads: set[str] = field(default_factory=set)
    """Ids of the files that were uploaded."""

    async def upload(self, file: File) -> str:
        """Take a file or lose the answer, as the client does. Raises SendError."""
        await self.crash_point("before upload")
        await asyncio.sleep(0)
        media = f"media-{len(self._uploads)}"
        self._uploads.add(media)
        await self.crash_point("after upload")
        if self.dice.random() < self.weather.cut_off:
            self.seen["upload: taken, and the answer lost"] += 1
            raise SendError(Failure.RETRY, "simulated")
        return media

    async def send(self, payload: dict[str, Any]) -> SendResult:
        """Accept or refuse one message, as the client does. Raises SendError."""
        what = self.called(payload)
        await self.crash_point(f"before {what}")
        await asyncio.sleep(0)
        if self.dice.random() < self.weather.slow:
            await asyncio.sleep(self.dice.randrange(2, 10))
        self._refuse(payload)
        media = payload.get("document", {}).get("id")
        if media is not None and media not in self._uploads:
            self.wrongs.append(f"a document names {media}, which was never uploaded")
        wamid = self._accept(payload)
        entry = _entry(payload)
        # Until the bot has the answer, a crash or a lost answer may make it send this message again.
        self.ambiguous[entry] += 1
        await self.crash_point(f"after {what}")
        if self.dice.random() < self.weather.cut_off:
            self.seen["send: accepted, and the answer lost"] += 1
            await asyncio.sleep(self.dice.choice((0, 10)))
            raise SendError(Failure.UNKNOWN, "simulated")
        self.ambiguous[entry] -= 1
        self.answered[entry] = self.now()
        address = _address(payload)
        return SendResult(wamid, (("phone" if address.isdigit() else "bsuid", address),))

    def called(self, payload: dict[str, Any]) -> str:
        """Return how the crash points before and after the sending of a message are called."""
        return "send"

    def hear(self, person: str, *, hides: bool) -> None:
        """`person` writes now. `hides`: without their number."""
        self.wrote_at[person] = self.now()
        if not hides:
            self.unheard.discard(person)
            self.ordered.discard(person)
        elif person in self.ordered:
            # The shop can't know that whoever writes without a number is whom the order is for.
            self.unheard.add(person)

    def expect_order(self, person: str, *, hides: bool) -> None:
        """Somebody orders for the number of `person` over the API. `hides`: they write without it."""
        if hides:
            self.ordered.add(person)
            self.unheard |= {person} & self.wrote_at.keys()

    def process_died(self) -> None:
        """Count sends whose answer came at the moment of the bot's death: it may not have stored them."""
        self.ambiguous.update(entry for entry, at in self.answered.items() if at == self.now())

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
            if wrote_at is not None and to not in self.unheard and now - wrote_at >= DAY + _GRACE:
                self.wrongs.append(f"INV21: a free-form message {now - wrote_at} ms after the last word")
            self.seen["a free-form message met a closed window"] += 1
            raise SendError(Failure.PERMANENT, "simulated", code=131047, status=400)
        until = max(self._paced_until[to], now) + _REFILL
        if until - now > _BURST * _REFILL:
            self.seen["the pair rate was exceeded"] += 1
            raise SendError(Failure.PAIR_RATE, "simulated", code=131056, status=400)
        self._paced_until[to] = until

    def _accept(self, payload: dict[str, Any]) -> str:
        self._serial += 1
        wamid = f"wamid.{self._serial:06}"
        accepted = Accepted(self.now(), self._person(payload), payload, wamid)
        self._check_address(payload)
        if code := self._failure(accepted):
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
        """INV22: no message goes to an address that the bot has long known as given up."""
        address = _address(payload)
        if address not in self.register.given_up:
            return
        self.undeliverable.add(_entry(payload))
        known_at = self.register.given_up_known_at.get(address)
        if known_at is not None and self.now() - known_at > 2 * MINUTE:
            self.wrongs.append(
                f"INV22: a message to {address}, known as given up for {self.now() - known_at} ms"
            )

    def addresses_acknowledged(self, addresses: frozenset[str]) -> None:
        """Record that the bot acknowledged a webhook that shows `addresses` to be one person's."""
        self.register.shown.append(addresses)
        # A webhook that shows an old address beside a new one shows that the old one is given up.
        if addresses - self.register.given_up:
            for address in addresses & self.register.given_up:
                self.register.given_up_known_at.setdefault(address, self.now())

    def status_acknowledged(self, entry: int, wamid: str, *, failed: bool) -> None:
        """Record that the bot acknowledged a status webhook about one send of an outbox entry."""
        if failed:
            self.failures.add((entry, wamid))
            self.forgotten.discard((entry, wamid))
        else:
            self.recalled.add(entry)

    def _failure(self, accepted: Accepted) -> int | None:
        """Return the error code with which an accepted message fails later; None if it arrives."""
        return self._draw_failure(accepted.entry)

    def _draw_failure(self, entry: int) -> int | None:
        """Return the error code with which an accepted message fails later; None if it arrives."""
        if entry in self.undeliverable or self._happens(self.weather.undeliverable):
            self.seen["a message was accepted, and failed for good"] += 1
            self.undeliverable.add(entry)
            return self.dice.choice(_PERMANENT)
        if self.bounced[entry] < _MAX_BOUNCES and self._happens(self.weather.bounced):
            self.seen["a message was accepted, and bounced"] += 1
            self.bounced[entry] += 1
            return self.dice.choice(_TEMPORARY)
        return None

    def _happens(self, chance: float) -> bool:
        """Draw with `chance`. A chance of 0 draws nothing, so that it changes no schedule."""
        return bool(chance) and self.dice.random() < chance

    def _post_status(self, wamid: str, accepted: Accepted, status: str, **extra: Any) -> None:
        names = self.register.names_of(accepted.to)
        recipient = {"recipient_id": names.phone}
        if names.bsuid and status != "failed":
            recipient["recipient_user_id"] = names.bsuid
        if _address(accepted.payload) in self.register.given_up:
            recipient = {"recipient_id": _address(accepted.payload)}
        entry = {
            "id": wamid,
            "status": status,
            "timestamp": str(self.now() // 1000),
            **recipient,
            "biz_opaque_callback_data": accepted.opaque,
        }
        self.post({"statuses": [{**entry, **extra}]}, frozenset(recipient.values()))


def _entry(payload: dict[str, Any]) -> int:
    return entry_of(payload["biz_opaque_callback_data"])


def entry_of(opaque: str) -> int:
    """Return the outbox entry that a message's `biz_opaque_callback_data` names."""
    return int(opaque.rpartition(".")[2])


def _address(payload: dict[str, Any]) -> str:
    to: str = payload.get("to") or payload["recipient"]
    return to.removeprefix("+")
