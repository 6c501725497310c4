"""Refuses passwords that would soon be guessed. Pure.

Source: NIST SP 800-63B, 5.1.1.2; OWASP, "Password Storage Cheat Sheet".
"""

import unicodedata
from enum import StrEnum
from typing import Final

from storage.accounts.people import key_of

SHORTEST: Final = 10
LONGEST: Final = 200
_FEWEST_DIFFERENT: Final = 5
_OBVIOUS: Final = (
    *(
        "password",
        "passwort",
        "qwerty",
        "qwertyuiop",
        "asdfghjkl",
        "letmein",
        "welcome",
        "iloveyou",
        "secret",
    ),
    *("admin", "administrator", "owner", "changeme", "test", "abc", "abcdefghij", "abcdefghijk"),
    *("munshi", "whatsapp", "razorpay", "india", "krishna", "ganesh"),
)
"""What is left of common passwords without their digits and signs."""


class Weakness(StrEnum):
    """Why a password is refused."""

    SHORT = "short"
    LONG = "long"
    DIGITS = "digits"
    NAME = "name"
    OBVIOUS = "obvious"


_SAID: Final = {
    Weakness.SHORT: f"the password has under {SHORTEST} characters: take four words that nobody would guess",
    Weakness.LONG: f"the password has over {LONGEST} characters",
    Weakness.DIGITS: "the password has only digits, as a phone number has: take words",
    Weakness.NAME: "the password is the person's name: take words that have nothing in common with it",
    Weakness.OBVIOUS: "the password is one that is tried first: take four words that nobody would guess",
}


class WeakPassword(Exception):
    """A password is refused. The message says why, and does not quote it."""

    def __init__(self, why: Weakness) -> None:
        super().__init__(_SAID[why])
        self.why = why


def require_strong(name: str, password: str) -> None:
    """Raise WeakPassword if whoever knows the `name` of the person would soon guess `password`."""
    if why := _weakness(name, unicodedata.normalize("NFKC", password)):
        raise WeakPassword(why)


def _weakness(name: str, password: str) -> Weakness | None:
    if len(password) < SHORTEST:
        return Weakness.SHORT
    if len(password) > LONGEST:
        return Weakness.LONG
    if password.isdecimal():
        return Weakness.DIGITS
    letters = _letters(password)
    if _repeats(letters, _letters(name)):
        return Weakness.NAME
    few = len(set(password.casefold())) < _FEWEST_DIFFERENT
    return Weakness.OBVIOUS if few or any(_repeats(letters, word) for word in _OBVIOUS) else None


def _repeats(letters: str, word: str) -> bool:
    return bool(letters) and not letters.replace(word, "")


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, key_of(text)))
