"""Customers of the shipped shop who buy, over a real store and a Razorpay in small."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine import events
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger import calls
from payments.processing import results
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.step_input import Kind
from storage import Store
from storage.database.lanes import Lane
from storage.inbox.arrivals import Arrival
from storage.outbox.deliveries import Delivery, Done
from tests.payments.outside import Razorpay
from tests.storage.hearing import heard

LEASE: Final = 60_000
_STATUSES: Final = ("sent", "delivered", "read")
_SAID: Final = ("hi", "1", "checkout", "confirm")


@cache
def flow() -> Flow:
    """The shipped flow."""
    return load((Path(__file__).parents[2] / "flows.yaml").read_text(), "flows.yaml", SHOP, limits=LIMITS)


@dataclass(slots=True)
class Shop:
    """A shop with its outside. `now` is in milliseconds since 1970, UTC; each thing done takes one."""

    store: Store
    now: int
    razorpay: Razorpay = field(default_factory=Razorpay)
    account: str | None = None
    """What Razorpay's webhooks call the account."""
    _count: int = 0

    async def write(self, customers: Sequence[int], text: str) -> None:
        """Each of `customers` writes `text`."""
        body = {"event": events.to_json(events.TextReceived(text)), "name": "Asha"}
        await self._arrive(
            [
                Arrival(
                    self._key("wamid"), Kind.CHAT, body, raw="{}", aliases=self.aliases(customer), name="Asha"
                )
                for customer in customers
            ]
        )

    def aliases(self, customer: int) -> tuple[tuple[str, str], ...]:
        """By which names customer number `customer` writes."""
        return names(customer)

    async def step(self) -> None:
        """Whatever is due is stepped."""
        while await self.store.advance_due(partial(advance, flow(), now=self.now), self.now):
            pass

    async def deliver(self) -> list[Delivery]:
        """Whatever waits in the outbox is performed, and answered."""
        found = await self.store.claim_due(self.now, 256, LEASE)
        await self.store.record([self._done(delivery) for delivery in found], self.now)
        return found

    async def acknowledge(self, delivered: Sequence[Delivery], status: str) -> None:
        """WhatsApp says that the messages among `delivered` are `status` now."""
        await self._arrive(
            [
                Arrival(
                    f"receipt:{_wamid(one)}:{status}",
                    Kind.RECEIPT,
                    heard(status, _wamid(one), one.opaque),
                    opaque=one.opaque,
                )
                for one in delivered
                if one.lane == Lane.CHAT
            ]
        )
        await self.store.apply_receipts(self.now)

    async def order(self, customers: Sequence[int], statuses: Sequence[str] = _STATUSES) -> None:
        """`customers` order, and have their links; WhatsApp tells `statuses` of each message."""
        for text in _SAID:
            await self.write(customers, text)
            await self.step()
            await self._deliver_all(statuses)

    async def pay(self, *, times: int = 1) -> None:
        """Every link that waits is paid, as often as `times` says, and what follows is done."""
        self.take_money(times=times)
        await self.hear()

    def take_money(self, *, times: int = 1) -> None:
        """Every link that waits is paid, and no webhook has arrived yet."""
        for link in [link for link in self.razorpay.links.values() if link.status == "created"]:
            payments = [self.razorpay.try_to_pay(link, link.amount) for _ in range(times)]
            for payment in payments:
                self.razorpay.move(payment, "captured")

    async def finish(self) -> None:
        """Razorpay gives back what it was asked to, and everything that is due by now is done."""
        for given in self.razorpay.refunds.values():
            self.razorpay.finish(given, "processed")
        await self.hear()

    async def hear(self) -> None:
        """What Razorpay told since then arrives, and what follows is done."""
        await self.receive()
        await self.step()
        await self._deliver_all()

    async def receive(self) -> None:
        """What Razorpay told since then arrives."""
        told = [{**body, "account": self.account, "mode": "test"} for _, body in self.razorpay.told]
        self.razorpay.told.clear()
        await self._arrive(
            [
                Arrival(self._key("facts"), Kind.FACTS, body, raw="{}", order_key=body["order_key"])
                for body in told
            ]
        )

    async def _deliver_all(self, statuses: Sequence[str] = _STATUSES) -> None:
        while found := await self.deliver():
            for status in statuses:
                await self.acknowledge(found, status)
            await self.step()

    async def _arrive(self, arrivals: Sequence[Arrival]) -> None:
        self.now += 1
        await self.store.arrive(arrivals, self.now)

    def _key(self, kind: str) -> str:
        self._count += 1
        return f"{kind}.{self._count}"

    def _done(self, delivery: Delivery) -> Done:
        if delivery.lane == Lane.CHAT:
            return Done(delivery.claim, _wamid(delivery))
        _, body = self.razorpay.answer(calls.from_json(delivery.payload))
        return Done(delivery.claim, None, results.from_json(body))


def _wamid(delivery: Delivery) -> str:
    return f"wamid.out.{delivery.opaque}"


def names(customer: int) -> tuple[tuple[str, str], ...]:
    """What WhatsApp calls customer number `customer`."""
    return (("bsuid", f"IN.{10**12 + customer}"), ("phone", f"9198{customer:08}"))
