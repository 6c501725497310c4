"""Writes what happened to a customer as a scenario that `munshi test` plays."""

from collections.abc import Iterator, Sequence

from flows.engine.model import Flow
from payments.processing.step_input import EventKind
from payments.simulator.stored_actions import StoredOrder
from payments.simulator.stored_chat import Retold, StoredEvent, retold
from storage.database.queues import InboxState
from storage.reports.timeline import Story

_NAME = "A chat that happened"
_KINDS = frozenset(EventKind)


def as_scenario(flow: Flow, story: Story) -> Retold | None:
    """Return the scenario of the whole story of a customer; None if nothing of their chat is stored."""
    events = [
        StoredEvent(
            at=moment.at,
            kind=EventKind(moment.what),
            body=moment.about["body"],
            handled=moment.about["handled_at"] or 0,
            applied=moment.about["state"] == InboxState.APPLIED,
        )
        for moment in story.moments
        if moment.what in _KINDS and moment.about["body"] and moment.about["state"] != InboxState.PENDING
    ]
    orders = [
        StoredOrder(order["key"], order["number"], tuple(link["amount"] for link in order["attempts"]))
        for order in story.orders
    ]
    return retold(flow, _NAME, events, orders, _said(story)) if events else None


def warnings(story: Story, made: Retold) -> Iterator[str]:
    """Yield, for people, where the scenario does not tell what happened."""
    if story.cut or story.erased:
        yield "what happened earlier is not stored any more, or left out: the chat begins later than it did"
    then, now, place = _said(story), made.said, said_again(story, made)
    if then != now:
        yield (
            f"after {place} messages it goes another way: the shop said {_named(then, place)}, and says "
            f"{_named(now, place)} in the scenario; the flow, the stock or the staff were others then"
        )


def said_again(story: Story, made: Retold) -> int:
    """Return how many messages, from the first on, are the same in the scenario."""
    pairs = list(zip(_said(story), made.said, strict=False))
    return next((n for n, (then, now) in enumerate(pairs) if then != now), len(pairs))


def tells_all(story: Story, made: Retold) -> bool:
    """Return whether the same messages are said in the scenario as were then."""
    return _said(story) == made.said


def _said(story: Story) -> tuple[str, ...]:
    """Return the names of the messages to the customer, oldest first."""
    return tuple(moment.about["name"] for moment in story.moments if moment.what == "message")


def _named(said: Sequence[str], place: int) -> str:
    return f"'{said[place]}'" if place < len(said) else "nothing more"
