"""Find the fields that a template reads, without rendering it: `order.total`, `cart.lines.*.name`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from jinja2 import nodes

EACH: Final = "*"
"""Stands in a path for any item of a list, and for any value of a look-up table."""

Lookup: TypeAlias = tuple[str, ...]
_Scope: TypeAlias = Mapping[str, Lookup | None]
"""Name of a loop or a `set` -> the path that it stands for; None if that is unknown."""


class LookupTable(dict[str, Any]):
    """Values by keys that a template computes: `shop.product[item]`. All of them have the same fields.

    An unknown key reads as `blank`. So a key that was valid once, like that of an old button, fails no step.
    """

    def __init__(self, values: Mapping[str, Any], blank: Mapping[str, Any] | None) -> None:
        """`blank` has the fields of a value. If it is None, reading an unknown key is an error."""
        super().__init__(values)
        self.blank = blank

    def __missing__(self, key: str) -> Any:
        if self.blank is None:
            raise KeyError(key)
        return self.blank


def lookups(tree: nodes.Node) -> frozenset[Lookup]:
    """Return every path that `tree` reads. `tree` has no attributes (see `flows.templates.expressions`)."""
    assigned = {name: None for child in tree.find_all(nodes.Assign) for name in _names(child.target)}
    return frozenset(_walk(tree, assigned))


def path(node: nodes.Node | None, scope: _Scope) -> Lookup | None:
    """Return the path that `node` reads if it is a plain look-up, else None."""
    match node:
        case nodes.Name(name=name):
            return scope.get(name, (name,))
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))):
            base = path(inner, scope)
            return (*base, key) if base else None
        case nodes.Getitem(node=inner, arg=nodes.Slice()):
            return path(inner, scope)
        case nodes.Getitem(node=inner):
            base = path(inner, scope)
            return (*base, EACH) if base else None
        case _:
            return None


def _walk(node: nodes.Node, scope: _Scope) -> Iterator[Lookup]:
    """Yield every path that `node` reads where `scope` holds."""
    if isinstance(node, nodes.For):
        yield from _walk(node.iter, scope)
        listed = path(node.iter, scope)
        inner = {**scope, **dict.fromkeys(_names(node.target)), "loop": None}
        if isinstance(node.target, nodes.Name):
            inner[node.target.name] = (*listed, EACH) if listed else None
        for child in (*node.body, *node.else_):
            yield from _walk(child, inner)
        return
    read = path(node, scope) if isinstance(node, (nodes.Name, nodes.Getitem)) else None
    if read:
        yield read
        yield from _read_by_keys(node, scope)
        return
    for child in node.iter_child_nodes():
        yield from _walk(child, scope)


def _read_by_keys(node: nodes.Node, scope: _Scope) -> Iterator[Lookup]:
    """Yield every path that the keys in a look-up read: `item` in `shop.product[item].name`."""
    while isinstance(node, nodes.Getitem):
        yield from _walk(node.arg, scope)
        node = node.node


def _names(target: nodes.Node) -> list[str]:
    """The names that a loop or a `set` assigns to."""
    return [target.name] if isinstance(target, nodes.Name) else [n.name for n in target.find_all(nodes.Name)]


class NoSuchField(LookupError):
    """The sample has no such field. `known` are the fields that it has in its place."""

    def __init__(self, owner: Lookup, field: str, known: tuple[str, ...]) -> None:
        name = ".".join(owner).replace(f".{EACH}", "[…]")
        super().__init__(f"'{name}' is no list" if field == EACH else f"'{name}' has no '{field}'")
        self.owner, self.field, self.known = owner, field, known


def follow(read: Lookup, sample: Mapping[str, Any]) -> None:
    """Walk `read` through `sample`. Raises NoSuchField; passes what the sample does not describe."""
    if read[0] not in sample:
        return
    value: Any = sample[read[0]]
    for index, step in enumerate(read[1:], 1):
        if step == EACH and isinstance(value, (list, tuple, LookupTable)):
            items = list(value.values()) if isinstance(value, LookupTable) else value
            if not items:
                return
            value = items[0]
        elif step == EACH and isinstance(value, Mapping):
            return  # its keys are names, and which one the template computes is not known
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            known = tuple(value) if isinstance(value, Mapping) else ()
            raise NoSuchField(read[:index], step, known)
