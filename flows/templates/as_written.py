"""Write an expression as people write it: `order.lines[0].total - cart.total`."""

import re
from typing import Final

from jinja2 import nodes

_SIGNS: Final[dict[type[nodes.Node], str]] = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.FloorDiv: "//",
    nodes.Or: "or",
    nodes.And: "and",
}
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def as_written(node: nodes.Node) -> str:
    """Return the expression of `node`; empty if it has parts that are not written out here."""
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Const(value=value):
            return repr(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))) if _FIELD.fullmatch(key):
            return _around(_owner(inner), f".{key}")
        case nodes.Getitem(node=inner, arg=key):
            written = as_written(key)
            return _around(_owner(inner), f"[{written}]") if written else ""
        case nodes.Filter(node=inner, name=name, args=[]) if inner:
            return _around(in_brackets(inner), f" | {name}")
        case nodes.Neg(node=inner):
            written = in_brackets(inner)
            return f"-{written}" if written else ""
        case nodes.BinExpr(left=left, right=right) if type(node) in _SIGNS:
            sides = in_brackets(left), in_brackets(right)
            return f" {_SIGNS[type(node)]} ".join(sides) if all(sides) else ""
        case _:
            return ""


def in_brackets(node: nodes.Node) -> str:
    """Return the expression of `node`, in brackets if it is computed; empty as `as_written`."""
    written = as_written(node)
    return f"({written})" if written and isinstance(node, (nodes.BinExpr, nodes.Neg)) else written


def _owner(node: nodes.Node) -> str:
    """Return the expression of what has a field: a filter in brackets too, for `a | first.b` is none."""
    written = as_written(node)
    return f"({written})" if written and isinstance(node, nodes.Filter) else in_brackets(node)


def _around(base: str, key: str) -> str:
    return f"{base}{key}" if base else ""
