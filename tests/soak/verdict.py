"""The proof at the end: nothing acknowledged is lost, and each paid order is confirmed once."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from sandbox.people import ReceivedMessage
from storage.database.records import reading
from tests.soak.outside import Outside
from tests.soak.troubles import Window
from tests.world.market import is_receipt
from tests.world.running_bot import CONFIRMED

_PAGE: Final = 20_000
_SHOWN: Final = 3
_MOMENT: Final = 8_000
"""Real milliseconds for which a call may be on its way before a trouble begins."""
_SECOND_COPIES: Final = frozenset(
    {"kill", "freeze", "database", "full", "clock", "garbage", "a busy machine"}
)
"""Troubles in which a message may have left without anybody knowing."""
_MOST_COPIES: Final = 0.02
"""Share of the messages that may have come twice, beside `_SOME_COPIES`."""
_SOME_COPIES: Final = 20

OPEN: Final = """
SELECT id FROM outbox WHERE state IN ('pending', 'sending') AND (lane <> 'poll' OR attempts > 0)
UNION ALL SELECT id FROM inbox WHERE state = 'pending' AND kind NOT IN ('timer', 'poll')"""
"""What is still to be done. Polls of links that nobody paid go on for days."""
_WRONG: Final = """
SELECT id, name AS what, state, error FROM outbox WHERE state = 'failed' AND lane = 'chat'
    AND COALESCE(error, '') <> 'the customer had moved on'
UNION ALL SELECT id, kind, state, error FROM inbox WHERE state = 'parked'"""
_GIVEN_UP: Final = "SELECT name FROM outbox WHERE state = 'failed' AND lane <> 'chat'"
"""Calls that Razorpay refused for good: the customer was told, and the books are compared with Razorpay's."""
_ORDERS: Final = "SELECT key, number, payment, lifecycle, fulfilled, held FROM orders"


@dataclass
class Verdict:
    """What was counted, and what is wrong."""

    violations: list[str] = field(default_factory=list)
    stored: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    """By lifecycle."""
    confirmed: int = 0
    messages: int = 0
    copies: Counter[str] = field(default_factory=Counter)
    """Messages that came again, by the trouble that explains it."""
    confirmed_again: int = 0
    notices: Counter[str] = field(default_factory=Counter)
    given_up: Counter[str] = field(default_factory=Counter)
    """Calls to Razorpay that were refused for good, by name."""

    def require(self, wrong: Sequence[object], what: str) -> None:
        """Note a violation if there is anything in `wrong`."""
        if wrong:
            some = ", ".join(str(one) for one in wrong[:_SHOWN])
            self.violations.append(f"{len(wrong)} {what}: {some}")


async def rows(url: str, sql: str) -> list[dict[str, Any]]:
    """Query the database beside munshi."""
    async with reading(url) as records:
        return await records.client.execute_query_dict(sql)


async def judge(url: str, outside: Outside, windows: Sequence[Window], pace: int) -> Verdict:
    """Compare the database with what the outside knows."""
    verdict = Verdict()
    missing = {key for key in outside.acknowledged if not is_receipt(key)}
    async for key in _keys(url):
        verdict.stored += 1
        missing.discard(key)
    verdict.require(sorted(missing), "acknowledged events are not in the database")
    verdict.require(await rows(url, _WRONG), "rows are parked or failed")
    verdict.require(await rows(url, OPEN), "rows are not done")
    verdict.notices.update(row["kind"] for row in await rows(url, "SELECT kind FROM notice"))
    verdict.given_up.update(row["name"] for row in await rows(url, _GIVEN_UP))
    orders = {row["key"]: row for row in await rows(url, _ORDERS)}
    verdict.orders.update(row["lifecycle"] for row in orders.values())
    verdict.require(_money(outside, orders), "orders have other money than at Razorpay")
    _confirmations(verdict, outside, orders)
    _copies(verdict, outside, windows, _MOMENT * pace)
    return verdict


async def _keys(url: str) -> AsyncIterator[str]:
    """Yield the key of every event in the database."""
    last = 0
    while True:
        page = await rows(url, f"SELECT id, key FROM inbox WHERE id > {last} ORDER BY id LIMIT {_PAGE}")
        if not page:
            return
        for row in page:
            yield row["key"]
        last = page[-1]["id"]


def _money(outside: Outside, orders: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name each order whose goods and held money are not what Razorpay has captured and not given back."""
    razorpay = outside.world.razorpay
    kept: defaultdict[str, int] = defaultdict(int)
    for payment in razorpay.payments.values():
        if payment.captured:
            kept[razorpay.links[payment.link_id].notes["munshi_order"]] += (
                payment.amount - payment.amount_refunded
            )
    wrong = [key for key in kept if key not in orders]
    for key, row in orders.items():
        if row["fulfilled"] + row["held"] != kept[key]:
            wrong.append(f"#{row['number']} {row['lifecycle']} {row['payment']}, {kept[key]} at Razorpay")
    return wrong


def _confirmations(verdict: Verdict, outside: Outside, orders: Mapping[str, Mapping[str, Any]]) -> None:
    """Require that each fulfilled order was confirmed to its customer by exactly one message."""
    heard: defaultdict[str, set[str | None]] = defaultdict(set)
    for message in _all(outside):
        if message.text.startswith(CONFIRMED):
            number = message.text.partition("#")[2].partition("\n")[0]
            heard[number].add(message.opaque)
    fulfilled = {row["number"] for row in orders.values() if row["lifecycle"] == "fulfilled"}
    verdict.confirmed = len(heard)
    verdict.require(sorted(fulfilled - heard.keys()), "paid orders were never confirmed")
    verdict.require(sorted(heard.keys() - fulfilled), "orders were confirmed and are not fulfilled")
    verdict.require(
        [one for one, by in heard.items() if len(by) > 1], "orders were confirmed by two messages"
    )


def _copies(verdict: Verdict, outside: Outside, windows: Sequence[Window], moment: int) -> None:
    """Require that a message came again only where nobody could know that it had left."""
    unexplained = []
    for person in outside.world.meta.people.values():
        by_name: defaultdict[str | None, list[ReceivedMessage]] = defaultdict(list)
        for message in person.messages:
            by_name[message.opaque].append(message)
        for same in by_name.values():
            verdict.messages += 1
            for first, second in pairwise(same):
                why = _explanation(first.at, second.at, windows, moment)
                verdict.copies[why or "nothing"] += 1
                verdict.confirmed_again += first.text.startswith(CONFIRMED)
                if why is None:
                    unexplained.append(f"{first.text[:30]!r} after {second.at - first.at} ms")
    verdict.require(unexplained, "messages were sent twice for no reason")
    if verdict.copies.total() > _MOST_COPIES * verdict.messages + _SOME_COPIES:
        verdict.violations.append(f"{verdict.copies.total()} of {verdict.messages} messages were sent twice")


def _explanation(first: int, second: int, windows: Sequence[Window], moment: int) -> str | None:
    for window in windows:
        if (
            window.kind in _SECOND_COPIES
            and window.begun - moment <= second
            and first <= window.ended + moment
        ):
            return window.kind
    return None


def _all(outside: Outside) -> list[ReceivedMessage]:
    return [message for person in outside.world.meta.people.values() for message in person.messages]
