"""What can go wrong in a demo, on command: webhooks on their way, providers that are down or slow."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.demo.phone import NotPossible
from sandbox.faults import Fault, Faults
from sandbox.ladders import Provider
from sandbox.world import World

_DOWN: Final = Fault.html(503)
"""As a proxy in front of a broken provider answers."""


class Troubles:
    """The troubles of one world. Webhooks are named by who sends them."""

    def __init__(self, world: World) -> None:
        self._courier = world.courier
        self._faults: Mapping[Provider, Faults] = {
            "meta": world.meta.faults,
            "razorpay": world.razorpay.faults,
        }
        if world.shopify_url:
            self._faults = {**self._faults, "shopify": world.shopify.faults}
        self._down: frozenset[Provider] = frozenset()
        self._slow: dict[Provider, float] = {}

    @property
    def systems(self) -> tuple[Provider, ...]:
        """The providers that this world has."""
        return tuple(self._faults)

    @property
    def down(self) -> frozenset[Provider]:
        """The providers whose API answers nothing but errors."""
        return self._down

    @property
    def slow(self) -> Mapping[Provider, float]:
        """The providers whose API is slow, each with the seconds that an answer takes."""
        return self._slow

    @property
    def reordering(self) -> bool:
        """Whether webhooks that belong together come in any order."""
        return self._courier.mischief.reorder > 0

    @reordering.setter
    def reordering(self, reordering: bool) -> None:
        self._courier.mischief = replace(self._courier.mischief, reorder=float(reordering))

    def lose(self, provider: Provider, count: int = 1) -> None:
        """Lose the next `count` webhooks of `provider`, which takes them for delivered."""
        self._courier.lose_next(provider, count)

    def double(self, provider: Provider, count: int = 1) -> None:
        """Deliver each of the next `count` webhooks twice."""
        self._courier.duplicate_next(provider, count)

    def delay(self, provider: Provider, milliseconds: int, count: int = 1) -> None:
        """Delay each of the next `count` webhooks by `milliseconds` of the stage's clock."""
        self._courier.delay_next(provider, milliseconds, count)

    def take_down(self, provider: Provider) -> None:
        """Let each call to the provider's API fail. Raises NotPossible if the world has no such provider."""
        self._always(provider, _DOWN)
        self._slow.pop(provider, None)
        self._down |= {provider}

    def slow_down(self, provider: Provider, seconds: float) -> None:
        """Let each call take so many seconds of real time. Raises NotPossible as `take_down`."""
        self._always(provider, Fault.slow(seconds))
        self._down -= {provider}
        self._slow[provider] = seconds

    def mend(self, provider: Provider) -> None:
        """End what `take_down` or `slow_down` began. Raises NotPossible as `take_down`."""
        self._always(provider, None)
        self._down -= {provider}
        self._slow.pop(provider, None)

    def _always(self, provider: Provider, fault: Fault | None) -> None:
        if provider not in self._faults:
            raise NotPossible(f"there is no {provider} here: start the demo with --with {provider}")
        for operation in self._faults[provider].operations:
            self._faults[provider].always(operation, fault)
