"""A member of the staff replies to a message about a customer: is the reply for that customer? Pure.

It is, if the message shows the customer's own words, asks for a person, tells of a new order, or says that
the chat is the member's. A list, an answer to a command or what another of the staff did also names a
customer, but who replies to that talks about them, not to them.
"""

from collections.abc import Iterator
from typing import Final

from flows.engine.model import Flow, Reaction
from payments.shop.handover import FORWARDED, YOURS

_BY_US: Final = frozenset({FORWARDED, YOURS})
_ASKING: Final = frozenset({"handover", "order.place"})
"""Actions beside which a message to the staff asks for a person, or tells of a new order."""
_NEW_ORDER: Final = "payment.captured"


def is_for_customer(flow: Flow, name: str) -> bool:
    """Return whether a reply to the message `name` goes to the customer whom it is about."""
    return name in _BY_US or any(name in reaction.tell for reaction in _asking(flow))


def _asking(flow: Flow) -> Iterator[Reaction]:
    reactions = [(rule.trigger, rule.reaction) for rule in flow.rules]
    reactions += [("", reaction) for state in flow.states.values() for reaction in (state.enter, state.exit)]
    for trigger, reaction in reactions:
        if trigger == _NEW_ORDER or any(call.name in _ASKING for call in reaction.do):
            yield reaction
