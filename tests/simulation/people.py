"""Customers with whims: they write, tap old and new buttons, pay, pay again, fail, and go away."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from payments.shop.cart import Item
from tests.simulation.meta import Meta
from tests.simulation.razorpay import Razorpay
from tests.simulation.razorpay_books import Link
from tests.simulation.weather import MINUTE, Weather

_WORDS: Final = ("hi", "cart", "checkout", "yes", "cancel", "pay", "retry", "help", "i have paid", "hm?", "2")
_FORWARD: Final = ("Proceed to Checkout", "Confirm order", "Pay Now", "Pay the rest", "Try again")
_SKUS: Final = ("masala-250", "ginger-250", "kulhad-6")


class Stage(Protocol):
    """What a customer can reach."""

    meta: Meta
    razorpay: Razorpay
    lates: tuple[int, ...]
    weather: Weather
    seen: Counter[str]

    def write(self, phone: str, message: dict[str, Any]) -> None: ...
    def moves(self, phone: str, to: str) -> None: ...
    def order(self, phone: str, items: tuple[Item, ...]) -> None: ...
    def later(self, milliseconds: int, deed: Callable[[], None]) -> None: ...


class Person:
    """One customer; each act is one thing they do."""

    def __init__(self, phone: str, dice: random.Random, stage: Stage) -> None:
        self.phone, self._dice, self._stage = phone, dice, stage
        self._patience = dice.choice((2, 3, 4, 5, 6, 9))
        self._me: set[str] = set()
        self._read_until = 0
        self._paid = False

    def act(self) -> int | None:
        """Do one thing; milliseconds until the next, None if they have had enough."""
        self._patience -= 1
        self._read()
        self._be_known_otherwise()
        if not self._pay():
            self._chat()
        content = self._paid and self._dice.random() < 0.6
        if self._patience <= 0 or content:
            return None
        return self._dice.choice((0, MINUTE, MINUTE, MINUTE, 2 * MINUTE, 5 * MINUTE, 12 * MINUTE))

    def _read(self) -> None:
        """Notice what was received: who they are to the shop, and that they have paid."""
        mine = self._stage.meta.inboxes[self.phone]
        for message in mine[self._read_until :]:
            self._me.add(message.opaque.rpartition(".")[0])
            self._paid = self._paid or "Payment Successful" in message.text
        self._read_until = len(mine)

    def _be_known_otherwise(self) -> None:
        """Hide the number, show it, or have another, now and then, in worlds where people do."""
        register, strange = self._stage.meta.register, self._stage.weather.names
        if not strange or self._dice.random() >= strange:
            return
        names = register.of(self.phone)
        if names.bsuid is None:
            hides = self._dice.random() < 0.6
            self._stage.seen["a customer was known by an id alone" if hides else "an id beside a number"] += 1
            register.has(self.phone, f"IN.{self.phone}", hides=hides)
        elif names.hides:
            names.hides = False
        elif names.phone == self.phone:
            self._stage.moves(self.phone, f"97{self.phone[2:]}")

    def _pay(self) -> bool:
        payable = [link for me in sorted(self._me) for link in self._stage.razorpay.open_links(f"{me}-")]
        if not payable or self._dice.random() < 0.3:
            return False
        link = self._dice.choice(payable)
        whim = self._dice.random()
        if whim < 0.5:
            self._stage.razorpay.pay(link, link.amount)
        elif whim < 0.62:
            self._stage.razorpay.fail(self._stage.razorpay.begin(link, link.amount))
        elif whim < 0.72:
            self._wait_for_the_bank(link)
        elif whim < 0.80:
            self._stage.razorpay.pay(link, max(100, link.amount - self._dice.choice((50, 100, 5_000))))
        elif whim < 0.86:
            self._stage.razorpay.pay(link, link.amount + self._dice.choice((50, 100, 5_000)))
        elif whim < 0.89:
            self._stage.razorpay.pay(link, link.amount, "USD")
        elif whim < 0.95:
            self._pay_twice_at_once(link)
        elif whim < 0.98:
            self._order()
            self._stage.razorpay.pay(link, link.amount)
        else:
            return False
        return True

    def _wait_for_the_bank(self, link: Link) -> None:
        """The bank says no, or nothing, and yes much later."""
        payment = self._stage.razorpay.begin(link, link.amount)
        if self._dice.random() < 0.7:
            self._stage.later(10 * MINUTE, lambda: self._stage.razorpay.fail(payment))
        late = self._dice.choice(self._stage.lates)
        self._stage.later(late, lambda: self._stage.razorpay.finish(payment))

    def _pay_twice_at_once(self, link: Link) -> None:
        """Two devices on one page: Razorpay gives the second back by itself."""
        first, second = (self._stage.razorpay.begin(link, link.amount) for _ in range(2))
        self._stage.razorpay.finish(first)
        self._stage.later(self._dice.choice((0, MINUTE)), lambda: self._stage.razorpay.finish(second))

    def _order(self) -> None:
        """Over the shop's own API."""
        item = Item(self._dice.choice(_SKUS), self._dice.choice((1, 2)))
        self._stage.order(self.phone, (item,))

    def _chat(self) -> None:
        mine = self._stage.meta.inboxes[self.phone]
        if self._dice.random() < (0.08 if mine else 0.5):
            return self._order()
        replies = mine[-1].replies if mine and self._dice.random() < 0.8 else []
        if mine and not replies and self._dice.random() < 0.3:
            replies = self._dice.choice(mine).replies
        if replies and self._dice.random() < 0.85:
            forward = [r for r in replies if r[2] in _FORWARD]
            eager = forward and self._dice.random() < 0.85
            kind, id, title = self._dice.choice(forward if eager else replies)
            chosen = {"id": id, "title": title}
            return self._stage.write(
                self.phone, {"type": "interactive", "interactive": {"type": kind, kind: chosen}}
            )
        word = self._dice.choice(_WORDS) if mine else "hi"
        return self._stage.write(self.phone, {"type": "text", "text": {"body": word}})
