"""Finds the one sign that is missing in a text which is not YAML: by trying where it makes the text YAML.

PyYAML complains where it can't go on, which is often lines below the mistake. So the usual slips are mended
one by one, near the place of the complaint first, and a judge says how well the mended text fits.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flows.document.words import describe

_KEY_WORD: Final = r"[A-Za-z][A-Za-z0-9_.-]*|[0-9]+ (?:s|min|h|days?)"
_STARTS: Final = re.compile(rf"(?:^ *(?:- +)*|[{{\[,] *)({_KEY_WORD})(?= |$|[\[{{\"'])")
"""A word that stands where a key may, without the ':' of one."""
_GLUED: Final = re.compile(rf"(?:^ *(?:- +)*|[{{\[,] *)({_KEY_WORD}):(?=[^\s:])")
_OTHER_COLONS: Final = re.compile(rf"(?:^ *(?:- +)*|[{{\[,] *)({_KEY_WORD})\s*([：﹕∶ः꞉])\s*")
_FALSE_BLANK: Final = re.compile(r"(?<=:)([^\S \t]|[\u200b-\u200f\u2060\ufeff])")
_ENTRY_AND_VALUE: Final = re.compile(rf" *(?:- +)?({_KEY_WORD}) *: +(?![\"'|>])(.*[^ ])")
_BOUNDARY: Final = re.compile(rf" *,(?= *(?:\{{|(?:{_KEY_WORD}):(?: |$)))| *[}}\]]| *$")
"""Where a text may end that is opened: before the next key, a closing bracket, the end of the line."""
_VALUE: Final = re.compile(r"(?::|-|,|\[)( +)(?=[^\s,}\]])")
"""Where a value begins."""
_OPENED: Final = re.compile(r"(?:^|[:,{\[-]) *[\"']")
"""A quote where a value or a key begins."""
_ENTRY: Final = re.compile(rf""" *(- |({_KEY_WORD}|"[^"]*"|'[^']*') *:( |$))""")
"""The beginning of a line with which a key or an item begins."""
_NEXT_KEY: Final = re.compile(rf"(?<=[^\s,{{\[:-])( +)({_KEY_WORD}):(?= )")
_BLOCK: Final = re.compile(r"(?::|-|^| ) *[|>][-+]? *(#.*)?$")
"""The end of a line below which a text stands."""
_APART: Final = re.compile(r"( {2,}#(?: [^}\]]*)?)? *")
"""What may stand behind the values of a line: nothing, or a comment that is no part of a text."""
_CURLY: Final = str.maketrans("“”„«»‘’‚", '"""""\'\'\'')
_BEFORE_VALUE: Final = ("", ":", "-", ",", "{", "[")
_PAIRS: Final = {"{": "}", "[": "]"}
_ABOVE: Final = 40
"""Lines above the complaint that are tried."""
_BELOW: Final = 2
"""Lines below it that are tried."""
_LONGEST: Final = 3_000
"""Characters of a line up to which it is tried: what that takes grows with their square."""
_SHORT: Final = 80
"""Characters of a text up to which it is written out in its mend."""
_MISFITS: Final = 2
"""How much may be out of place in a mended text: there may be other mistakes in it."""
_TRIALS: Final = 60
"""Texts that are tried for one complaint."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A line of a text as it may be meant, and what is said of it: its line and column from 1."""

    line: int
    column: int
    message: str
    mend: str
    text: str
    """The whole text with that line."""
    is_certain: bool = False
    """Whether nothing in the mended text is out of place."""


Judge = Callable[[str], int | None]
"""Returns how much of a text is out of place; None if it is not YAML."""
_Change = tuple[int, str, str, str]
"""A column from 0, the line as it is meant, message and mend."""


