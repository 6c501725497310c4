"""The parts of the running bot, passed to every request handler and worker."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aiohttp import web

from bot.clock import Clock
from bot.flow_versions import FlowVersions
from bot.group_commit import Batcher
from bot.hook_client import HookClient
from bot.intake_health import IntakeHealth
from bot.metrics import Metrics
from bot.refused_webhooks import RefusedWebhooks
from bot.settings import Settings
from bot.whatsapp.client import WhatsAppClient
from flows.engine.model import Flow
from payments.razorpay.gateway import Gateway
from payments.shopify.client import ShopifyClient
from storage import Store
from storage.inbox.arrival import Arrival
from storage.inbox.arrivals import Stored

Inbox: TypeAlias = Batcher[Sequence[Arrival], Sequence[Stored]]
"""Stores the events of one request. Requests that arrive together share a transaction."""


FAILED_ROUNDS: Final = 5
"""Consecutive failed rounds after which the workers count as failing."""


@dataclass(slots=True)
class Pulse:
    """Health of the workers. The workers write it; `/readyz` reads it."""

    stopped: bool = False
    """Whether a loop ended without being asked to."""
    failed: dict[str, int] = field(default_factory=dict)
    """Consecutive failed rounds, by loop."""

    @property
    def trouble(self) -> str | None:
        """What is wrong, in words for the operator; None if the workers are healthy."""
        if self.stopped:
            return "the workers have stopped"
        if max(self.failed.values(), default=0) >= FAILED_ROUNDS:
            return "the workers keep failing"
        return None


@dataclass(frozen=True, slots=True)
class Context:
    """All parts of the running bot, built once by `bot.app` and closed in reverse order."""

    settings: Settings
    clock: Clock
    versions: FlowVersions
    store: Store
    whatsapp: WhatsAppClient
    gateway: Gateway
    inbox: Inbox
    metrics: Metrics = field(default_factory=Metrics)
    pulse: Pulse = field(default_factory=Pulse)
    intake: IntakeHealth = field(default_factory=IntakeHealth)
    refusals: RefusedWebhooks = field(default_factory=RefusedWebhooks)
    shopify: ShopifyClient | None = None
    """None if the shop's orders are not copied to Shopify."""
    broadcast_begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when this process stored a broadcast, so that its workers begin at once."""
    hooks: HookClient | None = None
    """Sends events out; None if the shop has no program that hears of them."""

    @property
    def flow(self) -> Flow:
        """The flow that is served. A reload changes it."""
        return self.versions.flow

    async def follow_flow(self) -> bool:
        """Serve the version that is served now; see `FlowVersions.follow`."""
        return await self.versions.follow(self.store, self.settings, self.clock.now())


CONTEXT: Final = web.AppKey("context", Context)
