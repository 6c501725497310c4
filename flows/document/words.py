"""The normal form in which words, titles and digits that customers type are compared.

Source of the classes: Unicode, "Default ignorable code points" and general categories (Unicode 14).
"""

import unicodedata
from itertools import pairwise
from typing import Final

_BLANK: Final = str.maketrans(
    {
        code: None if unicodedata.category(chr(code)) == "Cc" and not chr(code).isspace() else " "
        for code in range(128)
        if not chr(code).isalnum()
    }
)
_IGNORABLE: Final = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),  # combining grapheme joiner
        (0x115F, 0x1160),  # Hangul fillers
        (0x17B4, 0x17B5),  # Khmer inherent vowels
        (0x180B, 0x180F),  # Mongolian variation selectors
        (0x2065, 0x2065),
        (0x20E3, 0x20E3),  # the keycap around a digit
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),  # variation selectors: how an emoji looks
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8),
        (0xE0000, 0xE0FFF),  # tags and further variation selectors
    )
    for code in range(first, last + 1)
)
"""Ignorable characters outside category Cf. Indic vowel signs and nukta are not among them."""
_SHAPING: Final = "\u200c\u200d\ufe0e\ufe0f"
"""Joiners and variation selectors: they say how the emoji or the letter before them is drawn."""
_ODD_QUOTES: Final = "‘’‚“”„«»`´"
_SYMBOLS: Final = frozenset("™ℹⓂ㊗㊙🈁🈂🈚🈯🈲🈳🈴🈵🈶🈷🈸🈹🈺🉐🉑")
"""Emoji that compatibility forms (NFKC) would turn into letters."""


def is_invisible(character: str) -> bool:
    """Whether `character` has no glyph of its own: joiners, direction marks, variation selectors, …"""
    category = unicodedata.category(character)
    return category == "Cf" or character in _IGNORABLE or (category == "Cc" and not character.isspace())


def looks_blank(character: str) -> bool:
    """Whether `character` is invisible, or looks like a blank that no file format takes for one."""
    return is_invisible(character) or (character.isspace() and character not in " \t\r\n")


def describe(character: str) -> str:
    """Return name and code of `character` in Unicode, with an article: `a no-break space (U+00A0)`."""
    name = unicodedata.name(character, "control character").lower()
    return f"a {name} (U+{ord(character):04X})"


def hidden_in(text: str) -> str:
    """Return the first character of `text` that nobody sees; empty without one.

    A joiner or a variation selector belongs to the emoji or the letter before it.
    """
    for before, character in pairwise(f" {text}"):
        if looks_blank(character) and (before.isascii() or character not in _SHAPING):
            return character
    return ""


def unseen(text: str) -> str:
    """Return a sentence that names the first character of `text` which nobody sees; empty without one."""
    hidden = hidden_in(text)
    return f"{describe(hidden)} stands in it" if hidden else ""


def odd_quote(text: str) -> str:
    """Return a mend of the first quote in `text` that is no straight one; empty without one."""
    odd = next((character for character in text if character in _ODD_QUOTES), "")
    return f"{describe(odd)} stands in it: write a straight quote, or none" if odd else ""


def visible(text: str) -> str:
    """Return `text` without invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if not is_invisible(c))


def with_ascii_digits(text: str) -> str:
    """Return `text` with `0` to `9` for the decimal digits of every script: `४११` becomes `411`."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def normalise(text: str) -> str:
    """Return the form in which texts are compared: two texts with the same form are the same word.

    Case, punctuation, emoji, doubled spaces and invisible characters are dropped. Letters, vowel signs and
    digits of any script are kept, digits as `0` to `9`. A text without letters and digits keeps its visible
    characters: `✔️` equals `✔` and no other symbol. Empty if nothing is left.

    >>> normalise("  Proceed to  Checkout ✅! ")
    'proceed to checkout'
    """
    if text.isascii():
        words = " ".join(text.lower().translate(_BLANK).split())
        return words or " ".join(visible(text).split())
    shown = visible(text)
    plain = "".join(" " if c in _SYMBOLS else c for c in shown)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    return _words(with_ascii_digits(folded)) or " ".join(unicodedata.normalize("NFC", shown).split())


def has_words(form: str) -> bool:
    """Whether a normal form holds a letter or a digit. One without them is a symbol, or empty."""
    return any(unicodedata.category(character)[0] in "LN" for character in form)


def _words(folded: str) -> str:
    """The words of `folded`, with one space between them. A combining mark stays with its letter."""
    kept = [" "]
    for character in folded:
        category = unicodedata.category(character)[0]
        is_kept = category in "LN" or (category == "M" and kept[-1] != " ")
        kept.append(character if is_kept else " ")
    return " ".join("".join(kept).split())
