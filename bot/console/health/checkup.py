"""Runs the checks of `munshi doctor` for the page, except those of what the page itself reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from bot.checks.books import orders
from bot.checks.examination import CHECKS, Checks, findings, with_stand_ins
from bot.checks.finding import Finding
from bot.checks.hooks import queue_of_hooks
from bot.console.context import Console
from bot.console.health.shared import Shared
from bot.console.server_desk import NotDone
from bot.settings import WHERE, SettingsInvalid

_EVERY: Final = 60.0
"""Seconds between two times that providers are asked, for all visitors together."""
_READY_EVERY: Final = 5.0
"""Seconds between two times that the server is asked."""
_CHECKS: Final[Checks] = {
    "settings": CHECKS["settings"],
    "flow": CHECKS["flow"],
    "server": CHECKS["server"],
    "orders": orders,
    "WhatsApp": CHECKS["WhatsApp"],
    "Razorpay": CHECKS["Razorpay"],
    "hooks": queue_of_hooks,
    "Shopify": CHECKS["Shopify"],
}
_WITHOUT_KEYS: Final = ("flow", "server", "orders")


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks found."""

    at: int
    """Milliseconds since 1970, UTC."""
    found: tuple[Finding, ...]


class Checkup:
    """The checks, for all visitors together."""

    def __init__(self, console: Console) -> None:
        self._desk, self._load, self._clock = console.desk, console.settings, console.clock
        self.report: Shared[Report] = Shared(self._examine, _EVERY)
        self.ready: Shared[Finding] = Shared(self._ask, _READY_EVERY)
        """Whether the server answers."""

    async def _ask(self) -> Finding:
        try:
            return Finding("server", True, await self._desk.ready())
        except NotDone as silent:
            return Finding("server", False, str(silent), "munshi serve")

    async def _examine(self) -> Report:
        now = self._clock.now()
        try:
            settings = self._load()
        except SettingsInvalid as invalid:
            return Report(now, tuple([one async for one in _without_keys(invalid)]))
        return Report(now, tuple([one async for one in findings(settings, _CHECKS)]))


async def _without_keys(invalid: SettingsInvalid) -> AsyncIterator[Finding]:
    """Yield what can be found where the console has no keys of the providers."""
    said = f"WhatsApp and Razorpay were not asked, because settings are missing here:\n{invalid}"
    yield Finding("settings", None, said, "start the console with the settings of the server")
    try:
        settings = with_stand_ins(WHERE)
    except SettingsInvalid:
        return
    async for finding in findings(settings, {name: _CHECKS[name] for name in _WITHOUT_KEYS}):
        yield finding
