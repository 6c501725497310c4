"""All orders of some events: the plays that they lead to, and how many orders lead to each.

All orders of some events are paths from "none has come" to "all have come". Paths that meet in the same
state go on alike, so they are followed as one; `Ways.count` counts them. Two states are the same if all
that `advance` reads is the same, but for the order of the rows: test_books_properties shows that it
changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flows.engine.model import Flow
from payments.ledger.calls import Call, RefundPayment
from tests.builders import InboxBody, chat, request
from tests.payments.memory_shop import NOW, MemoryShop
from tests.payments.razorpay_model import Razorpay, fork

SKU: Final = "kulhad-6"
TOTAL: Final = 32_000
Came: TypeAlias = tuple[int, ...]
"""How often each event has come."""


@dataclass(slots=True)
class Play:
    """A shop, its Razorpay, the messages sent, and the calls not answered yet."""

    store: MemoryShop
    razorpay: Razorpay
    told: list[str]
    calls: list[Call]

    def after(self, arrival: InboxBody) -> "Play":
        """An independent copy that has taken this event."""
        play = Play(self.store.twin(), self.razorpay, list(self.told), list(self.calls))
        play.take(arrival)
        return play

    def take(self, arrival: InboxBody) -> None:
        done = self.store.take(arrival)
        assert [handled.error for handled in done.results] == [None]
        self.told += [say.name for say in done.messages]
        self.calls += done.calls

    def finish(self) -> "Play":
        """Answer all calls, in one fixed order, the refunds last."""
        self.razorpay = fork(self.razorpay)
        while self.calls:
            asked, self.calls = sorted(self.calls, key=repr), []
            for call in sorted(asked, key=lambda call: isinstance(call, RefundPayment)):
                self.take(self.razorpay.answer(call))
        return self

    @property
    def key(self) -> Any:
        """The whole state, without the order of the rows."""
        store = self.store
        orders = [
            (key, *_said(state), frozenset(map(repr, state.facts)), frozenset(state.attempts))
            for key, state in sorted(store.orders.items())
        ]
        left = (frozenset(store.left.items()), frozenset(store.reserved.items()))
        return (repr(store.conversation), tuple(orders), left, tuple(sorted(self.told)), repr(self.calls))

    @property
    def money(self) -> Mapping[str, Any]:
        """What must be the same at the end of all orders of events."""
        return {
            "orders": {
                key: (*_said(state)[:5], tuple(sorted((a.ordinal, str(a.status)) for a in state.attempts)))
                for key, state in self.store.orders.items()
            },
            "refunds": self.refunds,
            "left": dict(self.store.left),
            "reserved": self.store.reserved[SKU],
        }

    @property
    def refunds(self) -> dict[str, int]:
        """Paise that go back, by payment."""
        back: Counter[str] = Counter()
        for state in self.store.orders.values():
            for refund in state.refunds:
                back[refund.payment_id] += refund.amount if refund.goes_back else 0
        return dict(back)


def _said(state: Any) -> tuple[Any, ...]:
    books = (state.fulfilled, state.held, state.held_for)
    return (state.status, state.lifecycle, *books, frozenset(state.refunds))


@dataclass(slots=True)
class Ways:
    """A play, and the number of orders of events that lead to it."""

    play: Play
    count: int


def ends(play: Play, events: list[InboxBody], times: int = 1) -> Iterator[Ways]:
    """Every play in which all `events` came `times` times, in every order."""
    layer: dict[Came, dict[Any, Ways]] = {(0,) * len(events): {play.key: Ways(play, 1)}}
    for _ in range(len(events) * times):
        following: dict[Came, dict[Any, Ways]] = {}
        for came, plays in layer.items():
            for index in [index for index, often in enumerate(came) if often < times]:
                more = tuple(often + (place == index) for place, often in enumerate(came))
                _merge(following.setdefault(more, {}), list(plays.values()), events[index])
        layer = following
    yield from layer[(times,) * len(events)].values()


def _merge(found: dict[Any, Ways], ways: list[Ways], arrival: InboxBody) -> None:
    for way in ways:
        play = way.play.after(arrival)
        found.setdefault(play.key, Ways(play, 0)).count += way.count


def two_links(flow: Flow) -> tuple[Play, str]:
    """An order of counted goods, with a cancelled link and a new one. Both may have payments."""
    store, razorpay = MemoryShop(flow), Razorpay()
    store.take(request((SKU, 1)))
    store.take(razorpay.answer(store.last.calls[0]))
    key = store.current
    store.take(chat("retry"), now=NOW + 19 * 60_000)
    for _ in ("withdrawn", "created"):
        store.take(razorpay.answer(store.last.calls[0]))
    assert [str(attempt.status) for attempt in store.orders[key].attempts] == ["cancelled", "created"]
    store.messages.clear()
    return Play(store, razorpay, [], []), key


def one_link(flow: Flow) -> tuple[Play, str]:
    """An order of counted goods, with a link."""
    store, razorpay = MemoryShop(flow), Razorpay()
    store.take(request((SKU, 1)))
    store.take(razorpay.answer(store.last.calls[0]))
    store.messages.clear()
    return Play(store, razorpay, [], []), store.current


def paid(play: Play, reference: str, *states: str) -> list[InboxBody]:
    """The webhooks of a payment of this link that goes through `states`."""
    razorpay, before = play.razorpay, len(play.razorpay.webhooks)
    payment = razorpay.try_to_pay(razorpay.links[reference], TOTAL)
    for state in states:
        razorpay.move(payment, state)
    return razorpay.webhooks[before:]


def count(ways: list[Ways]) -> int:
    return sum(way.count for way in ways)


def same(values: list[Any]) -> Any:
    """The one value of all `values`. Asserts that they are equal."""
    assert all(value == values[0] for value in values), [value for value in values if value != values[0]][:1]
    return values[0]
