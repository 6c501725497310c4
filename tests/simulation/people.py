"""Random customers: they write, tap old and new buttons, pay, pay again, fail, and stop."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from payments.shop.cart import Item
from tests.simulation.meta import Meta
from tests.simulation.payloads import tap, text
from tests.simulation.razorpay import Razorpay
from tests.simulation.razorpay_books import Link
from tests.simulation.weather import MINUTE, Weather

_WORDS: Final = ("hi", "cart", "checkout", "yes", "cancel", "pay", "retry", "help", "i have paid", "hm?", "2")
_FORWARD: Final = ("Proceed to Checkout", "Confirm order", "Pay Now", "Pay the rest", "Try again")
_SKUS: Final = ("masala-250", "ginger-250", "kulhad-6")


class Stage(Protocol):
    """What a customer can act on; the world implements it."""

    meta: Meta
    razorpay: Razorpay
    late_approvals: tuple[int, ...]
    weather: Weather
    seen: Counter[str]

    def write(self, phone: str, message: dict[str, Any]) -> None: ...
    def change_number(self, phone: str, to: str) -> None: ...
    def order(self, phone: str, items: tuple[Item, ...]) -> None: ...
    def later(self, milliseconds: int, action: Callable[[], None]) -> None: ...


class Person:
    """One customer, who acts at random. `phone` is their key: the number that they begin with."""

    def __init__(self, phone: str, dice: random.Random, stage: Stage) -> None:
        self.phone, self._dice, self._stage = phone, dice, stage
        self._patience = dice.choice((2, 3, 4, 5, 6, 9))
        self._conversations: set[str] = set()
        """Public ids of the conversations that have written to them; their order keys begin with these."""
        self._read_count = 0
        self._paid = False

    def act(self) -> int | None:
        """Do one thing. Return the milliseconds until the next, or None after the last."""
        self._patience -= 1
        self._read()
        self._change_names()
        if not self._pay():
            self._chat()
        satisfied = self._paid and self._dice.random() < 0.6
        if self._patience <= 0 or satisfied:
            return None
        return self._dice.choice((0, MINUTE, MINUTE, MINUTE, 2 * MINUTE, 5 * MINUTE, 12 * MINUTE))

    def _read(self) -> None:
        """Take from the new messages which conversations are theirs and whether an order is paid."""
        messages = self._stage.meta.inboxes[self.phone]
        for message in messages[self._read_count :]:
            self._conversations.add(message.opaque.rpartition(".")[0])
            self._paid = self._paid or "Payment Successful" in message.text
        self._read_count = len(messages)

    def _change_names(self) -> None:
        """Hide the number, show it, or change it, with the chance that the weather gives."""
        register, chance = self._stage.meta.register, self._stage.weather.names
        if not chance or self._dice.random() >= chance:
            return
        names = register.names_of(self.phone)
        if names.bsuid is None:
            hides = self._dice.random() < 0.6
            self._stage.seen["a customer was known by an id alone" if hides else "an id beside a number"] += 1
            register.show_bsuid(self.phone, f"IN.{self.phone}", hides=hides)
        elif names.hides:
            names.hides = False
        elif names.phone == self.phone:
            self._stage.change_number(self.phone, f"97{self.phone[2:]}")

    def _pay(self) -> bool:
        """Do something about a link that can be paid. Return whether they did."""
        razorpay, conversations = self._stage.razorpay, sorted(self._conversations)
        payable = [link for id in conversations for link in razorpay.open_links(f"{id}-")]
        if not payable or self._dice.random() < 0.3:
            return False
        link = self._dice.choice(payable)
        draw = self._dice.random()
        if draw < 0.5:
            razorpay.pay(link, link.amount)
        elif draw < 0.62:
            razorpay.fail(razorpay.begin(link, link.amount))
        elif draw < 0.72:
            self._wait_for_the_bank(link)
        elif draw < 0.80:
            razorpay.pay(link, max(100, link.amount - self._dice.choice((50, 100, 5_000))))
        elif draw < 0.86:
            razorpay.pay(link, link.amount + self._dice.choice((50, 100, 5_000)))
        elif draw < 0.89:
            razorpay.pay(link, link.amount, "USD")
        elif draw < 0.95:
            self._pay_twice_at_once(link)
        elif draw < 0.98:
            self._order()
            razorpay.pay(link, link.amount)
        else:
            return False
        return True

    def _wait_for_the_bank(self, link: Link) -> None:
        """Begin a payment that perhaps fails first, and that the bank approves much later."""
        payment = self._stage.razorpay.begin(link, link.amount)
        if self._dice.random() < 0.7:
            self._stage.later(10 * MINUTE, lambda: self._stage.razorpay.fail(payment))
        late = self._dice.choice(self._stage.late_approvals)
        self._stage.later(late, lambda: self._stage.razorpay.finish(payment))

    def _pay_twice_at_once(self, link: Link) -> None:
        """Pay one link on two devices: Razorpay refunds the second payment by itself."""
        first, second = (self._stage.razorpay.begin(link, link.amount) for _ in range(2))
        self._stage.razorpay.finish(first)
        self._stage.later(self._dice.choice((0, MINUTE)), lambda: self._stage.razorpay.finish(second))

    def _order(self) -> None:
        """Order over the shop's own API."""
        item = Item(self._dice.choice(_SKUS), self._dice.choice((1, 2)))
        self._stage.order(self.phone, (item,))

    def _chat(self) -> None:
        """Order, tap a button (mostly one that leads on), or write a word."""
        messages = self._stage.meta.inboxes[self.phone]
        if self._dice.random() < (0.08 if messages else 0.5):
            return self._order()
        replies = messages[-1].replies if messages and self._dice.random() < 0.8 else []
        if messages and not replies and self._dice.random() < 0.3:
            replies = self._dice.choice(messages).replies
        if replies and self._dice.random() < 0.85:
            forward = [r for r in replies if r[2] in _FORWARD]
            eager = forward and self._dice.random() < 0.85
            return self._stage.write(self.phone, tap(self._dice.choice(forward if eager else replies)))
        word = self._dice.choice(_WORDS) if messages else "hi"
        return self._stage.write(self.phone, text(word))
