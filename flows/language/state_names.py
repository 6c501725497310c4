"""Finds the state that a name means where it is written, and the one that a misspelt name may mean."""

from collections.abc import Collection, Iterator
from typing import Final

from flows.document.errors import close, nearest
from flows.language.walk import chain

_MOST: Final = 12
"""States that are listed."""


def resolved(name: str, owner: str, paths: Collection[str]) -> str | None:
    """Path that `name` means in `owner`: a state inside it, beside it or further out, or a full path."""
    return next((path for scope in _scopes(owner) if (path := _in(scope, name)) in paths), None)


def hint(name: str, owner: str, paths: Collection[str]) -> str:
    """Suggest the state that `name` may mean in `owner`, as it can be written there. Empty if none is near.

    One that is further away is suggested by its full path, and only if its own name is near.
    """
    if "." in name:
        return close(name, paths) or f"there are {_listed(paths)}"
    written = {path.rpartition(".")[2]: path for path in paths}
    for scope in reversed(list(_scopes(owner))):
        inside = (path for path in paths if path.rpartition(".")[0] == scope)
        written |= {path.rpartition(".")[2]: path.rpartition(".")[2] for path in inside}
    near = nearest(name, written)
    return f"did you mean '{written[near]}'?" if near else f"there are {_listed(paths)}"


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
