"""One event from outside, before it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from payments.processing.notice import Notice
from payments.processing.step_input import EventKind
from storage.database.encoding import check
from storage.inbox.customers import Alias
from storage.inbox.idempotency import Once

NOBODY: Final = 0
"""The conversation number of an event that belongs to no customer of ours."""

_LONGEST: Final = 255
"""The longest key or alias, in characters."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event to be stored once. Raises ValueError for a key or alias that an index cannot hold.

    Its conversation is found by `aliases`, else by `order_key`, else by `opaque`. An arrival that names no
    conversation of ours is kept under NOBODY and never stepped. If its aliases name two conversations, they
    are merged.
    """

    key: str
    """Unique per conversation. The same event delivered again has the same key."""
    kind: EventKind
    body: Mapping[str, Any]
    """JSON values, in the shape of `kind`."""
    raw: str | None = None
    """What is kept as evidence until it is handled: the part of the body that is about it."""
    aliases: tuple[Alias, ...] = ()
    """The channel's names of the customer, best first. An unknown customer is created."""
    formerly: tuple[Alias, ...] = ()
    """The channel's former names of the customer, if it reports a changed number or id."""
    told_at: int = 0
    """When the customer used the aliases, in milliseconds since 1970, UTC; 0 if others named them."""
    recipient: tuple[Alias, ...] = ()
    """Names of the recipient of the message that `opaque` names. They create no customer."""
    name: str | None = None
    """The customer's profile name, stored when the customer is created."""
    order_key: str | None = None
    """The order that the event is about; None if it names none, or several."""
    opaque: str | None = None
    """Our own callback id of a message: `<conversation id>.<outbox number>`."""
    pending: bool = True
    """False: it is only kept, never stepped."""
    notice: Notice | None = None
    """A notice for operators, stored in the same transaction."""
    once: Once | None = None
    """Of a request with an idempotency key: it is stored once, also after its event was erased."""

    def __post_init__(self) -> None:
        aliases = (*self.aliases, *self.formerly, *self.recipient)
        for text in (self.key, *(value for _, value in aliases)):
            if not text or len(text) > _LONGEST:
                raise ValueError(f"a key or alias has 1 to {_LONGEST} characters, not {len(text)}")
        check((self.key, self.raw, self.order_key, *(part for alias in aliases for part in alias)))
