"""What the filters of templates take and give."""

from collections.abc import Collection, Sequence
from typing import Final

from flows.document.errors import Severity
from flows.templates.comparisons import Problem, Side
from flows.templates.types import (
    COMPUTED,
    NUMBER,
    TEXT,
    UNKNOWN,
    ListOf,
    Number,
    Truth,
    Type,
    Unknown,
    is_number,
    is_text,
    join,
)

_OF_LISTS: Final = frozenset({"length", "join", "first", "last"})
_OF_NUMBERS: Final = frozenset({"abs", "round"})
_GIVES: Final[dict[str, Type]] = {
    "length": NUMBER,
    "join": TEXT,
    "upper": TEXT,
    "lower": TEXT,
    "title": TEXT,
    "int": COMPUTED,
}


def filtered(
    name: str, given: Side | None, others: Sequence[Type], money: Collection[str]
) -> tuple[Type, Problem | None]:
    """Return the type of what the filter `name` makes of `given`, and what is wrong with that.

    `others` are the types of its arguments, `money` the filters that show a sum.
    """
    if given is None:
        return UNKNOWN, None
    if name in money:
        return TEXT, _no_sum(given, name)
    return _result(name, given.kind, others), _unfit(name, given)


def _result(name: str, given: Type, others: Sequence[Type]) -> Type:
    if name == "default":
        return join(given, others[0] if others else TEXT)
    if name in ("first", "last"):
        return given.item if isinstance(given, ListOf) else TEXT if is_text(given) else UNKNOWN
    if name in _OF_NUMBERS:
        return given
    return _GIVES.get(name, UNKNOWN)


def _unfit(name: str, given: Side) -> Problem | None:
    if name in _OF_LISTS and (is_number(given.kind) or isinstance(given.kind, Truth)):
        return Problem(f"{given.words} is {given.kind.SAID}: '{name}' takes a list", f"leave '{name}' out")
    if name in _OF_NUMBERS and not is_number(given.kind) and not isinstance(given.kind, (Unknown, Truth)):
        return Problem(f"{given.words} is {given.kind.SAID}: '{name}' takes a number", f"leave '{name}' out")
    return None


def _no_sum(given: Side, name: str) -> Problem | None:
    if isinstance(given.kind, Number) and given.kind.counted:
        message = f"{given.words} is no sum, and '{name}' shows paise as rupees"
        return Problem(message, f"leave '{name}' out", Severity.WARNING)
    if is_number(given.kind) or isinstance(given.kind, Unknown):
        return None
    return Problem(
        f"{given.words} is {given.kind.SAID}: '{name}' takes a sum in paise", f"leave '{name}' out"
    )
