"""Has an edited flow served, or an earlier version again, in the name of who pressed."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from bot.console.context import Console
from bot.console.flow import files, history
from bot.console.flow.editing import Edited
from bot.console.flow.words import FLOW
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from flows.document.errors import FlowInvalid
from storage.accounts.people import Role
from storage.database.errors import StorageError
from storage.database.records import Records
from storage.inbox import versions

WHAT: Final = "flow"
"""How a change of the flow is called in the log of what people did."""


class FlowServer:
    """Writes the flow's files and asks the server to serve them. One change at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._turn = asyncio.Lock()

    async def save(self, visit: Visit, edited: Edited, version: str, *, anyway: bool) -> Mapping[str, Any]:
        """Write what was edited, which was checked and is `version`, have it served, and return the answer.

        Raises NotDone if the files are others than those that were opened, or if the server refuses: then the
        files are as they were.
        """
        await self._console.allow(visit, Role.OWNER, WHAT)
        async with self._turn:
            now = await self.files()
            if now != edited.opened:
                raise NotDone(visit.words.of(FLOW)("changed_since"))
            await self._write(edited.changed)
            try:
                answer = await self._reload(visit, version, anyway=anyway)
            except NotDone as refused:
                await self._write({name: now[name] for name in edited.changed})
                await self._console.note(visit, WHAT, version, str(refused))
                raise
            await self._console.note(visit, WHAT, version)
        return answer

    async def serve_again(self, visit: Visit, version: str, *, anyway: bool) -> str:
        """Have a version of before served, and return what became of the flow's files, in words.

        They are written too, unless they hold something that is not served: that must not be lost. Raises
        NotDone.
        """
        words = visit.words.of(FLOW)
        await self._console.allow(visit, Role.OWNER, WHAT)
        async with self._turn:
            served = (await self._console.books.read(history.listed)).served
            wanted = await self.version(version)
            body = {"by": visit.name, "version": version, "anyway": anyway}
            try:
                await self._console.desk.ask("/operator/rollback", body)
            except NotDone as refused:
                await self._console.note(visit, WHAT, version, str(refused))
                raise
            await self._console.note(visit, WHAT, version)
            try:
                if not history.same(await self.files(), served):
                    return words("file_kept")
                await self._write(history.on_disk(wanted, self._console.flow_file))
            except (NotDone, ValueError) as trouble:
                return words("file_not_written", why=str(trouble))
        return words("file_written")

    async def files(self) -> Mapping[str, str]:
        """Return the flow's files as they are now. Raises NotDone."""
        try:
            return await asyncio.to_thread(files.opened, self._console.flow_file)
        except FlowInvalid as invalid:
            raise NotDone(str(invalid)) from invalid

    async def version(self, version: str) -> Mapping[str, str]:
        """Return the files of a version that was served. Raises NotDone."""

        async def read(records: Records) -> Mapping[str, str] | None:
            served = await versions.since(records.reads, 0)
            number = next((one.number for one in reversed(served) if one.version == version), None)
            return None if number is None else await versions.texts(records.reads, number)

        if (found := await self._console.books.read(read)) is None:
            raise NotDone(f"no version that was served is called '{version}'")
        return found

    async def _reload(self, visit: Visit, version: str, *, anyway: bool) -> Mapping[str, Any]:
        try:
            answer = await self._console.desk.ask("/operator/reload", {"by": visit.name, "anyway": anyway})
        except NotDone as refused:
            # Where only the answer was lost, it is served all the same.
            if not await self._is_served(version, refused):
                raise
            return {"version": version, "staying": {}}
        if answer.get("version") != version:
            raise NotDone(visit.words.of(FLOW)("other_file", version=str(answer.get("version"))))
        return answer

    async def _is_served(self, version: str, refused: NotDone) -> bool:
        """Return whether a version is served. Raises `refused` if the books cannot tell."""
        try:
            found = await self._console.books.read(history.listed)
        except StorageError as error:
            raise refused from error
        return bool(found.versions) and found.versions[0].version == version

    async def _write(self, texts: Mapping[str, str]) -> None:
        try:
            await asyncio.to_thread(files.write, texts)
        except OSError as error:
            raise NotDone(f"{error.filename or self._console.flow_file}: {error.strerror}") from error
