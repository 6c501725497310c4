"""What two values can do with each other: be compared, added, multiplied."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from jinja2 import nodes

from flows.document.errors import Severity, close
from flows.templates.lookups import EACH, path
from flows.templates.types import (
    COMPUTED,
    MONEY,
    TEXT,
    UNKNOWN,
    ListOf,
    Money,
    Number,
    Record,
    Table,
    Text,
    Truth,
    Type,
    Unknown,
    Words,
    is_number,
    is_text,
)

_LITTLE: Final = 1000
"""Paise. Whoever compares a sum with less than ₹10 means rupees."""


class Problem(NamedTuple):
    """One thing wrong in a template, and how to mend it."""

    message: str
    mend: str
    severity: Severity = Severity.ERROR


class Side(NamedTuple):
    """One of two values."""

    node: nodes.Node
    kind: Type

    @property
    def words(self) -> str:
        """What people call it: its name, or the constant."""
        return said(self.node)


def said(node: nodes.Node) -> str:
    """Return a part of a template as people call it: `'cart.total'`, `500`, or `this`."""
    if isinstance(node, nodes.Const):
        return f"'{node.value}'" if isinstance(node.value, str) else str(node.value)
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"'{_bare(said(node.node))} | {node.name}'"
    read = path(node, {})
    return f"'{'.'.join(read).replace(f'.{EACH}', '[…]')}'" if read else "this"


def compared(left: Side, operator: str, right: Side) -> Iterator[Problem]:
    """Yield what is wrong with a comparison. `operator` as jinja2 names it: `eq`, `lt`, `in` …"""
    if operator in ("in", "notin"):
        yield from _contained(left, right)
        return
    if _differ(left.kind, right.kind):
        yield _never_equal(left, right) if operator in ("eq", "ne") else _not_ordered(left, right)
        return
    if operator in ("eq", "ne"):
        yield from (problem for one, other in ((left, right), (right, left)) for problem in _word(one, other))
    else:
        yield from (
            problem for one, other in ((left, right), (right, left)) for problem in _digits(one, other)
        )
    yield from (problem for one, other in ((left, right), (right, left)) for problem in _rupees(one, other))


def compared_names(tree: nodes.Node) -> frozenset[str]:
    """Return the bare names that are compared with something for being the same: words without quotes."""
    compares = (tree,) if isinstance(tree, nodes.Compare) else tree.find_all(nodes.Compare)
    sides = [
        side
        for one in compares
        if one.ops[0].op in ("eq", "ne", "in", "notin")
        for side in (one.expr, one.ops[0].expr)
    ]
    items = [item for side in sides if isinstance(side, (nodes.List, nodes.Tuple)) for item in side.items]
    return frozenset(side.name for side in (*sides, *items) if isinstance(side, nodes.Name))


def added(left: Side, right: Side) -> tuple[Type, Problem | None]:
    """Return the type of a sum, and what is wrong with it."""
    if is_text(left.kind) and is_text(right.kind):
        return TEXT, None
    if isinstance(left.kind, ListOf) and isinstance(right.kind, ListOf):
        return ListOf(UNKNOWN), None
    if _differ(left.kind, right.kind):
        message = (
            f"{left.words} is {left.kind.SAID} and {right.words} is {right.kind.SAID}: '+' takes no such two"
        )
        return UNKNOWN, Problem(message, "write '~' between texts")
    return _sum_type(left, right), _rupees_in_sum(left, right)


def subtracted(left: Side, right: Side) -> tuple[Type, Problem | None]:
    """Return the type of a difference, and what is wrong with it."""
    if problem := _no_number("-", left, right):
        return UNKNOWN, problem
    return _sum_type(left, right), _rupees_in_sum(left, right)


def multiplied(left: Side, right: Side) -> tuple[Type, Problem | None]:
    """Return the type of a product or a quotient, and what is wrong with it."""
    if problem := _no_number("a sum like this", left, right):
        return UNKNOWN, problem
    return MONEY if MONEY in (left.kind, right.kind) and left.kind != right.kind else COMPUTED, None


def _sum_type(left: Side, right: Side) -> Type:
    if MONEY in (left.kind, right.kind):
        return MONEY
    return COMPUTED if is_number(left.kind) and is_number(right.kind) else UNKNOWN


def _no_number(what: str, *sides: Side) -> Problem | None:
    """Return the problem of the first side that is surely no number."""
    for side in sides:
        if not is_number(side.kind) and not isinstance(side.kind, (Unknown, Truth)):
            message = f"{side.words} is {side.kind.SAID}: {what} needs numbers"
            return Problem(message, f"write '{_bare(side.words)} | int' if it holds digits")
    return None


def _bare(words: str) -> str:
    return words.strip("'")


_FAMILIES: Final = {Text: 1, Words: 1, Number: 2, Money: 2, Truth: 3, ListOf: 4, Record: 5, Table: 5}


def _differ(left: Type, right: Type) -> bool:
    """Whether two values are surely of different kinds. Numbers and truths are not: `true` counts as 1."""
    families = {_FAMILIES.get(type(left), 0), _FAMILIES.get(type(right), 0)}
    return len(families) > 1 and 0 not in families and families != {2, 3}


def _never_equal(left: Side, right: Side) -> Problem:
    message = f"{left.words} is {left.kind.SAID} and {right.words} is {right.kind.SAID}: they are never equal"
    return Problem(message, _conversion(left, right), Severity.WARNING)


def _not_ordered(left: Side, right: Side) -> Problem:
    message = f"{left.words} is {left.kind.SAID} and {right.words} is {right.kind.SAID}: neither is more"
    return Problem(message, _as_numbers(left, right) or _conversion(left, right))


def _as_numbers(left: Side, right: Side) -> str:
    """Return how a text is compared with a number as one; empty for other kinds."""
    for one, other in ((left, right), (right, left)):
        if is_text(one.kind) and is_number(other.kind) and not isinstance(one.node, nodes.Const):
            return _number_of(one)
    return ""


def _number_of(text: Side) -> str:
    """Return how a text that holds digits is made a number."""
    converted = f"write {_bare(text.words)} | int"
    is_variable = isinstance(text.node, nodes.Name) and isinstance(text.kind, Text)
    return f"write 'type: integer' where '{_bare(text.words)}' is declared" if is_variable else converted


_PINCODE: Final = 6
"""Digits of a pincode. Texts of so many digits are in the order of their numbers."""


def _digits(one: Side, other: Side) -> Iterator[Problem]:
    """Yield that a text is looked up in the order of letters where digits are meant: '10' is before '9'."""
    number = other.node.value if isinstance(other.node, nodes.Const) else None
    if isinstance(number, str) and number.isdigit() and len(number) < _PINCODE and isinstance(one.kind, Text):
        message = f"{one.words} and '{number}' are compared as texts: '10' is less than '9'"
        yield Problem(message, f"{_number_of(one)}, and {number} without quotes", Severity.WARNING)


def _conversion(left: Side, right: Side) -> str:
    """Return how to make two values comparable."""
    for one, other in ((left, right), (right, left)):
        if is_text(one.kind) and is_number(other.kind):
            if isinstance(other.node, nodes.Const):
                return f"write '{other.node.value}' in quotes, or {_bare(one.words)} | int"
            if isinstance(one.node, nodes.Const):
                return f"write {one.node.value} without quotes" if str(one.node.value).isdigit() else ""
            return f"write {_bare(one.words)} | int"
        if isinstance(one.kind, ListOf) and is_number(other.kind):
            return f"write {_bare(one.words)} | length to count it"
        if isinstance(one.kind, ListOf) and is_text(other.kind):
            return f"write {other.words} in {_bare(one.words)}"
        if isinstance(one.kind, Truth) and isinstance(other.node, nodes.Const):
            return f"write {_bare(one.words)} alone, or 'not {_bare(one.words)}'"
    return "compare what is of one kind"


def _word(one: Side, other: Side) -> Iterator[Problem]:
    """Yield that a text is none of the words that the other side can be."""
    if isinstance(one.kind, Words) and isinstance(other.node, nodes.Const):
        yield from no_such_word(one.words, one.kind, str(other.node.value))


def no_such_word(name: str, kind: Words, text: str) -> Iterator[Problem]:
    """Yield that `name` is never `text`, if it is not among its words."""
    if text in kind.words:
        return
    known = sorted(kind.words - {""})
    listed = f"there are {', '.join(known)}" if len(known) <= _MANY else ""
    message = f"{name} is never '{text}': there is no such {kind.what}"
    yield Problem(message, close(text, known) or listed or "look it up in this file", Severity.WARNING)


_MANY: Final = 16
"""Of more words, the mend does not list them."""


def _contained(left: Side, right: Side) -> Iterator[Problem]:
    """Yield what is wrong with `left in right`."""
    if is_number(right.kind) or isinstance(right.kind, Truth):
        yield Problem(f"{right.words} is {right.kind.SAID}: nothing is in it", "name a list, or write '=='")
        return
    if is_text(right.kind) and not is_text(left.kind) and not isinstance(left.kind, Unknown):
        message = (
            f"{left.words} is {left.kind.SAID}, and {right.words} is text: nothing but text is in a text"
        )
        yield Problem(message, f"write [{_bare(right.words)}], or '=='")
        return
    if isinstance(right.node, (nodes.List, nodes.Tuple)):
        for item in right.node.items:
            if isinstance(item, nodes.Const):
                yield from compared(left, "eq", Side(item, _of_constant(item)))
    elif isinstance(right.kind, ListOf):
        yield from compared(left, "eq", Side(right.node, right.kind.item))


def _of_constant(node: nodes.Const) -> Type:
    if isinstance(node.value, str):
        return TEXT
    return COMPUTED if isinstance(node.value, int) and not isinstance(node.value, bool) else UNKNOWN


def _rupees(one: Side, other: Side) -> Iterator[Problem]:
    """Yield that a sum in paise is compared with rupees."""
    if not isinstance(one.kind, Money):
        return
    number = other.node.value if isinstance(other.node, nodes.Const) else None
    if isinstance(number, int) and 0 < number < _LITTLE:
        message = f"{one.words} is in paise, and {number} paise is little"
        yield Problem(message, f"write {number}00 for ₹{number}", Severity.WARNING)
    elif isinstance(other.kind, Number) and other.kind.counted:
        message = f"{one.words} is in paise, and {other.words} is no sum"
        yield Problem(message, f"write {_bare(other.words)} * 100 if it is in rupees", Severity.WARNING)


def _rupees_in_sum(left: Side, right: Side) -> Problem | None:
    problems = [*_rupees(left, right), *_rupees(right, left)]
    return problems[0] if problems else None
