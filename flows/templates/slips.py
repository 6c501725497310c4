"""Mends for templates that do not compile: signs of other languages, and what is copied from a page."""

from typing import Final

from flows.document.words import describe, looks_blank

_QUOTES: Final = "‘’‚“”„«»`´"
_SIGNS: Final = (("&&", "and"), ("||", "or"), ("=>", ">="), ("=<", "<="), ("<>", "!="))


def mend_of(source: str) -> str:
    """Return how to mend a template or guard that does not compile; empty if it holds no known slip."""
    if quote := next((c for c in source if c in _QUOTES), None):
        return f"{describe(quote)} stands in it: write a straight quote, '"
    if hidden := next((c for c in source if looks_blank(c)), None):
        return f"{describe(hidden)} stands in it: write a blank there, or nothing"
    for sign, instead in _SIGNS:
        if sign in source:
            return f"write '{instead}' for '{sign}'"
    if _has_single_equals(source):
        return "write '==' to compare"
    return ""


def _has_single_equals(source: str) -> bool:
    """Whether a `=` stands alone, as nothing but `{% set %}` may have it."""
    bare = source.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "")
    return "=" in bare and "set " not in source
