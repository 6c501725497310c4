"""Customers of the day: they also choose slots and coupons, pay cash, and press what is not theirs."""

import random
from typing import Any, Final

from payments.shop.cart import Item
from tests.simulation.day.setting import ADDRESSES, CODES, PRICES, SLOTS, STAFF
from tests.simulation.day.world import DayWorld
from tests.simulation.payloads import tap, text
from tests.simulation.people import Person

_WORDS: Final = (
    *("cart", "checkout", "yes", "cancel", "pay", "retry", "status", "i have paid", "hm?", "back", "time"),
    *("cancel order", "cancel order", "coupon", "address", "repeat", "stop", "stop", "offers", "hi"),
    *("person", "person", "bot", "menu", "where are you?", "delete my data"),
)
_ORDERED: Final = ("Payment Successful", "is placed.")


class Customer(Person):
    """One customer of the day."""

    def __init__(self, phone: str, dice: random.Random, world: DayWorld) -> None:
        super().__init__(phone, dice, world)
        self._world = world
        self._patience = dice.choice((8, 12, 16))
        self._hurry = dice.random() < 0.85
        """Whether they answer what they are asked."""

    def act(self) -> int | None:
        """Do one thing. Return the milliseconds until the next, or None after the last."""
        if self._dice.random() < 0.03:
            self._press_what_is_not_theirs()
        if self._dice.random() < 0.01:
            self._flood()
        return super().act()

    def _flood(self) -> None:
        """Write far more than can be answered."""
        self._world.seen["a customer wrote without end"] += 1
        words = self._dice.choices(("menu", "status", "cart", "hi"), k=50)
        self._world.write(self.phone, *map(text, words))

    def _order(self) -> None:
        """A program orders for them, over the shop's own API."""
        sku = self._dice.choice(tuple(PRICES))
        said: dict[str, str | bool] = {"slot": self._dice.choice(SLOTS)}
        if self._dice.random() < 0.9:
            said["address"] = self._dice.choice(ADDRESSES[:-1])
        else:
            said["pickup"] = True
        if self._dice.random() < 0.3:
            said["coupon"] = self._dice.choice(CODES)
        if self._dice.random() < 0.4:
            said["pays"] = "cash"
        if self._dice.random() < 0.2:
            said["note"] = "ring twice"
        self._world.order(self.phone, (Item(sku, self._dice.choice((1, 1, 2))),), said)

    def _chat(self) -> None:
        messages = self._world.meta.inboxes[self.phone]
        answer = self._answer(messages[-1]) if messages and self._hurry else None
        if answer is not None:
            return self._world.write(self.phone, answer)
        if messages and self._dice.random() < 0.3:
            return self._say(self._dice.choice(_WORDS))
        return super()._chat()

    def _answer(self, message: Any) -> dict[str, Any] | None:
        """Return the answer to what the newest message asks; None if it asks nothing."""
        asked, draw = message.text, self._dice.random()
        if "Where shall we deliver?" in asked:
            return text(self._dice.choice(ADDRESSES))
        if "Type the code" in asked:
            return text(self._dice.choice((*CODES, "back")))
        if "Shall we place it?" in asked and draw < 0.3:
            return text(self._dice.choice(("coupon", "coupon", "coupon", "time", "address", "cash")))
        if message.replies:
            wanted = ("Cash on delivery",) if "Shall we place it?" in asked and draw < 0.65 else _FORWARD
            found = [one for one in message.replies if one[2] in wanted]
            free = "When shall it come?" in asked or "What would you like" in asked
            return tap(self._dice.choice(found or message.replies)) if found or free else None
        return None

    def _say(self, words: str) -> None:
        self._world.write(self.phone, text(words))

    def _press_what_is_not_theirs(self) -> None:
        """Tap a button that was sent to somebody of the staff."""
        inbox = self._world.meta.inboxes[self._dice.choice(tuple(STAFF))]
        replies = [one for message in inbox for one in message.replies if one[1].startswith("s|")]
        if replies:
            self._world.seen["a stranger pressed a button of the staff"] += 1
            self._world.write(self.phone, tap(self._dice.choice(replies)))


_FORWARD: Final = ("Proceed to Checkout", "Confirm order", "Pay Now", "Pay the rest", "Try again")
