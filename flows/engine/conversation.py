"""One customer's place in a flow: a frozen snapshot, stored as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple


class Talk(NamedTuple):
    """Counters of the recent talk. The host counts, and may keep silent; the engine passes them on."""

    turns: int = 0
    """Events of the customer in a row that moved nothing and were answered."""
    rounds: int = 0
    """Answered events in a row that brought the customer nothing, though the state may have changed."""
    heard_at: int = 0
    """Time of the customer's last event, in milliseconds since 1970, UTC."""
    unasked: int = 0
    """Messages in a row that nobody asked for."""


_NO_TALK: Final = Talk()


class CarriedTimer(NamedTuple):
    """A timer that an earlier version of the flow started, and what it is called in this one."""

    state: str
    timer: str
    visit: int
    state_now: str
    timer_now: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a customer is in the flow, and their data. Each step makes a new one.

    All values under `customer`, `variables` and `data` are JSON values (money is integer paise).
    """

    id: str
    """Unique for ever, over all installations, because order keys are built from it."""
    state: str = ""
    """Dotted path of the state it rests in (`cart`, `cart.quantity`); empty before the first event."""
    visits: tuple[int, ...] = ()
    """The visit number of each state on that path, outermost first."""
    visit_count: int = 0
    """Visits so far. The next state entered gets this number plus one."""
    language: str = ""
    """A language of the flow; empty means its first one."""
    customer: Mapping[str, Any] = field(default_factory=dict)
    """What the channel says about the customer (`name`)."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Values of the flow's own variables."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The host's data (of a shop: the cart, and the key of the order). The engine does not read it."""
    choices: tuple[tuple[str, str], ...] = ()
    """(title, reply id) of each reply in the last message with replies: a typed title counts as a tap."""
    sent_since: bool = False
    """Whether a step after the one that sent `choices` sent anything: a mere "yes" may be about that."""
    paged: tuple[str, ...] = ()
    """Names of the lists with pages that were sent to the customer: only their pages can be asked for."""
    talk: Talk = _NO_TALK
    carried: tuple[CarriedTimer, ...] = ()
    """Timers of the present visits that have another name since the flow was changed."""

    @property
    def visit(self) -> int:
        """The visit number of the innermost state; 0 before the first event."""
        return self.visits[-1] if self.visits else 0


def to_json(conversation: Conversation) -> dict[str, Any]:
    """Return a JSON-ready dict without the id, which is stored beside it. Inverse of `from_json`."""
    rare: dict[str, Any] = {"sent_since": True} if conversation.sent_since else {}
    if conversation.carried:
        rare["carried"] = [list(one) for one in conversation.carried]
    return {
        "state": conversation.state,
        "visits": list(conversation.visits),
        "visit_count": conversation.visit_count,
        "language": conversation.language,
        "customer": conversation.customer,
        "variables": conversation.variables,
        "data": conversation.data,
        "choices": [list(choice) for choice in conversation.choices],
        "paged": list(conversation.paged),
        "talk": list(conversation.talk),
        **rare,
    }


def from_json(id: str, value: Mapping[str, Any]) -> Conversation:
    """Return the conversation that `to_json` wrote. An empty mapping gives a new conversation."""
    if not value:
        return Conversation(id)
    return Conversation(
        id=id,
        state=value["state"],
        visits=tuple(value["visits"]),
        visit_count=value["visit_count"],
        language=value["language"],
        customer=value["customer"],
        variables=value["variables"],
        data=value["data"],
        choices=tuple((title, reply) for title, reply in value["choices"]),
        sent_since=value.get("sent_since", False),
        paged=tuple(value["paged"]),
        talk=Talk(*value["talk"]),
        carried=tuple(CarriedTimer(*one) for one in value.get("carried", ())),
    )
