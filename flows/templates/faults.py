"""Finds the part of a template that is wrong. Jinja names the line at most, and often the last one."""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from flows.document.errors import nearest
from flows.templates.slips import mend_of, worded

_SIGN: Final = re.compile(r"\{[{%#]|[}%#]\}|'[^'{}\n]*'|\"[^\"{}\n]*\"")
_CLOSING: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
_COMMENT: Final = re.compile(r"\{#.*?#\}", re.DOTALL)
_PART: Final = re.compile(
    r"\{\{[-+]?(?P<shown>.*?)[-+]?\}\}|\{%[-+]?\s*(?P<word>\w*)(?P<rest>.*?)[-+]?%\}", re.DOTALL
)
_STATEMENTS: Final = ("if", "elif", "else", "endif", "for", "endfor", "set")
_ELSEWHERE: Final = {"elseif": "elif", "elsif": "elif", "fi": "endif", "done": "endfor", "next": "endfor"}
"""Words of other languages -> what stands for them here."""
_FITTING: Final = {"": ("set",), "if": ("set", "elif", "else"), "for": ("set", "else")}
"""The innermost open block -> the statements that may stand in it, beside the one that closes it."""
_LONGEST: Final = 80
"""Characters of a part that are quoted."""


class TemplateFault(NamedTuple):
    """What is wrong in a template, and where it begins."""

    offset: int
    message: str
    mend: str


def fault_in(source: str, error: str, refusal: Callable[[str], str]) -> TemplateFault:
    """Return what is wrong in a template which is refused with `error`.

    `refusal` says why a template is refused; empty if it is sound.
    """
    bare = _COMMENT.sub(lambda comment: " " * len(comment[0]), source)
    faults = (*_open_braces(bare), *_wrong_parts(bare, refusal), *_open_blocks(bare))
    if faults:
        return faults[0]
    offset = max(0, len(source) - len(source.lstrip()))
    return TemplateFault(offset, *_said(source, error))


def _said(part: str, error: str) -> tuple[str, str]:
    words, mend = worded(error)
    quoted = part if len(part) <= _LONGEST else f"{part[:_LONGEST]}…"
    return f"in the template {quoted!r}: {words}", mend_of(part) or mend


def _open_braces(source: str) -> Iterator[TemplateFault]:
    """Yield the first `{{` or `{%` that is not closed before the next one opens."""
    opened: re.Match[str] | None = None
    for sign in _SIGN.finditer(source):
        if opened is None:
            opened = sign if sign[0] in _CLOSING else None
        elif sign[0] == _CLOSING[opened[0]]:
            opened = None
        elif sign[0][0] in "{}%#":
            yield _not_closed(source, opened, sign)
            return
    if opened is not None:
        yield _not_closed(source, opened, None)


def _not_closed(source: str, opened: re.Match[str], other: re.Match[str] | None) -> TemplateFault:
    closing = _CLOSING[opened[0]]
    inside = source[opened.end() : other.start() if other else len(source)]
    instead = other[0] if other and other[0] not in _CLOSING else "}" if "}" in inside else ""
    mend = f"write '{closing}' for '{instead}'" if instead else f"write '{closing}' where it ends"
    return TemplateFault(opened.start(), f"'{opened[0]}' is never closed", mend)


def _wrong_parts(source: str, refusal: Callable[[str], str]) -> Iterator[TemplateFault]:
    """Yield each part that is no template by itself."""
    for part in _PART.finditer(source):
        word, rest = part["word"], part["rest"] or ""
        if word is not None and (word not in _STATEMENTS or (word == "else" and rest.strip())):
            yield TemplateFault(part.start(), f"there is no '{part[0]}'", _statement(source, part))
        elif error := refusal(_alone(part)):
            yield TemplateFault(part.start(), *_said(part[0], error))


def _alone(part: re.Match[str]) -> str:
    """Return a part as a template of its own."""
    match part["word"]:
        case None | "set":
            return part[0]
        case "if" | "elif":
            return f"{{{{ {part['rest']} }}}}"
        case "for":
            return f"{part[0]}{{% endfor %}}"
        case _:
            return ""


def _statement(source: str, part: re.Match[str]) -> str:
    """Return how to mend a statement that there is not."""
    word, rest = part["word"], part["rest"].strip()
    if word == "else":
        return f"write {{% elif {rest.removeprefix('if').strip()} %}}"
    if word == "end" and f"end{rest}" not in _STATEMENTS:
        rest = next((one["word"] for one in reversed(_opened(source[: part.start()]))), "")
    meant = _ELSEWHERE.get(word) or nearest(f"end{rest}" if word == "end" else word, _STATEMENTS)
    kept = f" {rest}" if meant in ("if", "elif", "for", "set") and rest else ""
    return f"write {{% {meant}{kept} %}}" if meant else f"there are {', '.join(_STATEMENTS)}"


def _opened(source: str) -> list[re.Match[str]]:
    """Return the blocks that are open at the end of `source`, the innermost last."""
    opened: list[re.Match[str]] = []
    for part in _PART.finditer(source):
        word = part["word"] or ""
        if word in ("if", "for"):
            opened.append(part)
        elif word.startswith("end") and opened:
            opened.pop()
    return opened


def _open_blocks(source: str) -> Iterator[TemplateFault]:
    """Yield each statement that closes or parts no block, then each that is not closed."""
    opened: list[re.Match[str]] = []
    for part in _PART.finditer(source):
        word, inner = part["word"], opened[-1]["word"] if opened else ""
        if word in ("if", "for"):
            opened.append(part)
        elif opened and word == f"end{inner}":
            opened.pop()
        elif word and word not in _FITTING[inner]:
            yield TemplateFault(part.start(), *_out_of_place(part, opened))
    for part in reversed(opened):
        message = f"'{part[0]}' is never closed"
        yield TemplateFault(part.start(), message, f"write {{% end{part['word']} %}} where it ends")


def _out_of_place(part: re.Match[str], opened: list[re.Match[str]]) -> tuple[str, str]:
    if opened and part["word"].startswith("end"):
        message = f"'{part[0]}' stands where '{opened[-1][0]}' is open"
        return message, f"write {{% end{opened[-1]['word']} %}} before it"
    needed = "for" if part["word"] == "endfor" else "if"
    return f"'{part[0]}' stands where no {{% {needed} %}} is open", "remove it, or write that before it"


def offset_of(name: str, source: str) -> int:
    """Return where a template first reads `name`; 0 if that is not found."""
    for part in _PART.finditer(source):
        if found := _word(name).search(source, part.start(), part.end()):
            return found.start()
    return 0


def offset_on(line: int, source: str, message: str) -> int:
    """Return where a template is wrong, of which Jinja's line (from 1) is known and what is said of it.

    A line of Jinja's may be several in the file: it is the part that has most of what the message quotes.
    """
    start = sum(len(one) + 1 for one in source.split("\n")[: line - 1])
    quoted = [_word(name) for name in re.findall("'([^']+)'", message)]
    parts = [part for part in _PART.finditer(source) if part.end() > start]
    best = max(parts, key=lambda part: sum(bool(one.search(part[0])) for one in quoted), default=None)
    return max(start, best.start()) if best else start


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
