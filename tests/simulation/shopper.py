"""A customer for scripts. A story yields what it waits for, and goes on when that is there."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeAlias

from payments.shop.cart import Item
from tests.simulation import payloads
from tests.simulation.meta import Accepted
from tests.simulation.razorpay_books import Link, Payment
from tests.simulation.weather import SECOND
from tests.simulation.world import World

Wait: TypeAlias = int | Callable[[], bool]
Message: TypeAlias = dict[str, Any]
"""A message as in a WhatsApp webhook, without sender and time."""
Story: TypeAlias = Generator[Wait, None, None]

_FIRST_POLL, _LONGEST_POLL = 2 * SECOND, 30 * SECOND


class Shopper:
    """One customer, whose waits are polled every few seconds. The methods that return a Story wait."""

    def __init__(self, world: World, number: int) -> None:
        self.phone = f"9198{number:08}"
        self._world = world
        self._seen_count = 0

    def says(self, words: str) -> None:
        """Send a text."""
        self.sends(self.text(words))

    def orders(self, sku: str, quantity: int) -> None:
        """Order over the shop's own API."""
        self._world.order(self.phone, (Item(sku, quantity),))

    def hears(self, words: str) -> Story:
        """Wait for a message with `words` that came after the customer's last message."""
        yield lambda: self.heard(words)

    def taps(self, title: str) -> Story:
        """Wait for a button `title` that came after the customer's last message, and tap it."""
        yield lambda: any(title == name for message in self._new_messages for _, _, name in message.replies)
        self.sends(self.tap(title))

    def sends(self, *messages: Message) -> None:
        """Send the messages so fast that they come in one webhook."""
        self._seen_count = len(self._inbox)
        self._world.write(self.phone, *messages)

    def text(self, words: str) -> Message:
        """Return a text message."""
        return payloads.text(words)

    def tap(self, title: str, which: int = -1) -> Message:
        """Return a tap on the newest button or row `title`; `which` is an index from the oldest."""
        replies = [reply for message in self._inbox for reply in message.replies if reply[2] == title]
        return payloads.tap(replies[which])

    def chooses(self, title: str) -> Story:
        """Write the first message, and go on to the summary of an order of one `title`."""
        self.says("hi")
        yield from self.taps(title)
        yield from self.taps("Proceed to Checkout")
        yield from self.hears("Shall we place it?")

    def buys(self, title: str) -> Story:
        """Write the first message, and go on to a link that can be paid."""
        yield from self.chooses(title)
        yield from self.taps("Confirm order")
        yield from self.hears("Complete Payment")

    def pays(self, amount: int = 0) -> Payment:
        """Pay the newest link; `amount` is added to its amount, in paise, and may be negative."""
        link = self.link
        return self._world.razorpay.pay(link, link.amount + amount)

    def begins_payment(self) -> Payment:
        """Begin to pay the newest link; the bank has not answered yet."""
        return self._world.razorpay.begin(self.link, self.link.amount)

    @property
    def conversation(self) -> str:
        """The public id of the conversation that wrote to this customer last."""
        return self._inbox[-1].opaque.rpartition(".")[0]

    @property
    def links(self) -> list[Link]:
        """All links that were ever made for this customer, oldest first."""
        if not self._inbox:
            return []
        links = self._world.razorpay.links.values()
        return [link for link in links if link.order_key.startswith(f"{self.conversation}-")]

    @property
    def link(self) -> Link:
        """The newest link."""
        return self.links[-1]

    def heard(self, words: str) -> bool:
        """Return whether a message with `words` came after the customer's last message."""
        return any(words in message.text for message in self._new_messages)

    @property
    def _inbox(self) -> list[Accepted]:
        return self._world.meta.inboxes[self.phone]

    @property
    def _new_messages(self) -> list[Accepted]:
        return self._inbox[self._seen_count :]


def schedule(world: World, story: Story) -> None:
    """Run `story` in `world` from its start; poll the conditions that it waits for."""

    def go_on() -> None:
        wait = next(story, None)
        if isinstance(wait, int):
            world.later(wait, go_on)
        elif wait is not None:
            poll(wait, _FIRST_POLL)

    def poll(condition: Callable[[], bool], pause: int) -> None:
        if condition():
            return go_on()
        return world.later(pause, partial(poll, condition, min(2 * pause, _LONGEST_POLL)))

    world.at(SECOND, go_on)
