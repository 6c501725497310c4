"""Histories of a shop whose customers pay in the chat: WhatsApp shows the cards, Razorpay has the money.

Source: Meta, Payments API India, "Payment gateway"; Razorpay docs, "Fetch All Orders".
"""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.retry import Failure
from bot.whatsapp.errors import SendError
from flows.engine.model import Flow
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Link as Answer
from payments.shop.orders import LinkStatus
from tests.simulation.database import Hooks
from tests.simulation.history import Populate
from tests.simulation.meta import Accepted, Meta
from tests.simulation.payloads import tap, text
from tests.simulation.people import Person
from tests.simulation.razorpay import Razorpay
from tests.simulation.razorpay_books import Link, Payment
from tests.simulation.setting import paying_shop
from tests.simulation.weather import MINUTE, Weather
from tests.simulation.world import World

_PAID, _TRANSITION, _TAKEN = 2047, 2046, 131009


@dataclass
class CardRazorpay(Razorpay):
    """Razorpay, which makes orders for cards. A card is a link here that no call of the gateway sees.

    The orders of a card have its reference as receipt, and our notes; their payments have neither.
    """

    meta: "CardMeta | None" = None
    lost: set[str] = field(default_factory=set)
    """Ids of cards that only lost books may have known. Nobody can close them: they end with their time."""
    disowned: set[str] = field(default_factory=set)
    """Ids of cards that are said not to have reached their customers, and have."""

    def rivals(self, customer: str) -> list[Link]:
        unknown = self.lost | self.disowned
        return [link for link in super().rivals(customer) if link.id not in unknown]

    def show(self, parameters: dict[str, Any]) -> Link:
        """Let the card be paid from now on."""
        reference, order_key = parameters["reference_id"], _order_of(parameters)
        customer, _, _ = order_key.rpartition("-")
        if others := self.rivals(customer):
            self.wrongs.append(f"INV10: {reference} is shown while {others[0].reference} is payable")
        self.seen["a card was shown"] += 1
        card = Link(
            id=f"card {reference}",
            reference=reference,
            order_key=order_key,
            amount=parameters["total_amount"]["value"],
            expires_at=int(parameters["order"]["expiration"]["timestamp"]) * 1000,
            notes={"munshi_order": order_key},
            made_at=self.now(),
        )
        self.links[card.id] = card
        return card

    async def orders_of(self, receipt: str) -> list[Any]:
        await self._before("orders")
        found = [
            self._card_order(card)
            for card in self.links.values()
            if _is_card(card) and card.order and card.reference == receipt
        ]
        await self.crash_point("after orders")
        return found

    async def order_payments(self, order_id: str) -> list[Any]:
        found = await super().order_payments(order_id)
        await self.crash_point("after payments")
        return found

    async def order_of(self, order_id: str, receipt: str) -> Any | None:
        await self._before("order")
        link = next((link for link in self.links.values() if link.order == order_id), None)
        if link is None:
            raise GatewayError(Reason.NOT_FOUND, "The id provided does not exist", status=400)
        return self._card_order(link) if link.reference == receipt else None

    async def find_link(self, reference_id: str) -> Answer | None:
        assert f"card {reference_id}" not in self.links, "a card is no link"
        return await super().find_link(reference_id)

    async def card_orders(self, installation: str) -> AsyncIterator[list[Answer]]:
        await self._before("list")
        yield [
            replace(
                self._answer(card),
                id=card.order,
                status=LinkStatus.PAID if card.order in self.paid_orders else LinkStatus.CREATED,
                short_url="",
            )
            for card in reversed(self.links.values())
            if _is_card(card) and card.order and card.order_key.startswith(f"{installation}-")
        ]

    async def links_of(self, installation: str) -> AsyncIterator[list[Answer]]:
        async for page in super().links_of(installation):
            yield [link for link in page if not link.id.startswith("card ")]

    def finish(self, payment: Payment) -> None:
        super().finish(payment)
        card = payment.link
        if _is_card(card) and self.meta:
            if payment.captured and payment.net >= card.amount and card.status in ("expired", "cancelled"):
                self.seen["a card was paid after its end"] += 1
            self.meta.tell(card, payment)

    def fail(self, payment: Payment) -> None:
        super().fail(payment)
        if _is_card(payment.link) and self.meta:
            self.meta.tell(payment.link, payment)

    def _card_order(self, card: Link) -> dict[str, Any]:
        paid = card.order in self.paid_orders
        return self._order_entity(card) | {
            "status": "paid" if paid else "attempted",
            "amount_paid": card.amount if paid else 0,
        }

    def _entity(self, payment: Payment) -> dict[str, Any]:
        entity = super()._entity(payment)
        return entity | {"description": None, "notes": []} if _is_card(payment.link) else entity

    def _post_event(self, name: str, **entities: dict[str, Any]) -> None:
        """Post no event of a link that is a card: Razorpay knows of none."""
        if not entities.get("payment_link", {}).get("id", "").startswith("card "):
            super()._post_event(name, **entities)


