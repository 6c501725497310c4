"""Faults on command in a provider's next API calls."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

from sandbox.answers import json_answer

_BAD_GATEWAY = "<html><head><title>{0} error</title></head><body><h1>{0} error</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one API call instead of its usual answer. Use the constructors below."""

    kind: Literal["answer", "after", "slow", "drop", "refuse"]
    status: int = 0
    body: str | None = None
    """None: the provider's own error body for `status`."""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def http(cls, status: int, body: str | None = None, headers: Mapping[str, str] | None = None) -> Self:
        """Answer with `status` and do nothing. The default body is the provider's own."""
        return cls("answer", status=status, body=body, headers=headers or {})

    @classmethod
    def http_after_accepting(cls, status: int, body: str) -> Self:
        """Perform the call, then answer with `status` and `body`, which do not say that it was performed."""
        return cls("after", status=status, body=body)

    @classmethod
    def html(cls, status: int = 502) -> Self:
        """Answer with an HTML page, as a proxy in front of a broken provider does."""
        return cls("answer", status=status, body=_BAD_GATEWAY.format(status), content_type="text/html")

    @classmethod
    def slow(cls, seconds: float) -> Self:
        """Perform the call at once, but answer only after `seconds` of real time."""
        return cls("slow", seconds=seconds)

    @classmethod
    def drop_after_accepting(cls) -> Self:
        """Perform the call, then close the connection without an answer."""
        return cls("drop")

    @classmethod
    def refuse_connection(cls) -> Self:
        """Close the connection without performing the call."""
        return cls("refuse")


class Faults:
    """The queued faults of each operation's next calls, in order, and the lasting faults."""

    def __init__(self, *operations: str) -> None:
        self._waiting: dict[str, deque[Fault]] = {operation: deque() for operation in operations}
        self._lasting: dict[str, Fault] = {}

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that can fail."""
        return tuple(self._waiting)

    def next(self, operation: str, *faults: Fault) -> None:
        """Queue `faults`, one for each upcoming call. Raises ValueError for an unknown operation."""
        self._require(operation)
        self._waiting[operation].extend(faults)

    def always(self, operation: str, fault: Fault | None) -> None:
        """Apply `fault` to every call of `operation`, until None ends it. Queued faults come first.

        Raises ValueError for an unknown operation.
        """
        self._require(operation)
        if fault is None:
            self._lasting.pop(operation, None)
        else:
            self._lasting[operation] = fault

    def take(self, operation: str) -> Fault | None:
        """Return the fault for this call; None if there is none."""
        waiting = self._waiting[operation]
        return waiting.popleft() if waiting else self._lasting.get(operation)

    def _require(self, operation: str) -> None:
        if operation not in self._waiting:
            raise ValueError(f"no operation {operation!r} here; there are {', '.join(self._waiting)}")


async def perform(
    fault: Fault | None,
    request: web.Request,
    act: Callable[[], web.Response],
    error_for: Callable[[int], Any],
) -> web.Response:
    """Return the answer of `act`, which performs `request`, or what `fault` makes of it."""
    if fault is None:
        return act()
    match fault.kind:
        case "answer" if fault.body is None:
            return json_answer(error_for(fault.status), fault.status, fault.headers)
        case "answer":
            return web.Response(
                text=fault.body,
                status=fault.status,
                headers=fault.headers,
                content_type=fault.content_type,
            )
        case "after":
            act()
            return web.Response(text=fault.body, status=fault.status, content_type=fault.content_type)
        case "slow":
            answer = act()
            await asyncio.sleep(fault.seconds)
            return answer
        case "drop":
            act()
            return _hang_up(request)
        case "refuse":
            return _hang_up(request)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    # aiohttp requires a response from every handler; this one goes to a closed connection.
    return web.Response()
