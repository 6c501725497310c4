"""The outbox: what is claimed from it, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

from payments.processing import results
from payments.processing.notice import Notice
from payments.processing.results import Result
from payments.processing.step_input import Kind
from storage.database.encoding import dumps
from storage.database.lanes import Lane
from storage.database.transaction import Row, Transaction
from storage.inbox import notices
from storage.inbox.customers import Address, Alias, Evidence, Naming
from storage.inbox.directory import know_all_of, known, save

_ERROR: Final = 4000
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One entry, ours to perform until its lease ends; what comes of it later no longer counts."""

    id: int
    leased_until: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What there is to perform."""

    claim: Claim
    conversation: str
    lane: Lane
    """A customer's entries of one lane are performed in order."""
    name: str
    payload: dict[str, Any]
    attempts: int
    """This one included."""
    to: Address
    """What the channel calls the customer now."""
    last_inbound_at: int | None
    """When the customer last wrote, in milliseconds since 1970, UTC; None if we never heard them."""
    opaque: str
    """Travels with the message and comes back in its receipts."""
    created_at: int
    """Milliseconds since 1970, UTC."""

    @property
    def id(self) -> int:
        """Of its outbox entry."""
        return self.claim.id


@dataclass(frozen=True, slots=True)
class Done:
    """It was performed. `provider_id` is what the provider calls it."""

    claim: Claim
    provider_id: str | None
    result: Result | None = None
    recipient: tuple[Alias, ...] = ()
    """Names of whom it went to that we did not address it by."""


@dataclass(frozen=True, slots=True)
class Again:
    """It was not, or nobody knows: try again at `at` (milliseconds since 1970, UTC)."""

    claim: Claim
    at: int
    error: str
    counts: bool = True
    """False: the try is not held against the entry (the account is at fault, not the entry)."""
    notice: Notice | None = None
    """What an operator must know of it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It never will be."""

    claim: Claim
    error: str
    result: Result | None = None
    notice: Notice | None = None


Outcome: TypeAlias = Done | Again | Failed


async def record(tx: Transaction, outcomes: Sequence[Outcome], now: int, naming: Naming) -> None:
    """Write what became of claimed entries, with their results as events and their notices, in one go.

    Only entries still held by the very claim that was performed change: one that a receipt settled
    meanwhile keeps what that said, one that is another's is that one's to record; and gives no result.
    """
    if not outcomes:
        return
    rows = sorted((_outcome_row(outcome, now) for outcome in outcomes), key=lambda row: row[0])
    changed = await tx.fetch_rows(_RECORD, "bigint bigint text text text bigint bigint bigint", rows)
    by_id = {outcome.claim.id: outcome for outcome in outcomes}
    told = [(row, by_id[row["id"]]) for row in changed]
    results = [(row, o.result) for row, o in told if not isinstance(o, Again) and o.result]
    await tx.insert(_RESULTS, [_result(row, result, now) for row, result in results])
    await notices.add(tx, [o.notice for _, o in told if not isinstance(o, Done) and o.notice], now)
    called = [(row["conversation_id"], o.recipient) for row, o in told if isinstance(o, Done) and o.recipient]
    if called:
        await _learn(tx, called, now, naming)


async def _learn(
    tx: Transaction, called: Sequence[tuple[int, tuple[Alias, ...]]], now: int, naming: Naming
) -> None:
    """Take in what the channel calls the customers of these conversations."""
    directory = await known(tx, {value for _, names in called for _, value in names}, naming)
    await know_all_of(tx, directory, {conversation for conversation, _ in called})
    for conversation, names in called:
        directory.recipient(conversation, Evidence(names))
    await save(tx, directory, now)


_RECORD = """
UPDATE outbox SET state = v.column3, provider_id = COALESCE(v.column4, provider_id), error = v.column5,
    due_at = COALESCE(v.column6, due_at), finished_at = v.column7, attempts = attempts - v.column8
FROM (VALUES {rows}) AS v
WHERE outbox.id = v.column1 AND outbox.state = 'sending' AND outbox.due_at = v.column2
RETURNING id, conversation_id, order_key, attempts"""

_RESULTS = """
INSERT INTO inbox (conversation_id, order_key, key, kind, state, due_at, body, received_at) VALUES {rows}
ON CONFLICT DO NOTHING"""


def _outcome_row(outcome: Outcome, now: int) -> tuple[Any, ...]:
    claim = (outcome.claim.id, outcome.claim.leased_until)
    error = None if isinstance(outcome, Done) else _clean(outcome.error)
    match outcome:
        case Done():
            return (*claim, "done", outcome.provider_id, None, None, now, 0)
        case Again():
            return (*claim, "pending", None, error, outcome.at, None, 0 if outcome.counts else 1)
        case Failed():
            return (*claim, "failed", None, error, None, now, 0)
        case _:
            assert_never(outcome)


def _clean(error: str) -> str:
    return error.replace("\x00", "")[:_ERROR]


def _result(row: Row, result: Result, now: int) -> tuple[Any, ...]:
    key = f"result:{row['id']}:{row['attempts']}"
    body = dumps(results.to_json(result))
    return (row["conversation_id"], row["order_key"], key, str(Kind.RESULT), "pending", now, body, now)


async def release(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Hand back entries that were claimed but not tried: due at once, the attempt not counted.

    Only those that are still held by their claim: after the end of a lease, an entry may be another's.
    """
    rows = sorted((claim.id, claim.leased_until) for claim in claims)
    await tx.fetch_rows(_RELEASE, "bigint bigint", rows)


_RELEASE = """
UPDATE outbox SET state = 'pending', due_at = created_at, attempts = attempts - 1
FROM (VALUES {rows}) AS v
WHERE outbox.id = v.column1 AND outbox.state = 'sending' AND outbox.due_at = v.column2"""