@dataclass
class CardMeta(Meta):
    """WhatsApp, which shows cards and tells of their payments."""

    razorpay: CardRazorpay | None = None
    cards: dict[str, Link] = field(default_factory=dict)
    """By reference id."""
    receipts: bool = True
    """Whether it tells what became of its messages."""

    def called(self, payload: dict[str, Any]) -> str:
        if _parameters(payload, "order_details"):
            return "card"
        if change := _parameters(payload, "order_status"):
            return str(change["order"]["status"])
        return super().called(payload)

    def _refuse(self, payload: dict[str, Any]) -> None:
        super()._refuse(payload)
        parameters = _parameters(payload, "order_details")
        if parameters and parameters["reference_id"] in self.cards:
            self.seen["card: sent again"] += 1
            raise SendError(Failure.PERMANENT, "reference_id was used before", code=_TAKEN, status=400)
        stubborn = self.weather.stubborn and self.dice.random() < self.weather.stubborn
        if parameters and stubborn:
            self.seen["a card was refused"] += 1
            raise SendError(Failure.PERMANENT, "simulated", code=_TAKEN, status=400)

    def _failure(self, accepted: Accepted) -> int | None:
        assert self.razorpay
        failure = super()._failure(accepted)
        if failure is None and (parameters := _parameters(accepted.payload, "order_status")):
            return self._changed(parameters)
        parameters = _parameters(accepted.payload, "order_details")
        if failure is None and parameters:
            self.cards[parameters["reference_id"]] = self.razorpay.show(parameters)
        return failure

    def disown(self, card: Link) -> None:
        """Say that a card did not reach its customer, who has it."""
        assert self.razorpay
        self.razorpay.disowned.add(card.id)
        shown = self._shown(card)
        self._post_status(shown.wamid, shown, "failed", errors=[{"code": _TAKEN, "title": "simulated"}])

    def deliver(self, card: Link) -> None:
        """Say that a card reached its customer."""
        shown = self._shown(card)
        self._post_status(shown.wamid, shown, "delivered")

    def _changed(self, parameters: dict[str, Any]) -> int | None:
        """Change a card. Return the code with which that fails."""
        assert self.razorpay
        card, status = self.cards.get(parameters["reference_id"]), parameters["order"]["status"]
        if card is None:
            return _TAKEN
        if status != "canceled":
            return None
        self.razorpay._expire()
        begun = [p for p in self.razorpay.payments.values() if p.link is card and p.status != "failed"]
        if begun:
            self.seen["a card that was paid could not be closed"] += 1
            return _PAID
        if card.status != "created":
            self.seen["canceled: sent again"] += card.status == "cancelled"
            return _TRANSITION
        self.seen["a card was closed"] += 1
        card.status = "cancelled"
        return None

    def _post_status(self, *args: Any, **extra: Any) -> None:
        if self.receipts:
            super()._post_status(*args, **extra)

    def tell(self, card: Link, payment: Payment) -> None:
        """Post what became of a payment of a card."""
        names = self.register.names_of(self._person_of(card))
        transaction = {"id": card.order, "pg_transaction_id": payment.id, "type": "razorpay"}
        status = {"captured": "success", "failed": "failed"}.get(payment.status, "pending")
        said = {
            "reference_id": card.reference,
            "amount": {"value": card.amount, "offset": 100},
            "currency": "INR",
            "transaction": {**transaction, "status": status},
        }
        captured = "captured" if status == "success" else "pending"
        entry = {"id": f"wamid.{card.reference}", "type": "payment", "status": captured, "payment": said}
        self.post(
            {"statuses": [{**entry, "timestamp": str(self.now() // 1000), "recipient_id": names.phone}]},
            frozenset({names.phone}),
        )

    def _person_of(self, card: Link) -> str:
        return self._shown(card).to

    def _shown(self, card: Link) -> Accepted:
        """Return the message that shows a card."""
        shown = (one for one in (*self.log, *self.lost) if _parameters(one.payload, "order_details"))
        return next(one for one in shown if _reference(one) == card.reference)


class CardWorld(World):
    """A world in which customers pay in the chat."""

    razorpay_kind = CardRazorpay
    meta_kind = CardMeta

    def __init__(self, seed: int, url: str, weather: Weather | None, hooks: Hooks, end: int) -> None:
        super().__init__(seed, url, weather, hooks, end)
        assert isinstance(self.razorpay, CardRazorpay)
        assert isinstance(self.meta, CardMeta)
        self.razorpay.meta, self.meta.razorpay = self.meta, self.razorpay

    @property
    def flow(self) -> Flow:
        """The flow of the shop."""
        return paying_shop()

    def lose_books(self, path: Path) -> None:
        """Note which cards were shown since the backup."""
        assert isinstance(self.razorpay, CardRazorpay)
        cards = (link for link in self.razorpay.links.values() if _is_card(link))
        self.razorpay.lost |= {card.id for card in cards if card.made_at >= (self.backups.began_at or 0)}


class Buyer(Person):
    """A customer who buys in the chat, and now and then wants another way to pay."""

    def _chat(self) -> None:
        messages = self._stage.meta.inboxes[self.phone]
        forward = [r for message in messages[-1:] for r in message.replies if r[2] in _FORWARD]
        if not messages or (not forward and self._dice.random() < 0.3):
            return self._stage.write(self.phone, text("hi"))
        if forward and self._dice.random() < 0.9:
            return self._stage.write(self.phone, tap(self._dice.choice(forward)))
        if self._dice.random() < 0.4:
            return self._stage.write(self.phone, text(self._dice.choice(("retry", "cancel", "checkout"))))
        return super()._chat()


_FORWARD = ("Masala chai 250 g", "Proceed to Checkout", "Confirm order", "Try again")


def buyers(people: int) -> Populate:
    """Return a function that puts so many buyers into a world."""

    def populate(world: World) -> None:
        for n in range(people):
            buyer = Buyer(f"9198{n:08}", random.Random(f"{world.seed} {n}"), world)
            world.at(world.dice.randrange(5) * MINUTE, partial(world.play_person, buyer))

    return populate


def _is_card(link: Link) -> bool:
    return link.id.startswith("card ")


def _order_of(parameters: dict[str, Any]) -> str:
    settings = parameters["payment_settings"][0]["payment_gateway"]
    return str(settings["razorpay"]["notes"]["munshi_order"])


def _parameters(payload: dict[str, Any], kind: str) -> dict[str, Any]:
    interactive = payload.get("interactive", {})
    return dict(interactive["action"]["parameters"]) if interactive.get("type") == kind else {}


def _reference(message: Accepted) -> str:
    return str(_parameters(message.payload, "order_details")["reference_id"])
