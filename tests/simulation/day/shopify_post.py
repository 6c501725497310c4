"""The post between Shopify and the bot: it doubles, delays, reorders and repeats webhooks, and loses none."""

import base64
import hmac
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.http.shopify_webhook import take_shopify
from tests.simulation.setting import SECRETS
from tests.simulation.weather import HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.simulation.day.world import DayWorld

_RETRIES: Final = (10 * SECOND, MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR)
"""Milliseconds from the first delivery to each of Shopify's eight retries."""


@dataclass(eq=False)
class Delivery:
    """One copy of a webhook."""

    topic: str
    id: str
    """Shopify's id of the delivery: each copy and each retry has the same."""
    raw: bytes
    first_at: int = 0
    """In milliseconds since 1970, UTC; 0 before it."""

    @property
    def headers(self) -> dict[str, str]:
        """What it is sent with."""
        signature = hmac.new(SECRETS["shopify_webhook_secret"].encode(), self.raw, "sha256").digest()
        return {
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Webhook-Id": self.id,
            "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
        }


class ShopifyPost:
    """Takes what Shopify posts, and delivers it to the bot as the world's weather says."""

    def __init__(self, world: "DayWorld") -> None:
        self._world = world
        self.held = False
        """Whether what is posted stays at Shopify until `release`."""
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._serial = 0
        self._in_flight: list[Delivery] = []
        """What the bot has not answered yet."""

    def send(self, topic: str, body: dict[str, Any]) -> None:
        """Post a webhook: once, or several times if it is duplicated."""
        if self.held:
            self._waiting.append((topic, body))
            return
        world, dice, weather = self._world, self._world.shopify_dice, self._world.weather
        self._serial += 1
        raw = json.dumps(body).encode()
        world.record("shopify", f"{topic} {raw.decode()}")
        for _ in range(dice.choice((2, 3)) if dice.random() < weather.duplicate else 1):
            wait = dice.choice((0, 0, SECOND, MINUTE))
            if dice.random() < weather.delay:
                wait = dice.choice((MINUTE, 5 * MINUTE, 20 * MINUTE, 2 * HOUR))
            delivery = Delivery(topic, f"delivery-{world.seed}-{self._serial}", raw)
            world.plan(world.now() + wait, partial(self._deliver, delivery))

    def release(self) -> None:
        """Send what was held, the newest first."""
        self.held = False
        for topic, body in reversed(self._waiting):
            self.send(topic, body)
        self._waiting.clear()

    def process_died(self) -> None:
        """Schedule again what the dead process had not answered."""
        for delivery in self._in_flight:
            self._schedule_retry(delivery)
        self._in_flight.clear()

    async def _deliver(self, delivery: Delivery) -> None:
        world = self._world
        delivery.first_at = delivery.first_at or world.now()
        self._in_flight.append(delivery)
        assert world.context is not None
        request = take_shopify(world.context, delivery.raw, delivery.headers)
        try:
            answered = await world.post._answer_or_hang_up(request)
        finally:
            if world.loop is not None and not world.loop.dead:
                self._in_flight.remove(delivery)
        if not answered:
            self._schedule_retry(delivery)

    def _schedule_retry(self, delivery: Delivery) -> None:
        tries = (delivery.first_at + wait for wait in _RETRIES)
        if (when := next((at for at in tries if at > self._world.now()), None)) is not None:
            self._world.plan(when, partial(self._deliver, delivery))
