"""Deliveries: claimed outbox entries, and the outcomes of performing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

from payments.processing import results
from payments.processing.notice import Notice
from payments.processing.results import Result
from payments.processing.step_input import EventKind
from storage.database.encoding import dumps
from storage.database.queues import InboxState, Lane, OutboxState, Urgency
from storage.database.transaction import Transaction
from storage.inbox import notices, tallies
from storage.inbox.customers import Address, Alias, Evidence, Naming
from storage.inbox.directory import load_directory, load_names, save

_ERROR: Final = 4000
"""The longest error that is stored, in characters."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's hold on an entry. It ends with the lease; an outcome that comes later is ignored."""

    id: int
    leased_until: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed outbox entry to perform."""

    claim: Claim
    conversation: str
    lane: Lane
    """A customer's entries of one lane are performed in order."""
    name: str
    payload: dict[str, Any]
    attempts: int
    """Attempts so far, with this one."""
    to: Address
    """The customer's names at the channel now."""
    last_inbound_at: int | None
    """When the customer last wrote, in milliseconds since 1970, UTC; None if they never did."""
    opaque: str
    """Our callback id: sent with the message, and returned in its receipts."""
    created_at: int
    """Milliseconds since 1970, UTC."""
    urgency: Urgency = Urgency.ANSWER

    @property
    def id(self) -> int:
        """The number of the outbox entry."""
        return self.claim.id


@dataclass(frozen=True, slots=True)
class Done:
    """The entry was performed. `provider_id` is the provider's id for it."""

    claim: Claim
    provider_id: str | None
    result: Result | None = None
    recipient: tuple[Alias, ...] = ()
    """The recipient's names, other than those that we used."""


@dataclass(frozen=True, slots=True)
class Again:
    """The entry was not performed, or that is unknown: try again at `at` (milliseconds since 1970, UTC)."""

    claim: Claim
    at: int
    error: str
    counts: bool = True
    """False: the attempt does not count (the account is at fault, not the entry)."""
    notice: Notice | None = None
    """A notice for operators."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The entry will never be performed."""

    claim: Claim
    error: str
    result: Result | None = None
    notice: Notice | None = None


Outcome: TypeAlias = Done | Again | Failed


async def record(tx: Transaction, outcomes: Sequence[Outcome], now: int, naming: Naming) -> None:
    """Store the outcomes of claimed entries, their results as events, and their notices.

    Only an entry that the same claim still holds is changed. If a receipt has settled it meanwhile, or
    another worker has claimed it, it stays as it is and its result is dropped.
    """
    if not outcomes:
        return
    rows = sorted((_outcome_row(outcome, now) for outcome in outcomes), key=lambda row: row[0])
    changed = await tx.fetch_rows(_RECORD, "bigint bigint text text text bigint bigint bigint", rows)
    by_id = {outcome.claim.id: outcome for outcome in outcomes}
    recorded = [(row, by_id[row["id"]]) for row in changed]
    found = [
        (row["conversation_id"], row["order_key"], f"result:{row['id']}:{row['attempts']}", o.result)
        for row, o in recorded
        if not isinstance(o, Again) and o.result
    ]
    await add_results(tx, found, now)
    heard = [row["heard_at"] for row, o in recorded if isinstance(o, Done) and row["heard_at"] is not None]
    await tallies.add_replies(tx, heard, now)
    await notices.add(tx, [o.notice for _, o in recorded if not isinstance(o, Done) and o.notice], now)
    recipients = [
        (row["conversation_id"], o.recipient) for row, o in recorded if isinstance(o, Done) and o.recipient
    ]
    if recipients:
        await _learn_names(tx, recipients, now, naming)


async def add_results(
    tx: Transaction, found: Sequence[tuple[int, str | None, str, Result]], now: int
) -> None:
    """Store results as events. Each has its conversation, its order's key, and a key that makes it unique."""
    rows = [
        (*of, EventKind.RESULT, InboxState.PENDING, now, dumps(results.to_json(result)), now)
        for *of, result in found
    ]
    await tx.insert(_RESULTS, rows)


async def _learn_names(
    tx: Transaction, recipients: Sequence[tuple[int, tuple[Alias, ...]]], now: int, naming: Naming
) -> None:
    """Store the `recipients`: (conversation, the channel's names of its customer)."""
    directory = await load_directory(tx, {value for _, names in recipients for _, value in names}, naming)
    await load_names(tx, directory, {conversation for conversation, _ in recipients})
    for conversation, names in recipients:
        directory.recipient(conversation, Evidence(names))
    await save(tx, directory, now)


_RECORD = """
UPDATE outbox SET state = v.column3, provider_id = COALESCE(v.column4, provider_id), error = v.column5,
    due_at = COALESCE(v.column6, due_at), finished_at = v.column7, attempts = attempts - v.column8
FROM (VALUES {rows}) AS v
WHERE outbox.id = v.column1 AND outbox.state = 'sending' AND outbox.due_at = v.column2
RETURNING id, conversation_id, order_key, attempts, heard_at"""

_RESULTS = """
INSERT INTO inbox (conversation_id, order_key, key, kind, state, due_at, body, received_at) VALUES {rows}
ON CONFLICT DO NOTHING"""


def _outcome_row(outcome: Outcome, now: int) -> tuple[Any, ...]:
    claim = (outcome.claim.id, outcome.claim.leased_until)
    error = None if isinstance(outcome, Done) else _clean(outcome.error)
    match outcome:
        case Done():
            return (*claim, OutboxState.DONE, outcome.provider_id, None, None, now, 0)
        case Again():
            return (*claim, OutboxState.PENDING, None, error, outcome.at, None, 0 if outcome.counts else 1)
        case Failed():
            return (*claim, OutboxState.FAILED, None, error, None, now, 0)
        case _:
            assert_never(outcome)


def _clean(error: str) -> str:
    return error.replace("\x00", "")[:_ERROR]


async def release(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Release entries that were claimed but not tried: due at once, the attempt not counted.

    Only entries that their claim still holds: after the lease, another worker may have claimed them.
    """
    rows = sorted((claim.id, claim.leased_until) for claim in claims)
    await tx.fetch_rows(_RELEASE, "bigint bigint", rows)


_RELEASE = """
UPDATE outbox SET state = 'pending', due_at = created_at, attempts = attempts - 1
FROM (VALUES {rows}) AS v
WHERE outbox.id = v.column1 AND outbox.state = 'sending' AND outbox.due_at = v.column2"""
