"""Hides what a person may not see in the texts of an order: numbers of customers, and links to pay."""

import re
from collections.abc import Callable
from typing import Final

from bot.console.visit import Visit
from bot.log import mask
from storage.accounts.people import Role

_LINK: Final = re.compile(r"\bhttps?://\S+", re.IGNORECASE)


def seen_by(visit: Visit) -> Callable[[str], str]:
    """Return what makes of a text what this person may see: all of it, or no numbers and no links."""
    return str if visit.may(Role.STAFF) else _masked


def _masked(text: str) -> str:
    return mask(_LINK.sub("…", text))
