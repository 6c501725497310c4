"""Change sets for the tests of what stores them."""

from collections.abc import Iterable
from typing import Any

from payments.processing.changes import Caused, ChangeSet, EventResult, Outcome
from payments.processing.step_input import StepInput


def answered(given: StepInput, **changes: Any) -> ChangeSet:
    """A change set that answers each event of `given`.

    `changes` are fields of ChangeSet as plain values, and come of the last event: messages, calls and facts
    without their cause, attempts, orders and refunds without their key.
    """
    results = [EventResult(event.number, Outcome.APPLIED) for event in given.events]
    found = ChangeSet(changes.pop("conversation", given.conversation), results)
    for name, values in changes.items():
        setattr(found, name, _kept(name, values, given.events[-1].number))
    return found


def _kept(name: str, values: Any, event: int) -> Any:
    match name:
        case "messages" | "calls" | "facts":
            return [Caused(event, value) for value in values]
        case "attempts":
            return {attempt.reference_id: attempt for attempt in values}
        case "orders" | "refunds":
            return {one.key: one for one in values}
        case _:
            return list(values) if isinstance(values, Iterable) and not isinstance(values, str) else values
