"""The versions of the flow that were served, and the files of each."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.database.records import Records
from storage.inbox import versions

MOST: Final = 50
"""Servings that are shown."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version being served, since some time."""

    number: int
    version: str
    since: int
    """Milliseconds since 1970, UTC."""
    by: str
    people: int | None
    """Customers who stand on it; None if they are counted at a later serving of the same version."""


@dataclass(frozen=True, slots=True)
class History:
    """What is served, and what was."""

    versions: tuple[Version, ...]
    """The newest first."""
    served: Mapping[str, str]
    """The files of what is served; none if nothing is yet."""


async def newest(records: Records) -> int:
    """Return the number of what is served; 0 if nothing is."""
    found = await versions.newest(records.reads)
    return 0 if found is None else found.number


async def listed(records: Records) -> History:
    """Return the last servings."""
    served = await versions.newest(records.reads)
    if served is None:
        return History((), {})
    found = (await versions.since(records.reads, max(served.number - MOST, 0)))[-MOST:]
    people: dict[str, int] = {}
    for one in found:
        counts = await versions.counted(records.reads, one.number)
        people[one.version] = people.get(one.version, 0) + sum(counts.values())
    # A version that is served again stands there twice, and its customers once.
    rows = (
        Version(one.number, one.version, one.since, one.by, people.pop(one.version, None))
        for one in reversed(found)
    )
    return History(tuple(rows), await versions.texts(records.reads, served.number))


def on_disk(texts: Mapping[str, str], flow_file: Path) -> Mapping[str, str]:
    """Return the files of a version by the paths at which they belong beside `flow_file`.

    Raises ValueError if one would be outside of its folder.
    """
    first = next(iter(texts))
    found: dict[str, str] = {}
    for name, text in texts.items():
        beside = os.path.relpath(name, Path(first).parent)
        if beside.startswith("..") or Path(beside).is_absolute():
            raise ValueError(f"{beside} is outside of the flow's folder")
        found[str(flow_file if name == first else flow_file.parent / beside)] = text
    return found


def same(texts: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Return whether both hold the same, wherever they lie."""
    return list(texts.values()) == list(others.values())
