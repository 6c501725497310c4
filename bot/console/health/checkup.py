"""Runs the checks of `munshi doctor` for the page, except those of what the page itself reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from bot.checks.books import orders
from bot.checks.examination import CHECKS, Checks, findings, with_stand_ins
from bot.checks.finding import Finding
from bot.checks.hooks import queue_of_hooks
from bot.checks.server import ready_server
from bot.console.context import Console
from bot.console.health.shared import Shared
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from bot.settings import WHERE, Settings, SettingsInvalid
from storage.accounts.people import Role

_EVERY: Final = 60.0
"""Seconds between two times that providers are asked, for all visitors together."""
_READY_EVERY: Final = 5.0
"""Seconds between two times that the server is asked."""
_CHECKS: Final[Checks] = {
    "settings": CHECKS["settings"],
    "flow": CHECKS["flow"],
    "orders": orders,
    "WhatsApp": CHECKS["WhatsApp"],
    "Razorpay": CHECKS["Razorpay"],
    "hooks": queue_of_hooks,
    "Shopify": CHECKS["Shopify"],
}
_WITHOUT_KEYS: Final = ("server", "flow", "orders")
_OF_PROVIDERS: Final = ("WhatsApp", "webhook", "subscription", "payment in the chat", "Razorpay", "Shopify")
_FOR_ALL: Final = frozenset({*_WITHOUT_KEYS, *_OF_PROVIDERS, "hooks", "mode"})
"""Findings about what everybody works with. Whatever else is found is about settings or the machine."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks found."""

    at: int
    """Milliseconds since 1970, UTC."""
    found: tuple[Finding, ...]

    def seen_by(self, visit: Visit) -> tuple[Finding, ...]:
        """Return what this person may see: which settings and what of the machine are weak is for owners."""
        if visit.may(Role.OWNER):
            return self.found
        return tuple(one for one in self.found if one.name in _FOR_ALL)


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
        return Report(now, tuple([one async for one in self._found()]))

    async def _found(self) -> AsyncIterator[Finding]:
        checks = {"server": self._server, **_CHECKS}
        try:
            settings = self._load()
        except SettingsInvalid as invalid:
            said = f"WhatsApp and Razorpay were not asked, because settings are missing here:\n{invalid}"
            yield Finding("settings", None, said, "start the console with the settings of the server")
            try:
                settings = with_stand_ins(WHERE)
            except SettingsInvalid:
                return
            checks = {name: checks[name] for name in _WITHOUT_KEYS}
        async for finding in findings(settings, checks):
            yield finding

    async def _server(self, settings: Settings) -> AsyncIterator[Finding]:
        """Yield what the server says. It is asked where changes are asked for, not where settings say."""
        answer = await self.ready.recent()
        if not answer.well:
            yield answer
            return
        async for finding in ready_server(settings, self._desk.url, answer.said):
            yield finding
