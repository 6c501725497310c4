"""Finds the state that a name means where it is written, and the one that a misspelt name may mean."""

from collections.abc import Collection, Iterator
from typing import Final

from flows.document.errors import nearest
from flows.language.walk import chain

_MOST: Final = 12
"""States that are listed."""


def resolved(name: str, owner: str, paths: Collection[str]) -> str | None:
    """Path that `name` means in `owner`: a state inside it, beside it or further out, or a full path."""
    return next((path for scope in _scopes(owner) if (path := _in(scope, name)) in paths), None)


def meant(name: str, owner: str, paths: Collection[str]) -> tuple[str, str] | None:
    """Return the path of the state that `name` may mean in `owner`, and how it can be written there.

    None if none is near. One that is further away is written as its full path, and is only meant if its own
    name is near.
    """
    if "." in name:
        near = nearest(name, paths)
        return (near, near) if near else None
    written = {path.rpartition(".")[2]: (path, path) for path in paths}
    for scope in reversed(list(_scopes(owner))):
        inside = (path for path in paths if path.rpartition(".")[0] == scope)
        written |= {path.rpartition(".")[2]: (path, path.rpartition(".")[2]) for path in inside}
    return written.get(nearest(name, written))


def listed(paths: Collection[str]) -> str:
    """Say which states there are."""
    return f"there are {_listed(paths)}"


def copies_of(subflow: str, paths: Collection[str]) -> str:
    """Say which copies a subflow has: nobody rests in itself."""
    copies = [path for path in paths if path.startswith(f"{subflow}_for_")]
    return f"a subflow has a copy for each place that it returns to: {_listed(copies)}"


def _listed(paths: Collection[str]) -> str:
    return ", ".join([*paths][:_MOST]) + (", …" if len(paths) > _MOST else "")


def _scopes(owner: str) -> Iterator[str]:
    """The states in which a name is looked for, the innermost first; empty for the top level."""
    yield from reversed(chain(owner) if owner else ())
    yield ""


def _in(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name
