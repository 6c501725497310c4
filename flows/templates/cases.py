"""Which alternatives can be taken: guards are tried with every combination of the values that they ask for.

A guard asks about fields (`order.status == 'paid'`) and about what can't be seen through, such as
`shop.product[item].variants`, which is taken as yes or no. Two guards with the same text ask the same.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, Final, TypeAlias

from jinja2 import nodes

from flows.templates.lookups import Lookup
from flows.templates.types import Truth, Type, Words

MOST: Final = 2048
"""Combinations that are tried. Guards that ask for more are not judged."""
_OTHER: Final = "<another value>"
_COMPARES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "lt": lambda a, b: bool(a < b),
    "lteq": lambda a, b: bool(a <= b),
    "gt": lambda a, b: bool(a > b),
    "gteq": lambda a, b: bool(a >= b),
    "in": lambda a, b: a in b,
    "notin": lambda a, b: a not in b,
}
Values: TypeAlias = Mapping[str, Any]
"""What is asked for, as text -> its value."""


class Cases:
    """Every combination of values that some guards ask for. Falsy if there are too many."""

    def __init__(self, guards: Sequence[nodes.Node], kind_of: Callable[[Lookup], Type | None]) -> None:
        """`kind_of` returns the type of a field by its path, if it is known."""
        asked_for: dict[str, tuple[nodes.Node, set[Any]]] = {}
        for guard in guards:
            _collect(guard, asked_for)
        self._values = {name: _values(*found, kind_of) for name, found in asked_for.items()}
        self._size = prod(len(values) for values in self._values.values())

    def __bool__(self) -> bool:
        return self._size <= MOST

    def __iter__(self) -> Iterator[Values]:
        for values in product(*self._values.values()):
            yield dict(zip(self._values, values, strict=True))


def _collect(node: nodes.Node, found: dict[str, tuple[nodes.Node, set[Any]]]) -> None:
    """Add to `found` what a guard asks for, by name, with the constants that it is compared with."""
    match node:
        case nodes.And() | nodes.Or():
            _collect(node.left, found)
            _collect(node.right, found)
        case nodes.Not():
            _collect(node.node, found)
        case nodes.Const():
            pass
        case nodes.Compare() if (constants := _constants(node)) is not None:
            found.setdefault(asked(node.expr), (node.expr, set()))[1].update(constants)
        case _:
            found.setdefault(asked(node), (node, set()))


def _values(
    node: nodes.Node, constants: Collection[Any], kind_of: Callable[[Lookup], Type | None]
) -> Sequence[Any]:
    """Return the values that differ for guards which compare `node` with `constants`."""
    field = _field(node)
    kind = kind_of(field) if field else None
    if isinstance(kind, Words):
        named = kind.words.intersection(constants) | (kind.words & {""})
        return [*sorted(named), *sorted(kind.words - named)[:1]]
    if isinstance(kind, Truth) or field is None:
        return [False, True]
    numbers = {constant for constant in constants if isinstance(constant, int)}
    if numbers:
        return sorted({near for number in numbers for near in (0, number - 1, number, number + 1)})
    return ["", _OTHER, *sorted(constants)]


def holds(guard: nodes.Node | None, values: Values) -> bool:
    """Return whether `guard` holds for `values` of its cases. None always does."""
    match guard:
        case None:
            return True
        case nodes.And():
            return holds(guard.left, values) and holds(guard.right, values)
        case nodes.Or():
            return holds(guard.left, values) or holds(guard.right, values)
        case nodes.Not():
            return not holds(guard.node, values)
        case nodes.Const():
            return bool(guard.value)
        case nodes.Compare() if (constants := _constants(guard)) is not None:
            return _compare(values[asked(guard.expr)], guard.ops[0].op, constants)
        case _:
            return bool(values[asked(guard)])


def asked(node: nodes.Node) -> str:
    """Return what a part of a guard asks for, as text: two parts with the same text ask the same."""
    field = _field(node)
    return ".".join(field) if field else repr(node)


def _compare(value: Any, operator: str, constants: Sequence[Any]) -> bool:
    other = constants if operator in ("in", "notin") else constants[0]
    try:
        return _COMPARES[operator](value, other)
    except TypeError:
        return False


def _constants(node: nodes.Compare) -> Sequence[Any] | None:
    """The constants that a field is compared with; None if this is no such comparison."""
    if len(node.ops) != 1 or _field(node.expr) is None:
        return None
    other = node.ops[0].expr
    listed = other.items if isinstance(other, (nodes.List, nodes.Tuple)) else [other]
    found = [item.value for item in listed if isinstance(item, nodes.Const)]
    if len(found) < len(listed) or len({type(value) for value in found}) > 1:
        return None
    if any(not isinstance(value, (str, int)) or isinstance(value, bool) for value in found):
        return None
    is_list = isinstance(other, (nodes.List, nodes.Tuple))
    return tuple(found) if is_list is (node.ops[0].op in ("in", "notin")) else None


def _field(node: nodes.Node) -> Lookup | None:
    """The path of a field whose keys are all written out; None for anything else."""
    match node:
        case nodes.Name(name=name):
            return (name,)
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))):
            base = _field(inner)
            return (*base, key) if base else None
        case _:
            return None
