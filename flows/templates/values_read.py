"""What an expression has read, in words for people: `order.status is 'paid', cart.lines is empty`. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flows.document.words import visible
from flows.templates.expressions import Context, Expression
from flows.templates.lookups import EACH

_LONGEST: Final = 40
"""Characters that are shown of a text."""


def values_read(expression: Expression, context: Context) -> str:
    """Return the values of the plain look-ups in `expression`; empty if it has none.

    What it looks up by a computed key is left out; the key is not.
    """
    return ", ".join(_values(expression, context))


def _values(expression: Expression, context: Context) -> Iterator[str]:
    for path in sorted(expression.reads):
        if EACH in path:
            continue
        value: Any = context
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(value, Mapping):
            yield f"{'.'.join(path)} is {_shown(value)}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            seen = visible(value)
            return repr(seen if len(seen) <= _LONGEST else f"{seen[: _LONGEST - 1]}…")
        case list() | tuple():
            return f"a list of {len(value)}" if value else "empty"
        case _:
            return str(value)
