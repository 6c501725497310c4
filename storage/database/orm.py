"""The connected ORM. Its context variables stay in a context of their own."""

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
        "models": [
            "storage.database.models",
            "storage.database.order_models",
            "storage.database.audit_models",
            "storage.database.number_models",
        ],
        "migrations": "storage.database.migrations",
        "default_connection": CONNECTION,
    }
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Orm:
    """A connected ORM. `home` is the context that holds the ORM's state."""

    home: contextvars.Context
    context: TortoiseContext

    @classmethod
    async def connect(cls, config: Mapping[str, Any]) -> "Orm":
        """Connect with what `storage.database.address.configuration` returned. Raises the driver's errors."""
        orm = cls(contextvars.Context(), TortoiseContext())
        orm.home.run(orm.context.__enter__)
        try:
            await orm.at_home(orm.context.init(config={"connections": {CONNECTION: config}, "apps": APPS}))
            # The ORM connects at the first statement.
            await orm.at_home(orm.client().execute_query_dict("SELECT 1"))
        except BaseException:
            await orm.close()
            raise
        return orm

    def client(self) -> BaseDBAsyncClient:
        """Return the client for statements outside a transaction."""
        return self.context.db(CONNECTION)

    async def at_home(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` in a task with the ORM's context and without the caller's."""
        return await asyncio.get_running_loop().create_task(work, context=self.home.copy())

    async def close(self) -> None:
        """Close the connections."""
        await self.at_home(self.context.close_connections())
