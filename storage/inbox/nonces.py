"""Random letters for what a step mints: the one thing in a step that no database can give twice.

Whatever is counted in a database is counted again after a restore, by a copy, or by the other half of a
failover; and the payment provider keeps the ids that it was given for ever. So these come from the
operating system.
"""

import secrets
import string
from collections.abc import Callable
from typing import Final, TypeAlias

LETTERS: Final = 10
_ALPHABET: Final = string.ascii_lowercase
_NONCES: Final = len(_ALPHABET) ** LETTERS

Draw: TypeAlias = Callable[[], str]
"""Gives `LETTERS` new lower-case letters each time. Seeded in the simulation, never in production."""


def draw() -> str:
    """New letters, from the system's source of randomness."""
    number = secrets.randbelow(_NONCES)
    letters = []
    for _ in range(LETTERS):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)
