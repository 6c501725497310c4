"""Customers who come at a steady rate, whether the shop answers or not, and buy in different ways."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from sandbox.people import Person, ReceivedMessage
from sandbox.razorpay_ledger import NotPayableError
from sandbox.razorpay_rules import Refused
from sandbox.world import World
from tests.soak.outside import Outside
from tests.world.running_bot import CONFIRMED

PRODUCTS: Final = ("Masala chai 250 g", "Ginger chai 250 g")
_LOOK: Final = 0.05
"""Seconds between two looks at the phone."""
_FOR_MONEY: Final = 4
"""How many times as long a customer waits for a confirmation."""
_TRIES: Final = 4
_FEW: Final = 20
_STAY: Final = 60.0
"""Seconds for which those who were there to find the limit may stay afterwards."""
_RETURN_CHANCE: Final = 0.2
_RESTED: Final = 20
"""Customers who must have bought since, before one buys again."""


class GaveUp(Exception):
    """A customer was not answered, or was answered with what they did not expect, and left."""


class Crowd:
    """The customers of one soak."""

    def __init__(self, outside: Outside, dice: random.Random, *, pause: float, patience: float) -> None:
        """`pause` is the longest time that a customer thinks, `patience` how long they wait; in seconds."""
        self.outcomes: Counter[str] = Counter()
        """How many customers left, by how it ended."""
        self.begun = 0
        self.turned_away = 0
        """How many did not come in, because too many were waiting."""
        self.longest_wait = 0.0
        """Seconds that an answer took at most."""
        self.pause = pause
        self._world: World = outside.world
        self._dice = dice
        self._patience = patience
        self._rested: deque[Person] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ways: dict[str, tuple[int, Callable[[Person, str], Awaitable[None]]]] = {
            "paid": (66, self._pay),
            "failed, then paid": (12, self._fail_and_pay),
            "paid twice": (6, self._pay_twice),
            "the bank said yes late": (6, self._pay_late),
            "called off": (4, self._call_off),
            "left without paying": (6, self._leave),
        }

    async def come_at(self, rate: float, seconds: float, crowded: float) -> None:
        """Let customers come, `rate` in a second on average, for so long.

        No more come in while there are as many as come in `crowded` seconds.
        """
        most = max(_FEW, round(rate * crowded))
        end = monotonic() + seconds
        due = monotonic()
        while due < end:
            due += self._dice.expovariate(rate)
            await asyncio.sleep(max(0.0, due - monotonic()))
            if len(self._tasks) < most:
                self._come()
            else:
                self.turned_away += 1

    async def limit(self, seconds: float, together: int = 100) -> float:
        """Return how many customers buy in a second if `together` are always there and never think."""
        self.pause, thinking = 0.0, self.pause
        end, warm = monotonic() + seconds, monotonic() + seconds / 4
        before = self.outcomes.total()
        warmed = False
        while monotonic() < end:
            while len(self._tasks) < together:
                self._come()
            if not warmed and monotonic() > warm:
                before, warmed = self.outcomes.total(), True
            await asyncio.sleep(_LOOK)
        bought = self.outcomes.total() - before
        self.pause = thinking
        await self.leave(_STAY)
        return bought / (seconds * 3 / 4)

    async def leave(self, seconds: float) -> None:
        """Wait until nobody is left; after so many seconds, the rest leave, whatever they are doing."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            self.outcomes["left at the end"] += len(late)

    def _come(self) -> None:
        self.begun += 1
        task = asyncio.create_task(self._buy(self._who()))
        self._tasks.add(task)
        task.add_done_callback(self._on_leaving)

    def _on_leaving(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()

    def _who(self) -> Person:
        if len(self._rested) > _RESTED and self._dice.random() < _RETURN_CHANCE:
            return self._rested.popleft()
        number = len(self._world.meta.people)
        return self._world.meta.person(f"9198{number:08}", f"Asha {number}")

    async def _buy(self, person: Person) -> None:
        how = self._dice.choices(list(self._ways), [weight for weight, _ in self._ways.values()])[0]
        try:
            url = await self._order(person)
            await self._ways[how][1](person, url)
        except (GaveUp, NotPayableError, Refused):
            self.outcomes["gave up"] += 1
            return
        self.outcomes[how] += 1
        self._rested.append(person)

    async def _order(self, person: Person) -> str:
        """Chat up to the payment link, and return it."""
        await self._asks(person, lambda: person.write("hi"), PRODUCTS[0])
        for product in PRODUCTS:
            await self._taps(person, product, "🛒 Your cart")
        await self._taps(person, "Proceed to Checkout", "🧾 Your order")
        await self._taps(person, "Confirm order", "💳 Complete Payment")
        message = await self._taps(person, "Pay Now", "Click here")
        return message.text.split()[5]

    async def _pay(self, person: Person, url: str) -> None:
        await self._think()
        seen = len(person.messages)
        await self._world.razorpay.pay(url)
        await self._hears(person, seen, CONFIRMED, _FOR_MONEY * self._patience)

    async def _fail_and_pay(self, person: Person, url: str) -> None:
        await self._world.razorpay.fail(url)
        await self._pay(person, url)

    async def _pay_twice(self, person: Person, url: str) -> None:
        """Two payments of one link are authorised; Razorpay captures one and gives the other back."""
        seen = len(person.messages)
        first = await self._world.razorpay.authorize(url)
        await self._world.razorpay.authorize(url)
        await self._think()
        await self._world.razorpay.capture(first)
        await self._hears(person, seen, CONFIRMED, _FOR_MONEY * self._patience)

    async def _pay_late(self, person: Person, url: str) -> None:
        seen = len(person.messages)
        failed = await self._world.razorpay.fail(url)
        await asyncio.sleep(self._dice.uniform(0, self._patience / 3))
        await self._world.razorpay.settle_late(failed)
        await self._hears(person, seen, CONFIRMED, _FOR_MONEY * self._patience)

    async def _call_off(self, person: Person, url: str) -> None:
        await self._think()
        await person.write("cancel")

    async def _leave(self, person: Person, url: str) -> None:
        """Do nothing more: the order lapses by itself."""

    async def _think(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, self.pause))

    async def _taps(self, person: Person, title: str, answer: str) -> ReceivedMessage:
        await self._think()

        async def tap() -> str:
            try:
                return await person.tap(title)
            except LookupError:
                raise GaveUp(f"nothing called {title!r} to tap") from None

        return await self._asks(person, tap, answer)

    async def _asks(self, person: Person, ask: Callable[[], Awaitable[str]], answer: str) -> ReceivedMessage:
        """Ask, again if there is no answer, and return the answer. Raises GaveUp."""
        seen = len(person.messages)
        for _ in range(_TRIES - 1):
            await ask()
            try:
                return await self._hears(person, seen, answer, self._patience)
            except GaveUp:
                continue
        await ask()
        return await self._hears(person, seen, answer, self._patience)

    async def _hears(self, person: Person, seen: int, answer: str, patience: float) -> ReceivedMessage:
        """Return the first message after the `seen` first that begins with `answer` or offers it.

        Raises GaveUp after `patience` seconds.
        """
        asked = monotonic()
        while monotonic() < asked + patience:
            for message in person.messages[seen:]:
                if message.text.startswith(answer) or any(one.title == answer for one in message.choices):
                    self.longest_wait = max(self.longest_wait, monotonic() - asked)
                    return message
            seen = len(person.messages)
            await asyncio.sleep(_LOOK)
        raise GaveUp(f"no answer {answer!r}")
