"""The versions of the flow: which one this process serves, and which earlier ones customers still stand on.

The newest row of the database says what is served. Each process looks for a newer one, loads it and serves
it; an earlier version is loaded once a customer needs it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from bot.flow_file import load_flow
from bot.flow_texts import read_texts
from bot.own_actions import vocabulary
from bot.settings import Settings, SettingsInvalid
from bot.staff import declare_staff, staffed
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.engine.outline import understood
from flows.language.load import load_checked
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.processing.versions import NotReady, Versions, advance_on
from storage import Store
from storage.inbox.versions import Serving, StoredVersions

_LOADED: Final = 8
"""Earlier versions that are kept loaded. Another one is loaded in the place of the oldest."""

log = structlog.get_logger()


class NoSuchVersion(Exception):
    """No version that was served before has this name, or several have."""


class FlowVersions:
    """The versions of the flow that this process knows."""

    def __init__(self, served: Flow, number: int | None = None, servings: Sequence[Serving] = ()) -> None:
        """Serve `served`, which is version `number` of `servings`; without one, versions are not counted."""
        self._known = Versions(served)
        self._unreadable = 0
        """Number of the version that is to be served and that this program can't read; 0 if it can."""
        self._wanted: set[int] = set()
        """Earlier versions for which steps wait."""
        self._examined: tuple[Mapping[str, str], str] | None = None
        """The files that were looked at last, and what they hold."""
        self._loading = asyncio.Lock()
        if number is not None:
            self._serve(served, number, servings)

    @property
    def flow(self) -> Flow:
        """The version that is served."""
        return self._known.served

    @property
    def is_behind(self) -> bool:
        """Whether steps wait for a version that is not loaded yet."""
        return bool(self._wanted)

    def advance(self, given: StepInput, now: int) -> ChangeSet:
        """Step a customer with the version that is theirs. Raises NotReady until `follow` has loaded it."""
        try:
            return advance_on(self._known, given, now)
        except NotReady as needed:
            self._wanted.add(needed.number)
            raise

    async def follow(self, store: Store, settings: Settings, now: int) -> bool:
        """Serve what is served now, and load what steps wait for. Return whether anything is new here.

        If this program can't read what others serve, the present version goes on, and the log says so.
        """
        async with self._loading:
            servings = await store.versions.since(self._known.number or 0)
            if servings and servings[-1].number != self._unreadable:
                await self._go_on(store, settings, servings, now)
            wanted, self._wanted = self._wanted, set()
            for number in sorted(wanted & self._known.earlier.keys()):
                await self._load_earlier(store.versions, number)
            return bool(servings or wanted)

    async def _go_on(self, store: Store, settings: Settings, servings: Sequence[Serving], now: int) -> None:
        newest, flow = servings[-1], self.flow
        if newest.version != flow.version:
            try:
                flow = staffed(await loaded(store.versions, newest.number), settings)
            except (FlowInvalid, SettingsInvalid) as invalid:
                self._unreadable = newest.number
                log.error("the served flow can't be read", version=newest.version, why=str(invalid))  # noqa: TRY400
                return
            await declare_staff(store, flow, now)
            log.info("flow served", version=flow.version, before=self.flow.version, by=newest.by)
        self._serve(flow, newest.number, servings)

    def _serve(self, flow: Flow, number: int, servings: Sequence[Serving]) -> None:
        """Serve `flow`. Steps run in another thread, so that what they read changes at once."""
        known = self._known
        earlier = {**known.earlier, **{one.number: one.outline for one in servings}}
        loaded = known.pinned if known.number is None else {**known.pinned, known.number: known.served}
        self._known = Versions(
            replace(flow, understood=understood(flow, earlier.values())),
            number,
            earlier,
            {number: one.with_sections(flow.sections) for number, one in _newest(loaded)},
            known.unreadable,
        )

    async def _load_earlier(self, stored: StoredVersions, number: int) -> None:
        known = self._known
        try:
            flow = (await loaded(stored, number)).with_sections(known.served.sections)
        except FlowInvalid as invalid:
            version = known.earlier[number].version
            log.error("an earlier flow can't be read", version=version, why=str(invalid))  # noqa: TRY400
            self._known = replace(known, unreadable=known.unreadable | {number})
        else:
            self._known = replace(known, pinned=dict(_newest({**known.pinned, number: flow})))

    async def file_state(self, path: Path) -> str:
        """Return in words whether the flow file is what is served: `the same`, or how it differs."""
        try:
            texts = read_texts(path)
        except FlowInvalid as invalid:
            return f"can't be read: {invalid.issues[0].message}"
        if list(texts.values()) == list(self.flow.texts.values()):
            return "the same"
        if self._examined is None or self._examined[0] != texts:
            self._examined = texts, await asyncio.to_thread(_examined, path)
        return "the same" if self._examined[1] == self.flow.version else f"differs: {self._examined[1]}"


def _examined(path: Path) -> str:
    """Return the version of the file at `path`, or that it has errors."""
    try:
        return load_flow(path).version
    except FlowInvalid as invalid:
        return f"broken, {invalid.issues[0]}".partition("\n")[0]


def _newest(flows: Mapping[int, Flow]) -> list[tuple[int, Flow]]:
    return list(flows.items())[-_LOADED:]


async def loaded(stored: StoredVersions, number: int) -> Flow:
    """Return a version that was served before. Raises FlowInvalid if this program can't read it."""
    texts = await stored.texts(number)
    return await asyncio.to_thread(load_checked, texts, vocabulary(), limits=LIMITS)


async def earlier_flow(stored: StoredVersions, version: str | None) -> Flow:
    """Return the flow whose version's name begins with `version`, or else the one that was served before.

    Raises NoSuchVersion; FlowInvalid if this program can't read it.
    """
    servings = await stored.since(0)
    return await loaded(stored, (_named(servings, version) if version else _before(servings)).number)


def _named(servings: Sequence[Serving], version: str) -> Serving:
    found = {one.version: one for one in servings if one.version.startswith(version)}
    if not found:
        raise NoSuchVersion(f"no version that was served is called '{version}'")
    if len(found) > 1:
        raise NoSuchVersion(f"'{version}' may be any of these, so name one: {', '.join(found)}")
    return found.popitem()[1]


def _before(servings: Sequence[Serving]) -> Serving:
    """Return what was served before the newest, so that each time leads one further back.

    A version that is served again stands where it stood: what came between is undone.
    """
    line: dict[str, Serving] = {}
    for one in servings:
        while one.version in line:
            line.popitem()
        line[one.version] = one
    if len(line) > 1:
        return list(line.values())[-2]
    others = ", ".join(dict.fromkeys(one.version for one in servings if one.version not in line))
    choose = f"; to serve another all the same, name it: {others}" if others else ""
    raise NoSuchVersion(f"there is no earlier version{choose}")