def repair(text: str, line: int, judge: Judge) -> Repair | None:
    """Return the change of one line that makes `text` YAML, and lets most of it fit. None without any.

    `line`, from 1, is where the complaint is.
    """
    lines = text.split("\n")
    best: tuple[int, Repair | None] = (_MISFITS + 1, None)
    for tried, (number, change) in enumerate(_changes(lines, line - 1)):
        if tried >= _TRIALS:
            break
        column, meant, message, mend = change
        mended = "\n".join([*lines[:number], meant, *lines[number + 1 :]])
        misfits = judge(mended)
        if misfits is None or misfits >= best[0]:
            continue
        best = misfits, Repair(number + 1, column + 1, message, mend, mended, is_certain=not misfits)
        if not misfits:
            break
    return best[1]


def _changes(lines: Sequence[str], complaint: int) -> Iterator[tuple[int, _Change]]:
    """Yield the usual slips, mended, each with the index of its line: those of one sort after another."""
    last = min(len(lines) - 1, complaint + _BELOW)
    near = [n for n in _code(lines[: last + 1]) if n > complaint - _ABOVE]
    near.sort(key=lambda n: (n > complaint, abs(n - complaint)))
    for n in near:
        yield from ((n, change) for change in _tabs(lines, n))
    for changes in _OF_ONE_LINE:
        yield from ((n, change) for n in near for change in changes(lines[n]))
    for n in near:
        yield from ((n, change) for change in _dashes(lines[n]))
    # Most files are indented by twos: a line that is indented by an odd number of blanks is tried first.
    indents = [(n, change) for n in near for change in _indents(lines, n)]
    yield from sorted(indents, key=lambda one: (_odd(one[1][1]), not _odd(lines[one[0]])))


def _code(lines: Sequence[str]) -> Iterator[int]:
    """Yield the lines that are no comment, and no part of a text below a `|` or a `>`."""
    key, text = None, 0
    for number, line in enumerate(lines):
        blanks = _indent(line)
        if not line.strip() or len(line) > _LONGEST:
            continue
        if key is not None and blanks > key:
            text = text or blanks
            if blanks >= text:
                continue
        key, text = (blanks if _BLOCK.search(line) else None), 0
        if not line.lstrip().startswith("#"):
            yield number


def _odd(line: str) -> int:
    return _indent(line) % 2


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _quoted(line: str) -> tuple[list[bool], int | None]:
    """Return whether each character is in quotes or in a comment, and where a quote is that stays open."""
    inside: list[bool] = []
    quote, opened, last = "", None, ""
    for at, sign in enumerate(line):
        if not quote and sign == "#" and last and line[at - 1] == " ":
            return [*inside, *[True] * (len(line) - at)], None
        if quote:
            inside.append(True)
            if sign == quote and not (quote == '"' and line[at - 1] == "\\"):
                quote, opened = "", None
        elif sign in "'\"" and last in _BEFORE_VALUE:
            quote, opened = sign, at
            inside.append(True)
        else:
            inside.append(False)
        last = sign if sign != " " else last
    return inside, opened


def _code_end(line: str) -> int:
    """Return where a line ends without the comment behind it."""
    inside, _ = _quoted(line)
    for at in range(1, len(line)):
        if line[at] == "#" and line[at - 1] == " " and inside[at] and not inside[at - 1]:
            return len(line[:at].rstrip())
    return len(line.rstrip())


def _other_signs(line: str) -> Iterator[_Change]:
    """Yield a blank that is none, a colon of another script, and curly quotes."""
    if found := _FALSE_BLANK.search(line):
        at = found.start(1)
        message, mend = f"{describe(line[at])} stands where a blank must", "write a blank there"
        yield at, f"{line[:at]} {line[at + 1 :]}", message, mend
    if found := _OTHER_COLONS.search(line):
        message = f"{describe(found[2])} stands after '{found[1]}'"
        meant = f"{line[: found.start(2)]}: {line[found.end() :]}"
        yield found.start(2), meant, message, "write ':' and a blank for it"
    meant = line.translate(_CURLY)
    if meant != line:
        at = next(n for n, (one, other) in enumerate(zip(line, meant, strict=True)) if one != other)
        mend = f"write a straight quote, {meant[at]}"
        yield at, meant, f"{describe(line[at])} closes nothing for YAML", mend


