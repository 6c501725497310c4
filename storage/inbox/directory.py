"""Load and save a `Directory`, the customers' names, in the database."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from flows.engine import conversation as conversations
from payments.shop.consent import Hears
from storage.database.encoding import dumps
from storage.database.transaction import Transaction
from storage.inbox.customers import Directory, Naming
from storage.inbox.merge import join

Ids: TypeAlias = Callable[[int], int]
"""Maps a customer of a directory to their conversation after the directory is saved."""


async def load_directory(tx: Transaction, values: Iterable[str], naming: Naming) -> Directory:
    """Load every customer who has one of `values` as a name, with all their names."""
    directory, wanted = Directory(naming), sorted(set(values))
    directory.load(await tx.fetch(_CALLED, wanted) if wanted else ())
    return directory


async def load_names(tx: Transaction, directory: Directory, conversations: Iterable[int]) -> None:
    """Load all names of `conversations` into `directory`."""
    if wanted := sorted(set(conversations)):
        directory.load(await tx.fetch(_OF, wanted))


# The lock makes whoever forgets one of these people wait until what they wrote is stored.
_CALLED = """
SELECT a.kind, a.value, a.conversation_id, a.told_at, a.beside FROM alias a
WHERE a.conversation_id IN (SELECT b.conversation_id FROM alias b WHERE b.value = ANY($1::text[]))
ORDER BY a.id FOR KEY SHARE"""

_OF = """
SELECT kind, value, conversation_id, told_at, beside FROM alias
WHERE conversation_id = ANY($1::bigint[]) ORDER BY id"""


async def save(tx: Transaction, directory: Directory, now: int) -> Ids:
    """Create new customers, merge joined ones, and write changed names. `now` is in milliseconds."""
    groups = directory.groups()
    joined = await join(tx, groups, now) if groups else {}
    new = {id: name for id, name in directory.names.items() if directory.find(id) == id}
    created = await create(tx, new, now) if new else {}

    def id_of(customer: int) -> int:
        current = directory.find(customer)
        return created.get(current) or joined.get(current, current)

    def rows(aliases: Iterable[tuple[str, str]]) -> list[tuple[int, str, str, int, str | None]]:
        # Sorted, so that two processes that write the same names wait for each other instead of deadlocking.
        names = [(alias, directory.known[alias]) for alias in sorted(aliases, key=lambda a: a[::-1])]
        return [(id_of(k.owner), kind, value, k.told_at, k.beside) for (kind, value), k in names]

    await tx.fetch_rows(_CHANGED, "bigint text text bigint text", rows(directory.changed))
    await tx.insert(_ADDED, rows(directory.added))
    return id_of


_CHANGED = """
UPDATE alias SET conversation_id = v.column1, told_at = v.column4, beside = v.column5
FROM (VALUES {rows}) AS v WHERE alias.kind = v.column2 AND alias.value = v.column3"""

# Without ON CONFLICT: a process that loses a race for a name retries, and then finds the name's owner.
_ADDED = "INSERT INTO alias (conversation_id, kind, value, told_at, beside) VALUES {rows}"


async def create(tx: Transaction, names: Mapping[int, str | None], now: int) -> dict[int, int]:
    """Create conversations with these profile names; return their ids by the negative numbers of `names`."""
    snapshots = {new: _snapshot(name) for new, name in names.items()}
    rows = [("", snapshot, now, now, 0, Hears.ORDERS) for snapshot in snapshots.values()]
    created = await tx.insert(_CREATE, rows)
    # RETURNING promises no order; two new customers with equal snapshots may swap ids freely.
    free = defaultdict(list)
    for row in created:
        free[row["snapshot"]].append(row["id"])
    return {new: free[snapshot].pop(0) for new, snapshot in snapshots.items()}


_CREATE = """
INSERT INTO conversation (state, snapshot, created_at, updated_at, paced_until, hears) VALUES {rows}
RETURNING id, snapshot"""


def _snapshot(name: str | None) -> str:
    customer = {"name": name} if name else {}
    return dumps(conversations.to_json(conversations.Conversation("", customer=customer)))
