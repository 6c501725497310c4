"""What the running bot is made of, handed to every request handler and worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aiohttp import web

from bot.batching import Batcher
from bot.clock import Clock
from bot.metrics import Metrics
from bot.settings import Settings
from bot.whatsapp.client import WhatsAppClient
from flows.model import Flow
from payments.razorpay.gateway import Gateway
from storage import Store
from storage.arrivals import Arrival, Stored

Inbox: TypeAlias = Batcher[Sequence[Arrival], Sequence[Stored]]
"""Stores what one request brought; requests that come together share a transaction."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Built once by `bot.app`, closed in reverse."""

    settings: Settings
    clock: Clock
    flow: Flow
    store: Store
    whatsapp: WhatsAppClient
    gateway: Gateway
    inbox: Inbox
    metrics: Metrics = field(default_factory=Metrics)


PARTS: Final = web.AppKey("parts", Parts)
