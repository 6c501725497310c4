"""How messages name files that the shop itself keeps, which the channel uploads when they are sent."""

from typing import Final

STORED: Final = "stored:"
"""How the link of such a file begins."""


def stored_name(link: str) -> str:
    """Return what the shop keeps the file as; empty if `link` is a public address."""
    return link.removeprefix(STORED) if link.startswith(STORED) else ""
