"""Customers who buy in the shipped shop, on a real database, with a model of Razorpay."""

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
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.queues import Lane
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Delivery, Done
from tests.payments.razorpay_model import Razorpay
from tests.storage.receipt_bodies import receipt_body

LEASE: Final = 60_000
_STATUSES: Final = ("sent", "delivered", "read")
_TEXTS: Final = ("hi", "1", "checkout", "confirm")


@cache
def flow() -> Flow:
    """The shipped flow."""
    return load((Path(__file__).parents[2] / "flows.yaml").read_text(), "flows.yaml", SHOP, limits=LIMITS)


@dataclass(slots=True)
class Shop:
    """A shop and its providers. `now` is in milliseconds since 1970, UTC; each arrival takes one."""

    store: Store
    now: int
    razorpay: Razorpay = field(default_factory=Razorpay)
    account: str | None = None
    """Razorpay's id of the account, as its webhooks give it."""
    _count: int = 0

    async def write(self, customers: Sequence[int], text: str) -> None:
        """Each of `customers` writes `text`."""
        body = {"event": events.to_json(events.TextReceived(text)), "name": "Asha"}
        await self._arrive(
            [
                Arrival(
                    self._key("wamid"),
                    EventKind.CHAT,
                    body,
                    raw="{}",
                    aliases=self.aliases(customer),
                    name="Asha",
                )
                for customer in customers
            ]
        )

    def aliases(self, customer: int) -> tuple[tuple[str, str], ...]:
        """By which names customer number `customer` writes."""
        return names(customer)

    async def step(self) -> None:
        """Step all events that are due."""
        while await self.store.advance_due(partial(advance, flow(), now=self.now), self.now):
            pass

    async def deliver(self) -> list[Delivery]:
        """Perform all outbox entries that are due. Return them."""
        deliveries = await self.store.claim_due(self.now, 256, LEASE)
        await self.store.record([self._done(delivery) for delivery in deliveries], self.now)
        return deliveries

    async def acknowledge(self, delivered: Sequence[Delivery], status: str) -> None:
        """Receive WhatsApp's receipts with `status` for the messages among `delivered`."""
        await self._arrive(
            [
                Arrival(
                    f"receipt:{_wamid(one)}:{status}",
                    EventKind.RECEIPT,
                    receipt_body(status, _wamid(one), one.opaque),
                    opaque=one.opaque,
                )
                for one in delivered
                if one.lane == Lane.CHAT
            ]
        )
        await self.store.apply_receipts(self.now)

    async def order(self, customers: Sequence[int], statuses: Sequence[str] = _STATUSES) -> None:
        """Let `customers` order and get their links; each message gets receipts with `statuses`."""
        for text in _TEXTS:
            await self.write(customers, text)
            await self.step()
            await self._deliver_all(statuses)

    async def pay(self, *, times: int = 1) -> None:
        """Pay every open link `times` times, and do what follows."""
        self.take_money(times=times)
        await self.hear()

    def take_money(self, *, times: int = 1) -> None:
        """Pay every open link, without delivering the webhooks."""
        for link in [link for link in self.razorpay.links.values() if link.status == "created"]:
            payments = [self.razorpay.try_to_pay(link, link.amount) for _ in range(times)]
            for payment in payments:
                self.razorpay.move(payment, "captured")

    async def finish(self) -> None:
        """Finish all refunds, and do everything that is due."""
        for refund in self.razorpay.refunds.values():
            self.razorpay.finish(refund, "processed")
        await self.hear()

    async def hear(self) -> None:
        """Receive the webhooks that Razorpay has sent since, and do what follows."""
        await self.receive()
        await self.step()
        await self._deliver_all()

    async def receive(self) -> None:
        """Receive the webhooks that Razorpay has sent since."""
        bodies = [{**body, "account": self.account, "mode": "test"} for _, body in self.razorpay.webhooks]
        self.razorpay.webhooks.clear()
        await self._arrive(
            [
                Arrival(self._key("facts"), EventKind.FACTS, body, raw="{}", order_key=body["order_key"])
                for body in bodies
            ]
        )

    async def _deliver_all(self, statuses: Sequence[str] = _STATUSES) -> None:
        while deliveries := await self.deliver():
            for status in statuses:
                await self.acknowledge(deliveries, status)
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
    """WhatsApp's names of customer number `customer`."""
    return (("bsuid", f"IN.{10**12 + customer}"), ("phone", f"9198{customer:08}"))
