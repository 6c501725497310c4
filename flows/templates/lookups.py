"""Which fields a template reads, found without rendering it: `order.total`, `cart.lines.*.name`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from jinja2 import nodes

EACH: Final = "*"
"""Stands in a path for any item of a list."""

Lookup: TypeAlias = tuple[str, ...]
_Scope: TypeAlias = Mapping[str, Lookup | None]
"""What the names of loops and `set` mean; None where that can't be said."""


def lookups(tree: nodes.Node) -> frozenset[Lookup]:
    """Every path that `tree` reads. `tree` has look-ups only (see `flows.templates.expressions`)."""
    return frozenset(_found(tree, {}))


def path(node: nodes.Node, scope: _Scope) -> Lookup | None:
    """What `node` reads, if it is a plain look-up."""
    match node:
        case nodes.Name(name=name):
            return scope.get(name, (name,))
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(key))):
            base = path(inner, scope)
            return (*base, key) if base else None
        case nodes.Getitem(node=inner, arg=nodes.Slice()):
            return path(inner, scope)
        case nodes.Getitem(node=inner, arg=nodes.Const(value=int())):
            base = path(inner, scope)
            return (*base, EACH) if base else None
        case _:
            return None


def _found(node: nodes.Node, scope: _Scope) -> Iterator[Lookup]:
    if isinstance(node, nodes.For):
        yield from _found(node.iter, scope)
        listed = path(node.iter, scope)
        inner = {**scope, **dict.fromkeys(_names(node.target)), "loop": None}
        if isinstance(node.target, nodes.Name):
            inner[node.target.name] = (*listed, EACH) if listed else None
        for child in (*node.body, *node.else_):
            yield from _found(child, inner)
        return
    read = path(node, scope) if isinstance(node, (nodes.Name, nodes.Getitem)) else None
    if read:
        yield read
        return
    assigned = {name: None for child in node.find_all(nodes.Assign) for name in _names(child.target)}
    for child in node.iter_child_nodes():
        yield from _found(child, {**scope, **assigned})


def _names(target: nodes.Node) -> list[str]:
    return [target.name] if isinstance(target, nodes.Name) else [n.name for n in target.find_all(nodes.Name)]


class NoSuchField(LookupError):
    """A path that the sample does not have. `known` are the fields there are instead."""

    def __init__(self, owner: Lookup, field: str, known: tuple[str, ...]) -> None:
        name = ".".join(owner).replace(f".{EACH}", "[…]")
        super().__init__(f"'{name}' has no '{field}'")
        self.known = known
        self.field = field


def follow(read: Lookup, sample: Mapping[str, Any]) -> None:
    """Walk `read` through `sample`. Raises NoSuchField; what the sample says nothing about is let pass."""
    if read[0] not in sample:
        return
    value: Any = sample[read[0]]
    for index, step in enumerate(read[1:], 1):
        if step == EACH and isinstance(value, (list, tuple)):
            if not value:
                return
            value = value[0]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            known = tuple(value) if isinstance(value, Mapping) else ()
            raise NoSuchField(read[:index], step, known)
