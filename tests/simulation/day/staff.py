"""The staff of the day: they press buttons, also stale ones and twice, type, and write to customers."""

import random
import re
from typing import Any, Final

from tests.simulation.day.setting import ADDRESSES, PRICES
from tests.simulation.day.world import DayWorld
from tests.simulation.meta import Accepted
from tests.simulation.payloads import tap, text
from tests.simulation.weather import HOUR, MINUTE, SECOND

WORKING_TIME: Final = 2 * HOUR
"""Milliseconds for which the staff act: longer than the customers."""
_NUMBER: Final = re.compile(r"#(\d+)")
_COMMANDS: Final = (
    *("", "accepted", "preparing", "out", "out", "delivered", "delivered cash", "delivered upi"),
    *("delivered cash", "delivered owed", "delivered cash 100", "ready", "fly", "note ring twice"),
    *("less {sku} 1 sold out", "less {sku} 1 waste", "less {sku} 2", "less {sku}", "address {address}"),
    *("allowance 30 late", "allowance 9.99", "allowance 100000", "cancel", "cancel waste", "refuse"),
    *("refuse", "refuse waste", "return {sku} 1 broken", "return {sku} 1", "refunded", "refunded"),
    *("cash", "cash 50", "cash 50 surplus", "upi", "undo", "undo", "undo 1", "undo 2"),
    *("refuse keep-delivery", "refuse keep-delivery", "delivery keep", "delivery refund"),
)


class Clerk:
    """One member of the staff, who acts at random. `phone` is their key."""

    def __init__(self, phone: str, dice: random.Random, world: DayWorld) -> None:
        self.phone, self._dice, self._world = phone, dice, world

    def act(self) -> int:
        """Do one thing. Return the milliseconds until the next."""
        inbox = self._world.meta.inboxes[self.phone]
        draw = self._dice.random()
        if not inbox:
            self._write(text("hi"))
        elif draw < 0.55:
            self._press(inbox[-10:])
        elif draw < 0.63:
            self._press(inbox)
        elif draw < 0.85:
            self._type(inbox)
        elif draw < 0.93:
            self._reply(inbox)
        elif draw < 0.97:
            self._at_the_desk(inbox)
        elif draw < 0.99:
            self._write(text(self._dice.choice(("#orders", "#day", "#help", "#99999 out", "#fly"))))
        else:
            self._world.echo(f"9198{self._dice.randrange(60):08}")
        return self._dice.choice((0, 15 * SECOND, MINUTE, 2 * MINUTE, 3 * MINUTE))

    def _press(self, messages: list[Accepted]) -> None:
        """Tap a button of one of these messages, perhaps twice, perhaps beside another."""
        with_buttons = [message for message in messages if message.replies]
        if not with_buttons:
            return
        message = self._dice.choice(with_buttons)
        taps = [tap(self._dice.choice(message.replies))]
        draw = self._dice.random()
        if draw < 0.1:
            self._world.seen["a button of the staff was pressed twice"] += 1
            taps *= 2
        elif draw < 0.15:
            taps.append(tap(self._dice.choice(message.replies)))
        if self._dice.random() < 0.5:
            self._write(*taps)
        else:
            for one in taps:
                self._write(one)

    def _type(self, messages: list[Accepted]) -> None:
        numbers = [number for message in messages[-40:] for number in _NUMBER.findall(message.text)]
        if numbers:
            words = self._dice.choice(_COMMANDS).format(
                sku=self._dice.choice(tuple(PRICES)), address=self._dice.choice(ADDRESSES)
            )
            self._write(text(f"#{self._dice.choice(numbers)} {words}"))

    def _reply(self, messages: list[Accepted]) -> None:
        """Quote a message: one about a customer is a reply to that customer."""
        words = self._dice.choice(("On our way", "Sorry!", "#done"))
        quoted = self._dice.choice(messages[-6:])
        self._write({**text(words), "context": {"from": "911", "id": quoted.wamid}})

    def _at_the_desk(self, messages: list[Accepted]) -> None:
        ids = [
            id.split("|") for m in messages[-40:] for _, id, _ in m.replies if id.lstrip("0").startswith("s|")
        ]
        keys = [parts for parts in ids if parts[1].count("-") > 1]
        if keys:
            _, key, stage, *_ = self._dice.choice(keys)
            if self._dice.random() < 0.1:
                self._world.forget(key.rpartition("-")[0])
            else:
                verb, value = self._dice.choice(_AT_THE_DESK)
                self._world.change_order(key, verb, value, stage if self._dice.random() < 0.5 else "")

    def _write(self, *messages: dict[str, Any]) -> None:
        self._world.write(self.phone, *messages)


_AT_THE_DESK: Final = (
    *(("stage", to) for to in ("accepted", "preparing", "out", "delivered owed", "delivered cash")),
    ("allowance", "20.50 late"),
    ("less", "masala-250 1 restock gone"),
    ("cash", "100.00"),
    ("cancel", ""),
    ("refunded", ""),
)
