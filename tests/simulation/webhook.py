"""A webhook on its way to the bot, and when it comes again."""

import hmac
from dataclasses import dataclass
from typing import Final

from bot.context import Context
from bot.http.webhooks import take_razorpay, take_whatsapp
from tests.simulation.setting import SECRETS

_LADDER: Final = (6, 19, 40, 82, 165, 326, 650, 1290, 2580, 5140, 10270, 20510, 40990, 81950)
"""Seconds after its first delivery at which a webhook that was not answered 200 comes again."""


@dataclass
class Webhook:
    """A webhook on its way."""

    provider: str
    raw: bytes
    key: str
    """What the bot must know it by; of a status, the `wamid` that Meta gave the message."""
    what: str
    entry: int = 0
    """Of a status, the outbox entry of the message."""
    told: frozenset[str] = frozenset()
    """Addresses that it tells are one person's."""
    first: int = 0
    """When it was brought first, in milliseconds; 0: it was not yet."""

    @property
    def is_status(self) -> bool:
        """Whether it tells what became of a message."""
        return self.what in ("status", "failure")

    async def deliver(self, context: Context) -> None:
        """Hand it to the bot, signed. Raises what the bot raises."""
        if self.provider == "meta":
            await take_whatsapp(context, self.raw, f"sha256={self._signature('whatsapp_app_secret')}")
        else:
            await take_razorpay(context, self.raw, self._signature("razorpay_webhook_secret"))

    def _signature(self, secret: str) -> str:
        return hmac.new(SECRETS[secret].encode(), self.raw, "sha256").hexdigest()

    def again(self, now: int) -> int | None:
        """When it comes again after a try that was not answered; None: never."""
        return next((self.first + t * 1000 for t in _LADDER if self.first + t * 1000 > now), None)
