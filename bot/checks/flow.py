"""Checks the flow file; loads it for other checks, in a thread, since that takes a second."""

import asyncio
from collections.abc import AsyncIterator

from bot.checks.finding import Finding
from bot.flow_file import load_flow
from bot.settings import Settings, SettingsInvalid
from bot.staff import staffed
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from payments.shop.catalogue import Shop


async def flow(settings: Settings) -> AsyncIterator[Finding]:
    """Yield whether the flow file is sound, with the staff of the settings."""
    try:
        found = staffed(await loaded(settings), settings)
    except SettingsInvalid as invalid:
        yield Finding("flow", False, str(invalid), "change MUNSHI_STAFF, or 'staff' in the flow file")
        return
    except (FlowInvalid, OSError, UnicodeDecodeError) as error:
        yield Finding("flow", False, str(error), f"run 'munshi check {settings.munshi_flow}'")
        return
    yield Finding("flow", True, f"'{found.name}' is sound")


async def loaded(settings: Settings) -> Flow:
    """Load the flow file. Raises FlowInvalid, OSError or UnicodeDecodeError."""
    return await asyncio.to_thread(load_flow, settings.munshi_flow)


async def shop_of(settings: Settings) -> Shop | None:
    """Return the shop of the flow file; None if it cannot be loaded, which the check of the flow says."""
    try:
        found: Shop = (await loaded(settings)).sections["shop"]
    except (FlowInvalid, OSError, UnicodeDecodeError):
        return None
    return found
