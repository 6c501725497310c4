"""How steps of a scenario are written as YAML. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from flows.document.reader import UNSENDABLE

_PLAIN: Final = re.compile(r"[A-Za-z](?:[\w .!'/()₹…-]*[\w.!'/()₹…-])?|[0-9]+ [a-z]+", re.ASCII)
"""Texts that need no quotes anywhere, unless they are words of YAML."""
_WORDS: Final = frozenset({"true", "false", "null"})
_INVISIBLE_BREAKS: Final = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def scalar(text: str) -> str:
    """Return `text` on one line, in quotes if it needs them."""
    return text if _PLAIN.fullmatch(text) and text not in _WORDS else quoted(text)


def quoted(text: str) -> str:
    """Return `text` on one line in double quotes. What no file may hold becomes a question mark."""
    return json.dumps(UNSENDABLE.sub("?", text), ensure_ascii=False).translate(_INVISIBLE_BREAKS)


def flat(value: Any) -> str:
    """Return a value as YAML on one line."""
    match value:
        case bool() | None:
            return json.dumps(value)
        case Mapping():
            return "{" + ", ".join(f"{key}: {flat(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flat, value)) + "]"
        case str():
            return scalar(value)
        case _:
            return str(value)


def step(key: str, value: Any) -> str:
    """Return the line of one action."""
    return f"  - {key}: {flat(value)}"


def expectation(fields: Mapping[str, str | Sequence[str]]) -> Iterator[str]:
    """Yield the lines of what must be true after an action: texts, titles, the state."""
    lead = "  - "
    for key, value in fields.items():
        if key in ("shop", "told") and not isinstance(value, str):
            yield from _texts(f"{lead}{key}:", value)
        else:
            yield f"{lead}{key}: {flat(value)}"
        lead = "    "


def _texts(head: str, texts: Sequence[str]) -> Iterator[str]:
    if len(texts) == 1:
        yield from texts_below(head, texts[0], "      ")
    elif not texts:
        yield f"{head} []"
    else:
        yield head
        for text in texts:
            yield from texts_below("      -", text, "        ")


def texts_below(head: str, text: str, indent: str) -> Iterator[str]:
    """Yield `head` with `text`: behind it, or line by line below it, each after `indent`."""
    if not _fits_block(text):
        yield f"{head} {scalar(text)}"
        return
    yield f"{head} |"
    yield from (f"{indent}{line}".rstrip() for line in text.split("\n"))


def _fits_block(text: str) -> bool:
    """Return whether `text` has lines that can be written as they are."""
    lines = text.split("\n")
    odd = UNSENDABLE.search(text) or "\t" in text or any(chr(code) in text for code in _INVISIBLE_BREAKS)
    return (
        len(lines) > 1
        and not odd
        and bool(lines[0])
        and all(line.strip() == line for line in (lines[0], lines[-1]))
    )
