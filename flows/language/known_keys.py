"""Finds the keys that may be written in one place of a flow file, by walking over the models of its shape."""

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag


def keys_at(model: type[BaseModel], place: Iterable[str | int]) -> list[str]:
    """Return the keys of the mapping at `place`, the place of an error of pydantic. Empty if it has none.

    The place may hold pydantic's own marks, such as the tag that names the kind of a message.
    """
    shapes: list[Any] = [model]
    for step in place:
        within = [inner for shape in shapes for inner in _inside(shape, step)]
        shapes = within or shapes
    found = dict.fromkeys(key for shape in shapes for one in _plain(shape) for key in _keys(one))
    return list(found)


def _plain(shape: Any) -> Iterator[Any]:
    """Yield what `shape` may be: the members of a union, without what is only said about them."""
    if get_origin(shape) is Annotated:
        yield from _plain(get_args(shape)[0])
    elif get_origin(shape) in (Union, UnionType):
        for member in get_args(shape):
            yield from _plain(member)
    else:
        yield shape


def _inside(shape: Any, step: str | int) -> Iterator[Any]:
    """Yield the shapes of what may stand under `step` in a value of `shape`."""
    if get_origin(shape) is Annotated and any(
        isinstance(one, Tag) and one.tag == step for one in get_args(shape)
    ):
        yield get_args(shape)[0]
    elif get_origin(shape) in (Annotated, Union, UnionType):
        for member in get_args(shape):
            yield from _inside(member, step)
    elif get_origin(shape) is dict:
        if step != "[key]":
            yield get_args(shape)[1]
    elif get_origin(shape) in (list, tuple):
        if isinstance(step, int):
            yield get_args(shape)[0]
    elif isinstance(shape, type) and issubclass(shape, BaseModel):
        yield from (one.annotation for name, one in shape.model_fields.items() if (one.alias or name) == step)


def _keys(shape: Any) -> Iterator[str]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        yield from (one.alias or name for name, one in shape.model_fields.items())