def _inner_quotes(line: str) -> Iterator[_Change]:
    """Yield a text in quotes that holds such quotes itself, between quotes of the other kind."""
    for found in _OPENED.finditer(line):
        at = found.end() - 1
        sign = line[at]
        for end in re.finditer(rf"{sign}(?={_BOUNDARY.pattern})", line[at + 1 :]):
            text, after = line[at + 1 : at + 1 + end.start()], line[at + 1 + end.end() :]
            inner = re.search(rf"(?<![\\{sign}]){sign}(?!{sign})", text)
            if not inner or re.search(rf":(?: *){sign}|{sign} *, *(?:{_KEY_WORD}):", text):
                continue
            single = "'" + text.replace("'", "''") + "'"
            meant = single if sign == '"' or '"' in text or "\\" in text else f'"{text}"'
            mend = f"put the whole text between {'single' if meant == single else 'double'} quotes"
            mend += f": {meant}" if len(meant) <= _SHORT else ""
            mend += '; or write \\" for each " inside' if sign == '"' else ""
            message = "not valid YAML: a quotation mark inside the text ends it"
            yield at + 1 + inner.start(), f"{line[:at]}{meant}{after}", message, mend


def _quotes(line: str) -> Iterator[_Change]:
    """Yield a text in quotes that is closed before the next key, or at the end of the line."""
    inside, opened = _quoted(line)
    if opened is None and line.count('"') % 2 == line.count("'") % 2 == 0:
        return
    for found in _OPENED.finditer(line):
        at = found.end() - 1
        if not inside[at] or (inside[at - 1] and at):
            continue
        for end in _BOUNDARY.finditer(line, at + 1):
            before = line[at + 1 : end.start()].split()[-1:]
            mend = f"a closing quote is missing: write {line[at]} behind '{''.join(before)}'"
            meant = f"{line[: end.start()]}{line[at]}{line[end.start() :]}"
            yield at, meant, "not valid YAML: a quote is opened and never closed", mend


def _colons(line: str) -> Iterator[_Change]:
    inside, _ = _quoted(line)
    for found in _STARTS.finditer(line):
        at = found.end(1)
        if not inside[found.start(1)]:
            meant = f"{line[:at]}:{'' if line[at : at + 1] in ('', ' ') else ' '}{line[at:]}"
            yield at, meant, f"a ':' is missing after '{found[1]}'", f"write '{found[1]}:'"


def _blanks(line: str) -> Iterator[_Change]:
    inside, _ = _quoted(line)
    for found in _GLUED.finditer(line):
        at = found.end(1) + 1
        if not inside[found.start(1)]:
            meant = f"{line[:at]} {line[at:]}"
            yield at, meant, f"a blank is missing after '{found[1]}:'", "write a blank behind the ':'"


def _commas(line: str) -> Iterator[_Change]:
    inside, _ = _quoted(line)
    for found in _NEXT_KEY.finditer(line):
        if not inside[found.start(2)] and ("{" in line[: found.start()]):
            at = found.start()
            meant = f"{line[:at]},{line[at:]}"
            yield at, meant, f"a ',' is missing before '{found[2]}:'", "write ',' there"


def _wraps(line: str) -> Iterator[_Change]:
    """Yield a value that holds ': ' or commas, in quotes, in braces and in brackets."""
    found = _ENTRY_AND_VALUE.fullmatch(line[: _code_end(line)])
    if not found:
        return
    at, value = found.start(2), found[2]
    before, after = line[:at], line[found.end(2) :]
    if second := re.search(r":( |$)", value):
        said = "not valid YAML: a second ': ' in one line"
        quoted = "'" + value.replace("'", "''") + "'"
        colon = at + second.start()
        yield colon, f"{before}{quoted}{after}", said, "put a text that holds ': ' in quotes"
        mend = f"write the keys and values between braces: {found[1]}: {{{value}}}"
        yield colon, f"{before}{{{value}}}{after}", said, mend
    if "," in value:
        mend = f"put the list between brackets: {found[1]}: [{value}]"
        yield at, f"{before}[{value}]{after}", f"'{found[1]}' is a list", mend


