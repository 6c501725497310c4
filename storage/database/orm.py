"""The ORM, connected. What it keeps in context variables stays in a context of its own."""

import asyncio
import contextvars
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext

CONNECTION: Final = "default"
APPS: Final[dict[str, dict[str, Any]]] = {
    "storage": {
        "models": ["storage.database.models"],
        "migrations": "storage.database.migrations",
        "default_connection": CONNECTION,
    }
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Orm:
    """A connected ORM. `home` is the context in which its state is current."""

    home: contextvars.Context
    context: TortoiseContext

    @classmethod
    async def connect(cls, config: Mapping[str, Any]) -> "Orm":
        """Connected to what `storage.database.address.configuration` gave. Raises what the driver raises."""
        orm = cls(contextvars.Context(), TortoiseContext())
        orm.home.run(orm.context.__enter__)
        try:
            await orm.at_home(orm.context.init(config={"connections": {CONNECTION: config}, "apps": APPS}))
            # It connects at the first statement.
            await orm.at_home(orm.client().execute_query_dict("SELECT 1"))
        except BaseException:
            await orm.close()
            raise
        return orm

    def client(self) -> BaseDBAsyncClient:
        """The client for statements outside a transaction."""
        return self.context.db(CONNECTION)

    async def at_home(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` in a task that has the ORM's context and nothing of the caller's."""
        return await asyncio.get_running_loop().create_task(work, context=self.home.copy())

    async def close(self) -> None:
        """Close its connections."""
        await self.at_home(self.context.close_connections())
