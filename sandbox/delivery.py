"""Webhook delivery in background tasks, with each provider's retry schedule in the sandbox's clock."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import aiohttp

from sandbox.ladders import Provider, accepted, retry_at, switched_off
from sandbox.mischief import LOST, Mischief, Trickster


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """A webhook ready to be posted: its body and headers."""

    name: str
    body: bytes
    headers: Mapping[str, str]
    about: str = ""
    """Id of the message that it brings; empty if it brings none."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event."""

    provider: Provider
    event: str
    status: int | None
    """HTTP status; None if no answer came in time."""
    at: int
    """Milliseconds since 1970, UTC, in the sandbox's clock."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One copy of an event on its way to the bot."""

    provider: Provider
    event: SignedEvent
    first_at: int | None = None
    """When it was first posted, in milliseconds; None before that."""
    due: int = 0
    """When to post it next, in milliseconds."""


@dataclass(slots=True)
class _Endpoint:
    """The address to which a provider posts, and its state."""

    url: str | None = None
    waiting: list[list[Parcel]] = field(default_factory=list)
    """The events that were emitted before there was a URL."""
    failing_since: int | None = None
    """The time of the first failure after the last success, in milliseconds; None after a success."""
    disabled: bool = False


class Courier:
    """Delivers the providers' webhooks. The events of a provider without a route wait for one."""

    def __init__(self, now: Callable[[], int], *, patience: float = 5.0) -> None:
        """`patience` is how many seconds of real time the bot has for an answer."""
        self.log: list[Delivery] = []
        self.arrived: set[str] = set()
        """Ids of the messages that the bot has accepted."""
        self.lost: list[Parcel] = []
        """Copies that are never delivered: lost by mischief, given up, or the webhook is switched off."""
        self.on_answer: Callable[[Parcel, int | None], None] = lambda parcel, status: None
        """Called after each try to post a parcel, with the HTTP status; None if no answer came in time."""
        self._now = now
        self._patience = patience
        self._endpoints: dict[Provider, _Endpoint] = {
            "meta": _Endpoint(),
            "razorpay": _Endpoint(),
            "shopify": _Endpoint(),
        }
        self._trickster = Trickster(Mischief())
        self._later: list[Parcel] = []
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
        """Delayed deliveries and retries, each with its due time."""
        return tuple(self._later)

    @property
    def mischief(self) -> Mischief:
        """The chances of failed deliveries; by default none. Setting it reseeds the random choices."""
        return self._trickster.mischief

    @mischief.setter
    def mischief(self, mischief: Mischief) -> None:
        self._trickster.plan(mischief)

    def lose_next(self, provider: Provider, count: int = 1) -> None:
        """Lose the next `count` events; the provider takes them for delivered. Raises ValueError if below 1.

        This and the next two methods queue one fate per event, in the order of the calls.
        """
        self._trickster.order(provider, LOST, count)

    def duplicate_next(self, provider: Provider, count: int = 1) -> None:
        """Deliver each of the next `count` events twice, under one event id. Raises ValueError if below 1."""
        self._trickster.order(provider, (0, 0), count)

    def delay_next(self, provider: Provider, milliseconds: int, count: int = 1) -> None:
        """Delay each of the next `count` events by `milliseconds`. Raises ValueError if either is below 1."""
        if milliseconds < 1:
            raise ValueError(f"a delay is at least 1 ms, not {milliseconds}")
        self._trickster.order(provider, (milliseconds,), count)

    def disabled(self, provider: Provider) -> bool:
        """Whether the provider has switched the webhook off: events that it emits then are lost."""
        return self._endpoints[provider].disabled

    def enable(self, provider: Provider) -> None:
        """Switch the webhook on again, as an operator does on the dashboard. Lost events stay lost."""
        endpoint = self._endpoints[provider]
        endpoint.disabled, endpoint.failing_since = False, None

    def route(self, provider: Provider, url: str) -> None:
        """Send `provider`'s events to `url` from now on, the waiting ones first."""
        endpoint = self._endpoints[provider]
        endpoint.url = url
        ready, endpoint.waiting = endpoint.waiting, []
        for parcels in ready:
            self._start(parcels)

    def emit(self, provider: Provider, events: Sequence[SignedEvent]) -> None:
        """Deliver `events` one after the other, in the background, with the chances of `mischief`."""
        if self._endpoints[provider].disabled:
            self.lost.extend(Parcel(provider, event) for event in events)
            return
        first_copies: list[Parcel] = []
        for event in events:
            copies = self._copies(Parcel(provider, event))
            first_copies += copies[:1]
            for copy in copies[1:]:
                self._dispatch([copy])
        self._dispatch(self._trickster.arranged(provider, first_copies))

    def start_due(self) -> None:
        """Start the deliveries that are due."""
        now = self._now()
        due = [parcel for parcel in self._later if parcel.due <= now]
        self._later = [parcel for parcel in self._later if parcel.due > now]
        for parcel in sorted(due, key=lambda parcel: parcel.due):
            self._dispatch([parcel])

    @property
    def busy(self) -> bool:
        """Whether a delivery is running."""
        return bool(self._tasks)

    async def quiet(self) -> None:
        """Wait until no delivery is running. Later deliveries and events without a route may remain."""
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

    def _copies(self, parcel: Parcel) -> list[Parcel]:
        """Return the copies of `parcel` to deliver now. Schedule late ones, and record a lost one."""
        fate = self._trickster.fate(parcel.provider)
        if not fate:
            self.lost.append(parcel)
        now = self._now()
        self._later.extend(replace(parcel, due=now + delay) for delay in fate if delay)
        return [parcel for delay in fate if not delay]

    def _dispatch(self, parcels: list[Parcel]) -> None:
        """Start the delivery, or queue it until there is a route."""
        if not parcels:
            return
        endpoint = self._endpoints[parcels[0].provider]
        if endpoint.url is None:
            endpoint.waiting.append(parcels)
        else:
            self._start(parcels)

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
            self.on_answer(parcel, status)
            if accepted(parcel.provider, status):
                self._endpoints[parcel.provider].failing_since = None
                if parcel.event.about:
                    self.arrived.add(parcel.event.about)
            else:
                self._retry(replace(parcel, first_at=first_at), status, first_at, now)

    def _retry(self, parcel: Parcel, status: int | None, first_at: int, now: int) -> None:
        """Schedule the next try of a failed parcel, or give it up."""
        endpoint = self._endpoints[parcel.provider]
        if endpoint.failing_since is None:
            endpoint.failing_since = now
        if switched_off(parcel.provider, endpoint.failing_since, now):
            self._switch_off(parcel.provider)
        due = retry_at(parcel.provider, parcel.event.name, status, first_at, now)
        if due is None or endpoint.disabled:
            self.lost.append(parcel)
        else:
            self._later.append(replace(parcel, due=due))

    def _switch_off(self, provider: Provider) -> None:
        self._endpoints[provider].disabled = True
        self.lost.extend(parcel for parcel in self._later if parcel.provider == provider)
        self._later = [parcel for parcel in self._later if parcel.provider != provider]

    async def _post(self, parcel: Parcel) -> int | None:
        url, event = self._endpoints[parcel.provider].url, parcel.event
        if url is None:
            raise RuntimeError(f"{parcel.provider} has no route")
        post = self.session.post(url, data=event.body, headers=event.headers, allow_redirects=False)
        try:
            async with post as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None