def _brackets(line: str) -> tuple[list[int], list[int]]:
    """Return where brackets stand that nothing closes, and those that close nothing."""
    inside, _ = _quoted(line)
    opened, loose = [], []
    for at, sign in enumerate(line):
        if inside[at] or sign not in "{}[]":
            continue
        if sign in _PAIRS:
            opened.append(at)
        elif opened and _PAIRS[line[opened[-1]]] == sign:
            opened.pop()
        else:
            loose.append(at)
    return opened, loose


def _closing(line: str) -> Iterator[_Change]:
    opened, _ = _brackets(line)
    inside, end = _quoted(line)[0], _code_end(line)
    if not opened or not _APART.fullmatch(line[end:]):
        return
    for at in reversed(opened):
        closing = _PAIRS[line[at]]
        for found in _BOUNDARY.finditer(line, at, end):
            where = found.start()
            if line[at + 1 : where].strip() and (where == end or not inside[where]):
                before = line[:where].split()[-1]
                message = f"a '{closing}' is missing behind '{before[-30:]}'"
                mend = f"close the '{line[at]}' of column {at + 1} with '{closing}' there"
                yield where, f"{line[:where]}{closing}{line[where:]}", message, mend


def _opening(line: str) -> Iterator[_Change]:
    _, loose = _brackets(line)
    if not loose:
        return
    inside, sign = _quoted(line)[0], {"}": "{", "]": "["}[line[loose[0]]]
    for found in reversed(list(_VALUE.finditer(line, 0, loose[0]))):
        at = found.end()
        if not inside[found.start()]:
            message = f"a '{sign}' is missing before '{line[at:].split()[0]}'"
            mend = f"write '{sign}' there: the '{line[loose[0]]}' of column {loose[0] + 1} closes it"
            yield at, f"{line[:at]}{sign}{line[at:]}", message, mend


def _dashes(line: str) -> Iterator[_Change]:
    blanks, text = _indent(line), line.lstrip(" ")
    if text.startswith("- "):
        return
    mend = "write '- ' before it, as before the other items"
    message = "a '-' is missing before this item of a list"
    yield blanks, f"{line[:blanks]}- {text}", message, mend
    if blanks >= 2:
        yield blanks - 2, f"{line[: blanks - 2]}- {text}", message, mend


def _tabs(lines: Sequence[str], number: int) -> Iterator[_Change]:
    """Yield a line with a tab before its text, indented as those around it are."""
    line = lines[number]
    before = line[: len(line) - len(line.lstrip())]
    if "\t" in before:
        likely = len(before.expandtabs(2))
        for meant in sorted(_around(lines, number) | {likely}, key=lambda one: abs(one - likely)):
            mend = f"use spaces, not tabs: indent it by {meant} blanks"
            yield before.index("\t"), " " * meant + line.lstrip(), "a tab stands where blanks must", mend


def _indents(lines: Sequence[str], number: int) -> Iterator[_Change]:
    """Yield a line that begins an entry, indented as those around it are."""
    line, blanks = lines[number], _indent(lines[number])
    if not _ENTRY.match(line):
        return
    for meant in sorted(_around(lines, number) - {blanks}, key=lambda one: abs(one - blanks)):
        message = f"this line is indented by {blanks} blanks, which fits no line around it"
        yield blanks, " " * meant + line.lstrip(" "), message, f"indent it by {meant} blanks"


def _around(lines: Sequence[str], number: int) -> set[int]:
    """Return how far the lines around one are indented, and a step further than the one above it."""
    above = [_indent(one) for one in lines[max(0, number - 12) : number] if one.strip()]
    below = [_indent(one) for one in lines[number + 1 : number + 8] if one.strip()]
    return {*above, *below, *(one + 2 for one in above[-1:])}


_OF_ONE_LINE: Final = (
    _other_signs,
    _inner_quotes,
    _quotes,
    _colons,
    _blanks,
    _commas,
    _closing,
    _opening,
    _wraps,
)
