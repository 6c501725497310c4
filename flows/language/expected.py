"""Tells the reader of a flow file what may stand where in it, by the models of its shape."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from flows.document.expectation import Expectation
from flows.document.places import Path
from flows.document.shape import LANGUAGE
from flows.language.schema import flow_spec

_WRONG_KIND: Final = 3
"""Cost of a list or a mapping where something else must stand: more than a value that is no name."""
_UNKNOWN_KEY: Final = 4
"""Cost of a key that no model has there: more than that, or it would be of another model."""
_USE: Final = "use"
"""Names fragments in any mapping, which then need not be whole."""


class _Kind:
    """One of the kinds of value that may stand in a place."""

    def __init__(self, shape: Any, pattern: str | None, is_lenient: bool) -> None:
        self.shape, self.pattern = shape, pattern
        self.is_lenient = is_lenient
        """Whether a validator may take simple values of other kinds."""

    @cached_property
    def model(self) -> type[BaseModel] | None:
        shape = self.shape
        return shape if isinstance(shape, type) and issubclass(shape, BaseModel) else None

    @cached_property
    def fields(self) -> Mapping[str, tuple[bool, "_Kinds"]]:
        """Key of a model -> whether it must be there, and the kinds of its value."""
        found = self.model.model_fields if self.model else {}
        return {one.alias or name: (one.is_required(), tuple(_of_field(one))) for name, one in found.items()}

    @cached_property
    def key_pattern(self) -> str | None:
        return next((kind.pattern for kind in _kinds(get_args(self.shape)[0])), None)

    @cached_property
    def items(self) -> "_Kinds":
        """Kinds of the items of a list, or of the values of a mapping with keys of any name."""
        origin = get_origin(self.shape)
        if origin in (list, tuple, frozenset, set, dict):
            return tuple(_kinds(get_args(self.shape)[origin is dict]))
        return ()

    @property
    def is_mapping(self) -> bool:
        return get_origin(self.shape) is dict or self.shape is dict

    @property
    def is_list(self) -> bool:
        return get_origin(self.shape) in (list, tuple, frozenset, set)

    def below(self, step: str | int) -> "_Kinds":
        """Return the kinds of what stands under `step`."""
        if isinstance(step, int) or self.is_list:
            return self.items if self.is_list else (self,)
        return self.fields.get(step, (False, ()))[1] or (self.items if self.is_mapping else ())

    def misfits(self, value: Any, is_part: bool) -> int:
        """Return how much of `value` is not of this kind."""
        if self.shape is Any:
            return 0
        if self.is_list:
            return sum(_misfits(self.items, one) for one in (value if isinstance(value, list) else [value]))
        if isinstance(value, dict):
            return self._misfits_of_mapping(value, is_part)
        if isinstance(value, list) or self.model or self.is_mapping:
            return 0 if self.is_lenient and isinstance(value, str) else _WRONG_KIND
        if value is None:
            return int(self.shape is not NoneType)
        matches = self.pattern is None or re.search(self.pattern, str(value))
        return int(self.shape is NoneType or not matches)

    def _misfits_of_mapping(self, value: Mapping[str, Any], is_part: bool) -> int:
        if self.is_mapping:
            keys = re.compile(self.key_pattern or "")
            return sum(_misfits(self.items, one) + (not keys.search(key)) for key, one in value.items())
        if not self.model:
            return _WRONG_KIND
        if "text" in self.fields and value and all(LANGUAGE.fullmatch(key) for key in value):
            return 0
        if _reads_its_own(self.model):
            return 0
        lacks = sum(needed and key not in value for key, (needed, _) in self.fields.items())
        found = 0 if is_part or _USE in value else lacks
        for key, one in value.items():
            if key != _USE:
                found += _misfits(self.fields[key][1], one) if key in self.fields else _UNKNOWN_KEY
        return found


_Kinds: TypeAlias = tuple[_Kind, ...]


def _reads_its_own(model: type[BaseModel]) -> bool:
    """Whether a validator of the model itself takes other keys than those of its fields."""
    decorators = model.__pydantic_decorators__.model_validators.values()
    return any(one.info.mode == "before" for one in decorators)


def _of_field(field: FieldInfo) -> Iterator[_Kind]:
    return _kinds(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)


def _kinds(shape: Any, pattern: str | None = None, is_lenient: bool = False) -> Iterator[_Kind]:
    """Yield the kinds of a shape: the members of a union, without what is only said about them."""
    origin = get_origin(shape)
    if origin is Annotated:
        inner, *about = get_args(shape)
        said = next((found for one in about if (found := _pattern(one))), pattern)
        yield from _kinds(inner, said, is_lenient or any(isinstance(one, BeforeValidator) for one in about))
    elif origin in (Union, UnionType):
        for member in get_args(shape):
            yield from _kinds(member, pattern, is_lenient)
    else:
        yield _Kind(shape, pattern, is_lenient)


def _pattern(about: Any) -> str | None:
    if isinstance(about, FieldInfo):
        return next((found for one in about.metadata if (found := _pattern(one))), None)
    return getattr(about, "pattern", None)


def _misfits(kinds: _Kinds, value: Any, is_part: bool = False) -> int:
    return min((kind.misfits(value, is_part) for kind in kinds), default=0)


class _FlowShape:
    """The shape of a flow file with the sections of a host. It is walked when something is asked."""

    def __init__(self, sections: Mapping[str, type[BaseModel]]) -> None:
        self._sections = sections

    @cached_property
    def _root(self) -> _Kinds:
        return (_Kind(flow_spec(self._sections), None, False),)

    def keys(self, path: Path) -> Collection[str]:
        return list(dict.fromkeys(key for kind in _one_each(self._at(path)) for key in kind.fields))

    def takes_list(self, path: Path) -> bool:
        return any(kind.is_list for kind in self._at(path))

    def misfits(self, path: Path, value: Any) -> int:
        return _misfits(self._at(path), value, is_part=True)

    def _at(self, path: Path) -> _Kinds:
        kinds = self._root
        for step in path:
            # A path of keys alone may lead through a list.
            kinds = tuple(below for kind in _one_each(kinds) for below in kind.below(step))
        return kinds


def _one_each(kinds: _Kinds) -> list[_Kind]:
    """Return `kinds`, with those of its items for a list."""
    return [one for kind in kinds for one in (kind.items if kind.is_list else (kind,))]


def expected_by(sections: Mapping[str, type[BaseModel]]) -> Expectation:
    """Return what is expected of a flow file with these sections."""
    return _FlowShape(sections)
