"""Reads what the models of the language say of their fields: the docstring below each of them."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import BaseModel


def described(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the description of each field of `model`, inherited ones too, by its name in Python."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            found |= _of_module(one.__module__).get(one.__qualname__, {})
    found |= {name: info.description for name, info in model.model_fields.items() if info.description}
    return found


@cache
def _of_module(module: str) -> Mapping[str, Mapping[str, str]]:
    """Return class name -> field -> docstring, of the classes of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: dict(_of_class(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, below in zip(node.body, node.body[1:], strict=False):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(inspect.cleandoc(text).split())
