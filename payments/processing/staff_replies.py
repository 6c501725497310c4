"""Ids of the replies in messages to the staff: they name the order that the message is about. Pure.

    s|<order key, or conversation id if there is no order>|<stage>|<verb>|<value>

An id that comes back is untrusted input: it counts only from the staff, see `payments.processing.chat`.
"""

import re
from dataclasses import dataclass
from typing import Final

from flows.messages import limits
from flows.messages.replies import LONGEST
from payments.ledger.state import OrderState
from payments.processing.shop_state import ShopState
from payments.shop.orders import conversation_of

# The zeros are from `flows.messages.replies.copied`, which tells equal replies of one message apart.
_SHAPE: Final = re.compile(
    r"0{0,9}s\|(?P<subject>[a-z0-9-]{1,64})\|(?P<stage>[a-z]{0,20})\|(?P<verb>[a-z][a-z0-9_.]{0,40})\|(?P<value>.*)",
    re.ASCII | re.DOTALL,
)
_CONVERSATION: Final = re.compile(r"[a-z0-9]+-[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StaffReply:
    """The parts of a reply id of a message to the staff."""

    conversation: str
    """The customer's."""
    order_key: str
    """Empty if the message was about no order."""
    stage: str
    """The stage of the order that the message showed."""
    verb: str
    value: str


def stage_of(order: OrderState | None) -> str:
    """Return the stage of fulfilment that `order` is in; empty if its goods are not due."""
    return str(order.stage or "") if order else ""


def place(state: ShopState | None, conversation: str) -> str:
    """Return the place of the replies in a message to the staff about the customer of `conversation`."""
    order = state.order if state else None
    return f"s|{order.key if order else conversation}|{stage_of(order)}"


def decode(reply_id: str) -> StaffReply | None:
    """Return the parts of `reply_id`; None if it is not one of a message to the staff."""
    match = _SHAPE.fullmatch(reply_id) if limits.length(reply_id) <= LONGEST else None
    if match is None:
        return None
    subject = match["subject"]
    conversation = conversation_of(subject)
    if conversation is None and not _CONVERSATION.fullmatch(subject):
        return None
    key = "" if conversation is None else subject
    return StaffReply(conversation or subject, key, match["stage"], match["verb"], match["value"])
