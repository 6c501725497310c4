"""Judge one step: which of the truths that hold of every shop does it break? Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flows.engine.events import Tapped, TextReceived
from flows.engine.model import Flow
from payments.ledger.audit import discrepancies
from payments.ledger.state import OrderState
from payments.processing.bodies import Chat, read
from payments.processing.changes import ChangeSet, Outcome, values
from payments.processing.conversation_data import order_key_in
from payments.processing.step_input import EventKind, StepInput
from payments.shop.orders import Lifecycle
from payments.truths.broken import Broken, Name

MOST: Final = 4
"""Messages that one event may bring."""
CAPTURED: Final = "payment.captured"
MONEY: Final = frozenset(
    {
        CAPTURED,
        "payment.short",
        "payment.held",
        "payment.surplus",
        "payment.returned",
        "payment.released",
        "refund.created",
        "refund.processed",
        "refund.failed",
    }
)
"""Events of which the customer must hear."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one step broke, and what those after it are judged by."""

    broken: tuple[Broken, ...]
    confirmed: frozenset[str]
    """Keys of the orders that were confirmed so far."""
    without_template: tuple[str, ...] = ()
    """Messages that nobody asked for and that have no template."""


@dataclass(slots=True)
class _Step:
    """One step, and what it is judged by."""

    sure: frozenset[str]
    """Messages that confirm an order."""
    given: StepInput
    changes: ChangeSet
    orders: Mapping[str, OrderState]
    """Those of the conversation after the step."""
    confirmed: set[str]
    entries: list[Mapping[str, Any]] = field(default_factory=list)


def judge(
    sure: frozenset[str],
    given: StepInput,
    changes: ChangeSet,
    orders: Mapping[str, OrderState],
    confirmed: frozenset[str],
) -> Verdict:
    """Judge the step of one event, which `given` holds.

    `sure`: the flow's `confirmations`. `orders` are those of the conversation afterwards.
    """
    entries = [entry for result in changes.results for entry in result.trace]
    step = _Step(sure, given, changes, orders, set(confirmed), entries)
    found = tuple(broken for look in _LOOKS for broken in look(step))
    return Verdict(found, frozenset(step.confirmed), tuple(_without_template(step)))


def confirmations(flow: Flow) -> frozenset[str]:
    """Return the names of the messages that tell a customer that their order is paid.

    They are said on `payment.captured`, or on entering the state to which it leads.
    """
    rules = [rule for rule in flow.rules if rule.trigger == CAPTURED]
    elsewhere = {name for rule in flow.rules if rule.trigger != CAPTURED for name in rule.reaction.say}
    said = {name for rule in rules for name in rule.reaction.say} - elsewhere
    targets = {flow.states[rule.target].leaf for rule in rules if rule.target}
    entered = {state for leaf in targets for state in flow.states[leaf].chain}
    return frozenset(said.union(*(flow.states[state].enter.say for state in entered)))


def _parked(step: _Step) -> Iterator[Broken]:
    for result in step.changes.results:
        if result.outcome is Outcome.PARKED:
            yield Broken(Name.PARKED, f"it cannot be handled: {result.error}")


def _too_many(step: _Step) -> Iterator[Broken]:
    said = [say.name for say in values(step.changes.messages)]
    if len(said) > MOST:
        yield Broken(Name.TOO_MANY, f"{len(said)} messages: {', '.join(said)}")


def _unanswered(step: _Step) -> Iterator[Broken]:
    event = step.given.events[0]
    if event.kind is not EventKind.CHAT or step.given.forgotten or step.changes.messages:
        return
    if step.changes.calls:
        return  # the provider's answer brings the customer's
    in_hand = "handover"
    before, after = step.given.conversation.data, step.changes.conversation.data
    if before.get(in_hand) or after.get(in_hand) or any("ignored" in entry for entry in step.entries):
        return
    body = read(event.kind, event.body)
    what = body.event if isinstance(body, Chat) else body
    said = f"'{what.text}'" if isinstance(what, TextReceived) else "what they sent"
    said = f"the tap on '{what.title}'" if isinstance(what, Tapped) else said
    yield Broken(Name.UNANSWERED, f"silence: nothing is said to {said}")


def _money_unsaid(step: _Step) -> Iterator[Broken]:
    for entry in step.entries:
        if entry.get("event") in MONEY and not entry.get("said"):
            yield Broken(Name.MONEY_UNSAID, f"silence: nothing is said of '{entry['event']}'")


def _books(step: _Step) -> Iterator[Broken]:
    for key, state in step.orders.items():
        if step.given.orders.get(key) is state:
            continue  # what made it so was judged then
        paid_at = 0 if state.balance.paid_in_full else None
        for wrong in discrepancies(state, paid_at):
            yield Broken(Name.BOOKS, f"{wrong.said}: {wrong.expected}, not {wrong.found}")


def _confirmed(step: _Step) -> Iterator[Broken]:
    for entry in step.entries:
        said = [name for name in entry.get("said", ()) if name in step.sure]
        if not said:
            continue
        key = _confirmed_order(step, entry)
        state = step.orders.get(key)
        if state is None or not state.balance.paid_in_full:
            paid = state.balance.paid if state else 0
            total = state.owed if state else 0
            yield Broken(Name.CONFIRMED_UNPAID, f"'{said[0]}' is said; {paid} of {total} paise are captured")
        elif key in step.confirmed:
            yield Broken(Name.CONFIRMED_TWICE, f"'{said[0]}' is said once more")
        step.confirmed.add(key)


def _confirmed_order(step: _Step, entry: Mapping[str, Any]) -> str:
    """Return the key of the order that is confirmed: the one that was paid just now, or the chat's own."""
    own = order_key_in(step.changes.conversation.data) or ""
    if entry.get("event") != CAPTURED:
        return own
    paid = [key for key in step.changes.orders if step.orders[key].lifecycle is Lifecycle.FULFILLED]
    return own if own in paid or not paid else paid[0]


def _without_template(step: _Step) -> Iterator[str]:
    if step.given.events[0].kind is EventKind.CHAT:
        return
    for say in values(step.changes.messages):
        if say.message.fallback is None:
            yield say.name


_LOOKS: Final = (_parked, _too_many, _unanswered, _money_unsaid, _books, _confirmed)
