"""The bodies of inbox rows: one dataclass for each kind, and their codec. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

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
from payments.processing.step_input import EventKind
from payments.shop import cart, handover
from payments.shop.cart import Item
from payments.shop.handover import HandoverCheck
from payments.shop.orders import Mode


@dataclass(frozen=True, slots=True)
class Chat:
    """What the customer did in the chat."""

    event: Event
    name: str | None = None
    """The customer's name, according to the channel."""
    quote: str | None = None
    """The channel's id of the message that they replied to."""


@dataclass(frozen=True, slots=True)
class FactsTold:
    """Facts about an order from one webhook of the payment provider."""

    order_key: str
    facts: tuple[Fact, ...]
    problems: tuple[str, ...] = ()
    """Parts of the webhook that could not be read."""
    account: str | None = None
    """The provider's id of the account that the webhook names."""
    mode: Mode | None = None
    """The mode of our keys."""


@dataclass(frozen=True, slots=True)
class OrderRequested:
    """An order that was requested over our API. Without items, the customer's cart is ordered."""

    items: tuple[Item, ...] | None
    said: Mapping[str, str | bool] = field(default_factory=dict)
    """What the program says about delivery, coupon and payment: `address`, `slot`, `note`, `coupon`,
    `pickup`, `pays`."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Another conversation was found to be of the same customer. It becomes a part of this one."""

    other: Conversation
    heard_last: bool
    """Whether the customer wrote last in the other conversation."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The customer is to be forgotten."""

    by_customer: bool
    """Whether the customer asked for it in the chat."""


@dataclass(frozen=True, slots=True)
class StaffAction:
    """What a member of the staff did about a customer, or about their order."""

    order_key: str
    """Empty if it is about the customer alone."""
    who: str
    """Name of the member, or of the program, that does it. For people: it identifies nobody."""
    verb: str
    value: str = ""
    expected: str = ""
    """The stage of the order as the member saw it; empty if they saw none."""
    money: bool = True
    """Whether they may give money back."""
    answer_to: str = ""
    """The member's conversation, which is told what became of it; empty if nobody is."""
    elsewhere: bool = False
    """Whether it was done in the shop's other system, which hears no answer: the staff are told what it led
    to, and operators what cannot be done about it."""


@dataclass(frozen=True, slots=True)
class PreferenceSet:
    """The customer said at the channel whether they want offers."""

    stopped: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer to many customers has reached this one."""

    broadcast: str
    """The broadcast's id."""
    message: str
    """The offer's name in the flow."""


Body: TypeAlias = (
    Chat
    | TimerDue
    | FactsTold
    | Result
    | Poll
    | OrderRequested
    | Joined
    | StaffAction
    | HandoverCheck
    | PreferenceSet
    | Offered
    | Forget
)


def read(kind: EventKind, body: Mapping[str, Any]) -> Body:
    """Return the row's `body` as a value. Raises KeyError, TypeError or ValueError on another shape.

    Rows of kind RECEIPT and OTHER are no events of a conversation: they raise ValueError.
    """
    reader = _READERS.get(kind)
    if reader is None:
        raise ValueError(f"'{kind}' is no event of a conversation")
    return reader(body)


def joined(body: Mapping[str, Any]) -> Joined:
    """Return the body of an `EventKind.JOINED` row.

    Raises KeyError, TypeError or ValueError on another shape.
    """
    snapshot = json.loads(body["snapshot"])
    return Joined(conversations.from_json(body["conversation"], snapshot), bool(body["heard_last"]))


def request_to_json(request: OrderRequested) -> dict[str, Any]:
    """Return the body of an `EventKind.REQUEST` row."""
    items = None if request.items is None else cart.items_to_json(request.items)
    return {"items": items, **request.said}


def staff_action_to_json(action: StaffAction) -> dict[str, Any]:
    """Return the body of an `EventKind.STAFF` row."""
    return {_STORED.get(name, name): value for name, value in asdict(action).items()}


_STORED: Final = {"who": "by"}
"""Fields that have another name in rows: there, as in all rows and answers, `by` is who did something."""


def _staff_action(body: Mapping[str, Any]) -> StaffAction:
    return StaffAction(who=body["by"], **{name: value for name, value in body.items() if name != "by"})


def _request(body: Mapping[str, Any]) -> OrderRequested:
    items, said = body["items"], {name: value for name, value in body.items() if name != "items"}
    return OrderRequested(None if items is None else cart.items_from_json(items), said)


def _timer(body: Mapping[str, Any]) -> TimerDue:
    event = events.from_json(body)
    if not isinstance(event, TimerDue):
        raise TypeError("the body of a timer row must be a timer")
    return event


def _facts(body: Mapping[str, Any]) -> FactsTold:
    order_key, mode = body["order_key"], body.get("mode")
    facts, unreadable = fact_values.read_all(body["facts"])
    return FactsTold(
        order_key=order_key,
        facts=facts,
        problems=(*(body.get("problems") or ()), *unreadable),
        account=body.get("account"),
        mode=None if mode is None else Mode(mode),
    )


def _chat(body: Mapping[str, Any]) -> Chat:
    return Chat(events.from_json(body["event"]), body.get("name"), body.get("quote"))


_READERS: Final[Mapping[EventKind, Callable[[Mapping[str, Any]], Body]]] = {
    EventKind.CHAT: _chat,
    EventKind.TIMER: _timer,
    EventKind.FACTS: _facts,
    EventKind.RESULT: results.from_json,
    EventKind.POLL: polling.from_json,
    EventKind.REQUEST: _request,
    EventKind.JOINED: joined,
    EventKind.FORGET: lambda body: Forget(body["by"] == "customer"),
    EventKind.STAFF: _staff_action,
    EventKind.HANDOVER: handover.check_from_json,
    EventKind.OFFER: lambda body: Offered(body["broadcast"], body["message"]),
    EventKind.PREFERENCE: lambda body: PreferenceSet(bool(body["stopped"])),
}
"""How the body of each kind of event is read. RECEIPT and OTHER are no events of a conversation."""
