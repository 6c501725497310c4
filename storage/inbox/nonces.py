"""Random letters that make a step's new ids unique, even across copies of the database.

A database counts the same numbers again after a restore, in a copy, or on the other side of a failover; but
the payment provider remembers the ids that it was given for ever. So the letters come from the operating
system.
"""

import secrets
import string
from collections.abc import Callable
from typing import Final, TypeAlias

LETTERS: Final = 10
"""How many letters one draw returns."""
_ALPHABET: Final = string.ascii_lowercase
_NONCES: Final = len(_ALPHABET) ** LETTERS

Draw: TypeAlias = Callable[[], str]
"""Returns `LETTERS` new lower-case letters each time. Seeded in the simulation, never in production."""


def draw() -> str:
    """Return new letters from the operating system's random source."""
    number = secrets.randbelow(_NONCES)
    letters = []
    for _ in range(LETTERS):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)
