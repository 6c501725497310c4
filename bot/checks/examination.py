"""Runs checks, each on its own: one that fails does not stop the others."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, TypeAlias

from bot.checks.books import database
from bot.checks.finding import LONGEST, Finding
from bot.checks.flow import flow
from bot.checks.hooks import hooks
from bot.checks.machine import machine_risks
from bot.checks.providers import razorpay, whatsapp
from bot.checks.risks import risks
from bot.checks.server import server
from bot.checks.shopify import shopify
from bot.log import mask
from bot.settings import Settings, load_settings
from payments.shop.orders import Mode

Check: TypeAlias = Callable[[Settings], AsyncIterator[Finding]]
Checks: TypeAlias = Mapping[str, Check]
"""Checks by their names."""
_STAND_IN: Final = "0123456789012345"
"""In the place of a missing key, for checks that do not use it."""


async def settings_check(settings: Settings) -> AsyncIterator[Finding]:
    """Yield the risks of the settings and of the machine, and whether real money moves."""
    yield Finding("settings", True, "all there, every secret long enough")
    for risk in (*risks(settings), *machine_risks(settings)):
        yield risk
    mode = {Mode.LIVE: "live: real money", Mode.TEST: "test: no real money"}
    yield Finding("mode", True, mode[settings.razorpay_mode])


CHECKS: Final[Checks] = {
    "settings": settings_check,
    "flow": flow,
    "server": server,
    "database": database,
    "WhatsApp": whatsapp,
    "Razorpay": razorpay,
    "hooks": hooks,
    "Shopify": shopify,
}
"""The checks, in the order of the report."""
WITHOUT_KEYS: Final = ("flow", "server", "database")
"""Checks that need no key of a provider."""


async def findings(settings: Settings, checks: Checks) -> AsyncIterator[Finding]:
    """Yield what `checks` find. Never raises: a check that fails becomes a finding."""
    for name, check in checks.items():
        try:
            async for finding in check(settings):
                yield finding
        except Exception as error:  # noqa: BLE001 - a check that fails must not stop the others
            why = mask(" ".join(str(error).split()))[:LONGEST]
            said = f"could not be looked at ({type(error).__name__}{': ' if why else ''}{why})"
            yield Finding(name, False, said, f"look at the settings of '{name}' again")


def with_stand_ins(missing: Iterable[str]) -> Settings:
    """Load the settings with stand-ins for the `missing` keys. Raises SettingsInvalid for any other fault."""
    return load_settings(**{name.lower(): _STAND_IN for name in missing})
