"""What a person can do about money: pay a link or an order card, in vain, late, short or twice."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot.demo.books import Books
from bot.demo.phone import NotPossible
from payments.shop.orders import is_card
from sandbox.people import Person
from sandbox.razorpay_ledger import NotPayableError
from sandbox.razorpay_rules import Refused
from sandbox.world import World


class NothingToPay(NotPossible):
    """The person has nothing to pay."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A payment link, or an order card in the chat."""

    reference: str
    order: str
    """The order's number."""
    amount: int
    """Paise."""
    status: str
    """How it stands in the books: `created`, `paid`, `expired`, …"""
    link: str | None
    """Razorpay's id of the link; None for a card."""
    url: str | None
    """The link's page; None for a card."""


class Payer:
    """A person with a purse. Each method raises NotPossible."""

    def __init__(self, person: Person, world: World, books: Books) -> None:
        self._person, self._world, self._books = person, world, books

    async def offers(self) -> list[Offer]:
        """Return what the person was given to pay so far, the newest last."""
        story = await self._books.story(self._person.wa_id)
        orders = story.orders if story else ()
        offers = [_offer(order, attempt) for order in orders for attempt in order["attempts"]]
        cards = self._world.meta.cards.shown
        return [one for one in offers if one.link or one.reference in cards]

    async def pay(self, offer: Offer | None = None) -> None:
        """Pay the whole of `offer`, by default of the newest."""
        offer = offer or await self._newest()
        with _refusals():
            if offer.link is None:
                await self._world.pay_card(offer.reference)
            else:
                await self._world.razorpay.pay(offer.link)

    async def fail(self, reason: str = "", offer: Offer | None = None) -> None:
        """Try to pay it in vain. `reason` is what Razorpay reports."""
        offer = offer or await self._newest()
        options = {"description": reason} if reason else {}
        with _refusals():
            if offer.link is None:
                await self._world.fail_card(offer.reference)
            else:
                await self._world.razorpay.fail(offer.link, **options)

    async def pay_late(self, offer: Offer | None = None) -> None:
        """Let the bank take the money of a link that has ended meanwhile."""
        link = self._link(offer or await self._newest())
        if self._world.razorpay.links[link].status == "created":
            raise NotPossible("the link can still be paid: put the clock forward until it has expired")
        with _refusals():
            await self._world.razorpay.capture(await self._world.razorpay.authorize(link))

    async def pay_short(self, amount: int, offer: Offer | None = None) -> None:
        """Pay `amount` paise of a link, which is less than it is for."""
        offer = offer or await self._newest()
        if not 0 < amount < offer.amount:
            raise NotPossible(f"short is less than the {offer.amount} paise of the link, and not {amount}")
        with _refusals():
            await self._world.razorpay.pay(self._link(offer), amount=amount)

    async def pay_twice(self, offer: Offer | None = None) -> None:
        """Pay a link from two phones at once: Razorpay captures one payment and gives the other back."""
        link = self._link(offer or await self._newest())
        with _refusals():
            await self._world.razorpay.pay(link)
            await self._world.razorpay.authorize(link)

    async def _newest(self) -> Offer:
        offers = await self.offers()
        if not offers:
            raise NothingToPay("no payment link has been sent yet: put something in the cart and check out")
        return offers[-1]

    def _link(self, offer: Offer) -> str:
        if offer.link is None:
            raise NotPossible("an order card in the chat is paid whole, or in vain: for this it takes a link")
        return offer.link


def _offer(order: Mapping[str, Any], attempt: Mapping[str, Any]) -> Offer:
    reference = attempt["reference_id"]
    link = None if is_card(reference) else attempt["link_id"]
    return Offer(reference, order["number"], attempt["amount"], attempt["status"], link, attempt["short_url"])


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (NotPayableError, LookupError, ValueError, Refused) as refused:
        raise NotPossible(str(refused)) from None
