"""The events out of a step as they are stored: each with its order as the orders API shows it. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.order_json import to_json
from payments.processing.changes import ChangeSet
from payments.processing.events_out import EventOut, HookEvent
from payments.processing.step_input import StepInput
from storage.reports.desk import DeskOrder


def rendered(given: StepInput, changes: ChangeSet) -> Iterable[HookEvent]:
    """Yield what happened in a step, with the orders as they were after each event of it.

    `paid_at` and `documents` are left to the database, which sets them.
    """
    customer = changes.conversation.customer
    name = str(customer.get("name") or "")
    for index, event in enumerate(changes.happened):
        key = f"{given.conversation.id}.{given.nonce}{index}"
        stream = event.order.key if event.order else given.conversation.id
        yield HookEvent(key, stream, event.type, _data(event, given, changes, name))


def _data(event: EventOut, given: StepInput, changes: ChangeSet, name: str) -> Mapping[str, Any]:
    phone = "" if changes.forgotten else given.phone
    if event.order:
        return {"order": to_json(DeskOrder(event.order, None, name, phone)), **event.more}
    about = {"conversation": given.conversation.id, "name": name or None}
    return {"customer": {**about, "phone": f"+{phone}" if phone else None}, **event.more}
