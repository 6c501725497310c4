"""What an inbox row holds, by its kind: one dataclass each, and the one codec. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from flows.engine import conversation as conversations
from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.events import Event, TimerDue
from payments.ledger import facts as fact_values
from payments.ledger import polling
from payments.ledger.facts import Fact
from payments.ledger.polling import Poll
from payments.processing import results
from payments.processing.results import Result
from payments.processing.step_input import Kind


@dataclass(frozen=True, slots=True)
class Chat:
    """What the customer did in the chat."""

    event: Event
    name: str | None = None
    """What the channel calls the customer."""


@dataclass(frozen=True, slots=True)
class FactsTold:
    """What one webhook of the payment provider told about an order."""

    order_key: str
    facts: tuple[Fact, ...]
    problems: tuple[str, ...] = ()
    """What was told and cannot be read."""
    account: str | None = None
    """The provider's id of the account that it names."""
    mode: str | None = None
    """`test` or `live`: of our keys."""


@dataclass(frozen=True, slots=True)
class OrderRequested:
    """An order asked for over our own API; without items, of the customer's cart."""

    items: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Joined:
    """Another conversation was found to be this customer's too, and is this one from now on."""

    other: Conversation
    heard_last: bool
    """Whether the customer last wrote in the other one."""


Body: TypeAlias = Chat | TimerDue | FactsTold | Result | Poll | OrderRequested | Joined


def read(kind: Kind, body: Mapping[str, Any]) -> Body:
    """What the row's `body` says. Raises KeyError, TypeError or ValueError on another shape.

    Rows of the other kinds are no events of a conversation: ValueError.
    """
    match kind:
        case Kind.CHAT:
            return Chat(events.from_json(body["event"]), body.get("name"))
        case Kind.TIMER:
            return _timer(body)
        case Kind.FACTS:
            return _facts(body)
        case Kind.RESULT:
            return results.from_json(body)
        case Kind.POLL:
            return polling.from_json(body)
        case Kind.REQUEST:
            return OrderRequested(body["items"])
        case Kind.JOINED:
            return joined(body)
        case Kind.RECEIPT | Kind.OTHER:
            raise ValueError(f"'{kind}' is no event of a conversation")
        case _:
            assert_never(kind)


def joined(body: Mapping[str, Any]) -> Joined:
    """What the body of a `Kind.JOINED` says. Raises KeyError, TypeError or ValueError on another shape."""
    snapshot = json.loads(body["snapshot"])
    return Joined(conversations.from_json(body["conversation"], snapshot), bool(body["heard_last"]))


def _timer(body: Mapping[str, Any]) -> TimerDue:
    event = events.from_json(body)
    if not isinstance(event, TimerDue):
        raise TypeError("a timer's row holds a timer")
    return event


def _facts(body: Mapping[str, Any]) -> FactsTold:
    return FactsTold(
        order_key=body["order_key"],
        facts=tuple(fact_values.from_json(fact) for fact in body["facts"]),
        problems=tuple(body.get("problems") or ()),
        account=body.get("account"),
        mode=body.get("mode"),
    )
