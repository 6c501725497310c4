"""Words that are written almost the same: one wrong letter, or another way to write a Hindi sound. Pure."""

import re
from typing import Final

_SHORTEST: Final = 4
"""Letters of a word that may be misspelt. A shorter one is near too many others."""
_SOUNDS: Final = (("oo", "u"), ("ee", "i"), ("w", "v"), ("z", "j"), ("ph", "f"))
_DOUBLED: Final = re.compile(r"(.)\1+")


def is_near(typed: str, word: str) -> bool:
    """Whether `typed` is `word` but for one letter, a doubled letter or a way to write its sound.

    Both are normal forms. The first letters must sound the same, and digits must be equal.

    >>> is_near("laddu", "ladoo"), is_near("ktli", "katli"), is_near("money", "honey")
    (True, True, False)
    """
    if min(len(typed), len(word)) < _SHORTEST or any(one.isdigit() for one in typed + word):
        return False
    one, other = sound(typed), sound(word)
    if one == other:
        return True
    longest = max(len(typed), len(word))
    return longest > _SHORTEST and one[:1] == other[:1] and _one_letter_apart(one, other)


def sound(word: str) -> str:
    """Return `word` as it sounds: `laddoo`, `ladoo` and `laddu` are `ladu`."""
    for written, spoken in _SOUNDS:
        word = word.replace(written, spoken)
    return _DOUBLED.sub(r"\1", word)


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether one letter that is changed, added or left out makes `one` of `other`."""
    shorter, longer = sorted((one, other), key=len)
    same = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) == len(longer):
        return shorter[same + 1 :] == longer[same + 1 :]
    return len(longer) - len(shorter) == 1 and shorter[same:] == longer[same + 1 :]
