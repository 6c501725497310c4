"""Whether the packages are there that pages in a browser take."""

from importlib.util import find_spec
from typing import Final

MISSING: Final = "take more packages: 'make console' installs them, or pip install 'munshi[console]'"
"""What pages do where `is_installed` is false."""


def is_installed() -> bool:
    """Return whether pages can be served here."""
    return find_spec("nicegui") is not None and find_spec("argon2") is not None
