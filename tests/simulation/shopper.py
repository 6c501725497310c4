"""A customer, a payer, and a story to act in: what they wait for decides when they go on."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeAlias

from payments.shop.cart import Item
from tests.simulation.meta import Accepted
from tests.simulation.razorpay_books import Link, Payment
from tests.simulation.weather import SECOND
from tests.simulation.world import World

Wait: TypeAlias = int | Callable[[], bool]
Message: TypeAlias = dict[str, Any]
"""As WhatsApp tells of it, without who and when."""
Story: TypeAlias = Generator[Wait, None, None]

_OFTEN, _SELDOM = 2 * SECOND, 30 * SECOND


class Shopper:
    """One customer, who looks at their phone every few seconds."""

    def __init__(self, world: World, number: int) -> None:
        self.phone = f"9198{number:08}"
        self._world = world
        self._since = 0

    def says(self, words: str) -> None:
        """Write a text."""
        self.does(self.saying(words))

    def orders(self, sku: str, quantity: int) -> None:
        """Order over the shop's own API."""
        self._world.order(self.phone, (Item(sku, quantity),))

    def hears(self, words: str) -> Story:
        """Wait for a message with `words`, newer than what the customer did last."""
        yield lambda: any(words in message.text for message in self._news)

    def taps(self, title: str) -> Story:
        """Wait for what is called `title` on a message newer than what they did last, and tap it."""
        yield lambda: any(title == name for message in self._news for _, _, name in message.replies)
        self.does(self.tapping(title))

    def does(self, *deeds: Message) -> None:
        """Do all of it, so fast that it comes in one webhook."""
        self._since = len(self._inbox)
        self._world.write(self.phone, *deeds)

    def saying(self, words: str) -> Message:
        """A text."""
        return {"type": "text", "text": {"body": words}}

    def tapping(self, title: str, which: int = -1) -> Message:
        """A tap on what is called `title`: on the newest message that has it, or the `which`-th."""
        found = [reply for message in self._inbox for reply in message.replies if reply[2] == title]
        kind, id, _ = found[which]
        return {"type": "interactive", "interactive": {"type": kind, kind: {"id": id, "title": title}}}

    def chooses(self, title: str) -> Story:
        """From the first word to the summary of an order of one `title`."""
        self.says("hi")
        yield from self.taps(title)
        yield from self.taps("Proceed to Checkout")
        yield from self.hears("Shall we place it?")

    def buys(self, title: str) -> Story:
        """From the first word to a link that can be paid."""
        yield from self.chooses(title)
        yield from self.taps("Confirm order")
        yield from self.hears("Complete Payment")

    def pays(self, amount: int = 0) -> Payment:
        """Pay on the page of the newest link: all, or `amount` paise more or less."""
        link = self.link
        return self._world.razorpay.pay(link, link.amount + amount)

    def begins(self) -> Payment:
        """Begin to pay on the page of the newest link; the bank takes its time."""
        return self._world.razorpay.begin(self.link, self.link.amount)

    @property
    def links(self) -> list[Link]:
        """All that were ever made for this customer."""
        if not self._inbox:
            return []
        me = self._inbox[-1].opaque.rpartition(".")[0]
        return [link for link in self._world.razorpay.links.values() if link.order_key.startswith(f"{me}-")]

    @property
    def link(self) -> Link:
        """The newest."""
        return self.links[-1]

    def heard(self, words: str) -> bool:
        """Whether a message with `words` came since the customer did something."""
        return any(words in message.text for message in self._news)

    @property
    def _inbox(self) -> list[Accepted]:
        return self._world.meta.inboxes[self.phone]

    @property
    def _news(self) -> list[Accepted]:
        return self._inbox[self._since :]


def tell(world: World, story: Story) -> None:
    """Let `story` happen, from the start of the world on."""

    def go_on() -> None:
        wait = next(story, None)
        if isinstance(wait, int):
            world.later(wait, go_on)
        elif wait is not None:
            look(wait, _OFTEN)

    def look(question: Callable[[], bool], pause: int) -> None:
        if question():
            return go_on()
        return world.later(pause, partial(look, question, min(2 * pause, _SELDOM)))

    world.at(SECOND, go_on)
