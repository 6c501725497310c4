"""What `munshi doctor` finds out about a server that was started with other settings than it sees itself."""

import re
from collections.abc import Mapping
from typing import Final

from bot.checks.finding import Finding
from bot.settings import Settings

_SET_BY: Final[Mapping[str, str]] = {"hooks": "MUNSHI_HOOK_URL", "shopify": "SHOPIFY_STORE"}
"""The setting that brings each system."""


def missing_systems(settings: Settings, ready: str) -> list[str]:
    """Return the settings here whose systems the server lacks, which answered `ready` at `/readyz`."""
    served = _served(ready)
    return [] if served is None else [_SET_BY[one] for one in settings.systems if one not in served]


def compare_systems(settings: Settings, ready: str) -> Finding | None:
    """Return a finding if the server, which answered `ready` at `/readyz`, lacks what is set here.

    A system that only the server has is one too: these are not its settings. None if both have the same.
    """
    if missing := missing_systems(settings, ready):
        names = " and ".join(missing)
        said = f"it was started without {names}, which is set here: nothing is stored or sent for it"
        return Finding("server", False, said, "restart the server and each 'munshi work' with these settings")
    others = [_SET_BY[one] for one in _served(ready) or () if one not in settings.systems]
    if not others:
        return None
    said = f"it was started with {' and '.join(others)}, which is not set here"
    return Finding("server", False, said, "run this with the server's settings, or restart the server")


def _served(ready: str) -> list[str] | None:
    """Return the systems that the server names, of those known here; None if it names none at all."""
    said = re.search(r"^systems: (.*)$", ready, re.MULTILINE)
    return None if said is None else [name for name in _SET_BY if name in said[1].split(", ")]
