"""Webhook delivery: posted in background tasks, retried by each provider's ladder in the sandbox's clock."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

import aiohttp

Provider: TypeAlias = Literal["meta", "razorpay"]

RAZORPAY_LADDER: Final = tuple(
    seconds * 1000 for seconds in (6, 19, 40, 82, 165, 326, 650, 1290, 2580, 5140, 10270, 20510, 40990, 81950)
)
"""Milliseconds from the first delivery. Source: schedule measured on Razorpay's test mode, Aug 2026."""

RAZORPAY_QUICK: Final = 200
"""Milliseconds to an extra first resend that only some events get, and only after a 5xx. Same source."""

META_LADDER: Final = tuple(
    seconds * 1000
    for seconds in (1, 5, 20, 60, 300, 900, 3600, 10800, 21600, 43200, *(86400 * day for day in range(1, 8)))
)
"""Milliseconds from the first delivery: soon, then ever more rarely, for 7 days; Meta publishes no figures.
Source: Meta, WhatsApp Cloud API, "Create a webhook endpoint"."""

_QUICK_EVENTS: Final = frozenset({"payment.authorized", "payment.captured", "order.paid"})


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """A webhook ready to be posted: these bytes with these headers."""

    name: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event."""

    provider: Provider
    event: str
    status: int | None
    """HTTP status, or None when no answer came in time."""
    at: int
    """Milliseconds since 1970, UTC, in the sandbox's clock."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event on its way to the bot."""

    provider: Provider
    event: SignedEvent
    first_at: int | None = None
    """When it was first posted, in milliseconds; None before that."""
    due: int = 0
    """When to post it again, in milliseconds."""


def accepted(provider: Provider, status: int | None) -> bool:
    """True if the provider takes `status` for delivered: any 2xx, but for Meta exactly 200."""
    if status is None:
        return False
    return status == 200 if provider == "meta" else 200 <= status < 300


def retry_at(provider: Provider, event: str, status: int | None, first_at: int, now: int) -> int | None:
    """When an event that was answered `status` is sent again, in ms; None once the ladder has ended."""
    ladder = META_LADDER if provider == "meta" else RAZORPAY_LADDER
    if provider == "razorpay" and event in _QUICK_EVENTS and status is not None and status >= 500:
        ladder = (RAZORPAY_QUICK, *ladder)
    return next((first_at + rung for rung in ladder if first_at + rung > now), None)


class Courier:
    """Delivers what the providers emit. Until a provider has a route, its events wait."""

    def __init__(self, now: Callable[[], int], *, patience: float = 5.0) -> None:
        """`patience` is how many seconds of real time the bot has for an answer."""
        self.log: list[Delivery] = []
        self._now = now
        self._patience = patience
        self._routes: dict[Provider, str] = {}
        self._waiting: list[list[Parcel]] = []
        self._retries: list[Parcel] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP client. Raises RuntimeError outside `async with`."""
        if self._session is None:
            raise RuntimeError("the courier works only inside `async with`")
        return self._session

    @property
    def scheduled(self) -> tuple[Parcel, ...]:
        """Failed deliveries that will be tried again, each with its due time."""
        return tuple(self._retries)

    def route(self, provider: Provider, url: str) -> None:
        """Send `provider`'s events to `url` from now on, those that waited first."""
        self._routes[provider] = url
        ready = [parcels for parcels in self._waiting if parcels[0].provider == provider]
        self._waiting = [parcels for parcels in self._waiting if parcels[0].provider != provider]
        for parcels in ready:
            self._start(parcels)

    def emit(self, provider: Provider, events: Sequence[SignedEvent]) -> None:
        """Deliver `events` one after the other, in the background."""
        parcels = [Parcel(provider, event) for event in events]
        if not parcels:
            return
        if provider in self._routes:
            self._start(parcels)
        else:
            self._waiting.append(parcels)

    def start_due(self) -> None:
        """Start the retries whose time has come."""
        now = self._now()
        due = [parcel for parcel in self._retries if parcel.due <= now]
        self._retries = [parcel for parcel in self._retries if parcel.due > now]
        for parcel in sorted(due, key=lambda parcel: parcel.due):
            self._start([parcel])

    async def quiet(self) -> None:
        """Wait until nothing is being delivered; retries of later and events without a route may remain."""
        while self._tasks:
            done, _ = await asyncio.wait(self._tasks)
            for task in done:
                task.result()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self._patience)
        self._session = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.session.close()
        self._session = None

    def _start(self, parcels: Sequence[Parcel]) -> None:
        task = asyncio.create_task(self._deliver(parcels))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            first_at = self._now() if parcel.first_at is None else parcel.first_at
            status = await self._post(parcel)
            now = self._now()
            self.log.append(Delivery(parcel.provider, parcel.event.name, status, now))
            if accepted(parcel.provider, status):
                continue
            due = retry_at(parcel.provider, parcel.event.name, status, first_at, now)
            if due is not None:
                self._retries.append(replace(parcel, first_at=first_at, due=due))

    async def _post(self, parcel: Parcel) -> int | None:
        url, event = self._routes[parcel.provider], parcel.event
        post = self.session.post(url, data=event.body, headers=event.headers, allow_redirects=False)
        try:
            async with post as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None
