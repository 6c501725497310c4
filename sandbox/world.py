"""Meta and Razorpay, and Shopify if it is wanted: on loopback, with one clock, delivering to one bot."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Self

from aiohttp import web

from sandbox.delivery import Courier, Delivery
from sandbox.ids import Ids
from sandbox.meta import Meta, Window
from sandbox.meta_cards import Card
from sandbox.razorpay import Razorpay
from sandbox.shopify import Shopify

API_VERSION: Final = "v25.0"
_TICK: Final = 0.2
"""Seconds of real time between two checks of the clock."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The credentials that the bot and the providers share. They protect nothing: the sandbox is open."""

    phone_number_id: str = "200000000000001"
    access_token: str = field(default="sandbox-access-token", repr=False)
    app_secret: str = field(default="sandbox-app-secret", repr=False)
    verify_token: str = field(default="sandbox-verify-token", repr=False)
    key_id: str = "rzp_test_Sandbox000001"
    key_secret: str = field(default="sandbox-key-secret", repr=False)
    webhook_secret: str = field(default="sandbox-webhook-secret", repr=False)
    shopify_client_id: str = "sandbox-shopify-client"
    shopify_client_secret: str = field(default="sandbox-shopify-secret", repr=False)


class World:
    """Both providers, and the deliveries to the bot."""

    def __init__(
        self,
        *,
        now: Callable[[], int],
        secrets: Secrets | None = None,
        seed: int = 0,
        statuses: tuple[str, ...] = ("sent", "delivered"),
        pair_rate: bool = False,
        window: Window = "open",
    ) -> None:
        """`now` gives milliseconds UTC; `seed` decides all ids; the rest is as for `Meta`."""
        self.secrets = secrets or Secrets()
        self._now = now
        self.courier = Courier(now)
        self.meta = Meta(
            phone_number_id=self.secrets.phone_number_id,
            access_token=self.secrets.access_token,
            app_secret=self.secrets.app_secret,
            verify_token=self.secrets.verify_token,
            now=now,
            courier=self.courier,
            ids=Ids(f"meta {seed}"),
            statuses=statuses,
            pair_rate=pair_rate,
            window=window,
        )
        self.razorpay = Razorpay(
            key_id=self.secrets.key_id,
            key_secret=self.secrets.key_secret,
            webhook_secret=self.secrets.webhook_secret,
            now=now,
            courier=self.courier,
            ids=Ids(f"razorpay {seed}"),
        )
        self.shopify = Shopify(
            client_id=self.secrets.shopify_client_id,
            client_secret=self.secrets.shopify_client_secret,
            now=now,
            ids=Ids(f"shopify {seed}"),
            courier=self.courier,
        )
        self.meta_url = ""
        self.razorpay_url = ""
        self.shopify_url = ""
        """Empty if the world has no Shopify."""

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        now: Callable[[], int],
        host: str = "127.0.0.1",
        meta_port: int = 0,
        razorpay_port: int = 0,
        ticking: bool = True,
        secrets: Secrets | None = None,
        seed: int = 0,
        statuses: tuple[str, ...] = ("sent", "delivered"),
        pair_rate: bool = False,
        window: Window = "open",
        shopify_port: int | None = None,
    ) -> AsyncIterator[Self]:
        """Serve a new world until the block ends. See `World` and `serving`."""
        world = cls(
            now=now, secrets=secrets, seed=seed, statuses=statuses, pair_rate=pair_rate, window=window
        )
        async with world.serving(host, meta_port, razorpay_port, ticking=ticking, shopify_port=shopify_port):
            yield world

    @asynccontextmanager
    async def serving(
        self, host: str, meta_port: int, razorpay_port: int, *, ticking: bool, shopify_port: int | None = None
    ) -> AsyncIterator[None]:
        """Serve both on `host` (port 0: any free one). `ticking` calls `tick` several times a second.

        With a `shopify_port`, a Shopify store too.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.courier)
            self.meta_url = await stack.enter_async_context(_served(self.meta.app, host, meta_port))
            self.razorpay_url = await stack.enter_async_context(
                _served(self.razorpay.app, host, razorpay_port)
            )
            self.razorpay.page_url = self.razorpay_url
            if shopify_port is not None:
                served = _served(self.shopify.app, host, shopify_port)
                self.shopify_url = await stack.enter_async_context(served)
            if ticking:
                await stack.enter_async_context(self._ticker())
            yield

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver a webhook, oldest first."""
        return self.courier.log

    def settings(self) -> dict[str, str]:
        """Return the environment variables that point the bot at this world."""
        return {
            "WHATSAPP_API_URL": self.meta_url,
            "WHATSAPP_API_VERSION": API_VERSION,
            "WHATSAPP_PHONE_NUMBER_ID": self.secrets.phone_number_id,
            "WHATSAPP_ACCESS_TOKEN": self.secrets.access_token,
            "WHATSAPP_APP_SECRET": self.secrets.app_secret,
            "WHATSAPP_VERIFY_TOKEN": self.secrets.verify_token,
            "RAZORPAY_API_URL": self.razorpay_url,
            "RAZORPAY_KEY_ID": self.secrets.key_id,
            "RAZORPAY_KEY_SECRET": self.secrets.key_secret,
            "RAZORPAY_WEBHOOK_SECRET": self.secrets.webhook_secret,
            **self._shopify_settings(),
        }

    def _shopify_settings(self) -> dict[str, str]:
        if not self.shopify_url:
            return {}
        return {
            "SHOPIFY_STORE": "sandbox",
            "SHOPIFY_API_URL": self.shopify_url,
            "SHOPIFY_CLIENT_ID": self.secrets.shopify_client_id,
            "SHOPIFY_CLIENT_SECRET": self.secrets.shopify_client_secret,
        }

    async def connect(self, bot_url: str) -> None:
        """Register the bot's webhooks with both providers and deliver the waiting events.

        Raises `meta.HandshakeRefusedError` if the bot fails Meta's handshake, aiohttp.ClientError or
        TimeoutError if it cannot be reached.
        """
        base = bot_url.rstrip("/")
        await self.meta.handshake(self.courier.session, f"{base}/whatsapp/webhook")
        self.courier.route("meta", f"{base}/whatsapp/webhook")
        self.courier.route("razorpay", f"{base}/payments/webhook")
        if self.shopify_url:
            self.courier.route("shopify", f"{base}/webhooks/shopify")

    async def pay_card(self, reference: str, *, told: bool = True) -> str:
        """Pay an order card in the chat, and return Razorpay's id of the payment.

        `told`: whether Meta posts it. Raises LookupError if no card has this reference id, or if it can be
        paid no more.
        """
        card, link = self._open_card(reference)
        card.payment_id = await self.razorpay.pay(link)
        if told:
            self.meta.tell_payment(card)
        return card.payment_id

    async def fail_card(self, reference: str) -> str:
        """Try to pay an order card in vain. Raises as `pay_card`."""
        card, link = self._open_card(reference)
        failed = await self.razorpay.fail(link)
        self.meta.tell_payment(card)
        return failed

    def _open_card(self, reference: str) -> tuple[Card, str]:
        card = self.meta.cards.shown.get(reference)
        if card is None:
            raise LookupError(f"no order card {reference!r}")
        if card.status != "pending" or card.paid or card.expires_at <= self._now() // 1000:
            raise LookupError(f"the order card {reference!r} can be paid no more")
        settings = card.gateway["razorpay"]
        link = self.razorpay.card(settings["receipt"], card.amount, settings["notes"], card.expires_at)
        card.order_id = self.razorpay.links[link].order_id or ""
        return card, link

    async def tick(self) -> None:
        """Expire links, settle refunds and deliver webhooks that are due, and wait for the deliveries."""
        await self._start_due()
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until no webhook is being delivered. Later retries may remain."""
        await self.courier.quiet()

    async def _start_due(self) -> None:
        await self.razorpay.expire_due()
        await self.razorpay.settle_due()
        self.courier.start_due()

    @asynccontextmanager
    async def _ticker(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._tick_for_ever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            await self._start_due()


@asynccontextmanager
async def _served(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
