"""Words and mends for what is no template: Jinja's errors, other languages' signs, what was copied."""

import re
from typing import Final

from flows.document.errors import close
from flows.document.words import describe, unseen, with_ascii_digits

_QUOTES: Final = "‘’‚“”„«»`´"
_SIGNS: Final = (
    ("&&", "and"), ("||", "or"), ("=>", ">="), ("=<", "<="), ("<>", "!="), ("===", "=="), ("!==", "!="),
)  # fmt: skip
_TEXT: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_OVER: Final = "(?:end of print statement|end of statement block)"
_JOIN: Final = "join two values with a sign (and, or, ==, <, +, ~), and put a text in quotes"
_SUM: Final = "show a sum of money by '| money'; whole numbers are divided by '//'"
_WORDS: Final = (
    (r"'div' can't be used in a template", "'/' can't be used in it", _SUM),
    (r"'mod' can't be used in a template", "'%' can't be used in it", "ask 'is even', or divide by '//'"),
    (r"'pow' can't be used in a template", "'**' can't be used in it", "multiply by '*'"),
    (
        r"'call' can't be used in a template",
        "nothing can be called in it",
        "write a field without brackets, or a filter behind a '|', as in cart.lines | length",
    ),
    (r"'pos' can't be used in a template", "a '+' before a value can't be used in it", "remove it"),
    (
        r"'(\w+)' can't be used in a template",
        "'{}' can't be used in it",
        "write fields, filters and signs alone",
    ),
    (r"Invalid character in identifier", "a character can't stand in it", _JOIN),
    (rf"[Ee]xpected an expression, got '{_OVER}'", "nothing stands in it", "write what is to be read"),
    (
        rf"unexpected '{_OVER}'",
        "it is not finished",
        "write what belongs behind its last sign, or remove that",
    ),
    (
        r"unexpected char ['\"](['\"])['\"] at \d+",
        "the quote {} is not closed",
        "write a second {} behind the text",
    ),
    (r"unexpected char ['\"](.+)['\"] at \d+", "'{}' can't stand in it", _JOIN),
    (r"unexpected '.*', expected '([)\]])'", "a '{}' is missing", "count the brackets"),
    (r"unexpected '([)\]])'", "a '{}' is too much", "count the brackets"),
    (r"expected token '([)\]])', got .*", "a '{}' is missing", "count the brackets"),
    (rf"expected token '{_OVER}', got '(.+)'", "'{}' can't stand there", _JOIN),
    (r"expected token 'in', got .*", "a 'for' goes through a list", "write {{% for line in cart.lines %}}"),
    (r"expected token ':', got '}'", "braces stand in it", "write it without {{{{ }}}}"),
    (r"unexpected '(.+)'", "'{}' can't stand there", _JOIN),
)
"""Error of Jinja -> what is said of it, and what usually mends it."""
_UNKNOWN: Final = re.compile("there is no (?:filter|test) '(.+)'; there are (.+)")
_KINDS: Final = {"integer": "a number", "float": "a number", "string": "a text"}


def worded(message: str) -> tuple[str, str]:
    """Return an error of Jinja in other words, and its mend; as it is, without one, if it is not known."""
    if found := _UNKNOWN.fullmatch(message):
        return message, close(found[1], found[2].split(", ")) or "take one of those"
    for pattern, words, mend in _WORDS:
        if found := re.fullmatch(pattern, message):
            return words.format(*_named(found)), mend.format(*_named(found))
    return message.removesuffix("."), ""


def _named(found: re.Match[str]) -> list[str]:
    """Return what Jinja quotes, without the names that it has for kinds of values."""
    return [_KINDS.get(one, one) for one in found.groups()]


def mend_of(source: str) -> str:
    """Return how to mend a template or guard that does not compile; empty if it holds no known slip."""
    bare = _TEXT.sub("''", source)
    if quote := next((c for c in bare if c in _QUOTES), None):
        return f"{describe(quote)} stands in it: write a straight quote, '"
    if hidden := unseen(bare):
        return f"{hidden}: write a blank there, or nothing"
    for number in re.findall(r"\d+", bare):
        if not number.isascii():
            return f"{describe(number[0])} stands in it: write {with_ascii_digits(number)}"
    for sign, instead in _SIGNS:
        if sign in bare:
            return f"write '{instead}' for '{sign}'"
    if "?" in bare:
        return "write 'a if test else b' for 'test ? a : b'"
    if re.search("!(?!=)", bare):
        return "write 'not' for '!'"
    if _has_single_equals(bare):
        return "write '==' to compare"
    return ""


def _has_single_equals(source: str) -> bool:
    """Whether a `=` stands alone, as nothing but `{% set %}` may have it."""
    bare = source.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "")
    return "=" in bare and "set " not in source
