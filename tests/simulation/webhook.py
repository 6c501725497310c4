"""Webhooks to the bot, and the times at which their sender retries."""

import hmac
from dataclasses import dataclass
from typing import Final

from bot.context import Context
from bot.http.webhooks import take_razorpay, take_whatsapp
from tests.simulation.setting import SECRETS

_RETRIES: Final = (6, 19, 40, 82, 165, 326, 650, 1290, 2580, 5140, 10270, 20510, 40990, 81950)
"""Seconds from the first delivery to each retry of a webhook that was not answered 200."""


@dataclass
class Webhook:
    """One copy of a webhook from Meta or Razorpay."""

    provider: str
    raw: bytes
    key: str
    """The inbox key that the bot must store it under; for a status, the `wamid` of the message."""
    what: str
    """Kind: a Razorpay event name, or message, move, status or failure."""
    entry: int = 0
    """For a status: the outbox entry of its message."""
    addresses: frozenset[str] = frozenset()
    """Addresses that it shows to be one person's."""
    first_at: int = 0
    """Time of the first delivery, in milliseconds since 1970, UTC; 0 before it."""

    @property
    def is_status(self) -> bool:
        """Whether it reports the status of a message that was sent."""
        return self.what in ("status", "failure")

    async def deliver(self, context: Context) -> None:
        """Deliver it to the bot, signed. Raises what the bot raises."""
        if self.provider == "meta":
            await take_whatsapp(context, self.raw, f"sha256={self._signature('whatsapp_app_secret')}")
        else:
            await take_razorpay(context, self.raw, self._signature("razorpay_webhook_secret"))

    def _signature(self, secret: str) -> str:
        return hmac.new(SECRETS[secret].encode(), self.raw, "sha256").hexdigest()

    def next_try_at(self, now: int) -> int | None:
        """Return the time of the next try, in milliseconds since 1970, UTC; None after the last."""
        tries = (self.first_at + seconds * 1000 for seconds in _RETRIES)
        return next((at for at in tries if at > now), None)
