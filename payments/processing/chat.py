"""What a customer, or a member of the staff, does in their chat. Pure.

The staff have chats of their own, in which they may buy like anybody. What they tap on a message about a
customer, and what they write in reply to one, becomes a command in the customer's conversation.
"""

from dataclasses import replace
from typing import Any

from flows.document.words import normalise
from flows.engine.events import Event, Tapped, TextReceived
from payments.processing import handover
from payments.processing.bodies import Chat, PreferenceSet, StaffAction
from payments.processing.changes import Command
from payments.processing.named_orders import DAY, ORDERS
from payments.processing.quoted import is_for_customer
from payments.processing.staff_commands import action_of, command, command_in, without_right
from payments.processing.staff_hints import hint, lost_reply, typed_title, without_mark
from payments.processing.staff_replies import StaffReply, decode
from payments.processing.step_input import Quoted
from payments.processing.turn import Trace, Turn
from payments.processing.verbs import DONE, REPLY, may_do
from payments.shop.consent import without_offers
from payments.shop.staff import Staff


def chat(turn: Turn, body: Chat) -> tuple[Trace, bool]:
    """Handle what somebody did in their chat. Return the trace, and whether the event had an effect."""
    customer = turn.conversation.customer
    if not turn.forgotten and body.name and customer.get("name") != body.name:
        turn.conversation = replace(turn.conversation, customer={**customer, "name": body.name})
    member = turn.given.staff.get(turn.conversation.id)
    if isinstance(body.event, Tapped):
        reply = decode(body.event.reply_id)
        return turn.run(body.event) if reply is None else _staff_tap(turn, member, reply)
    quoted = turn.given.quoted.get(body.quote or "")
    replies = quoted is not None and quoted.about != turn.conversation.id
    words = command_in(body.event) if member else None
    if member and words is not None and not (replies and normalise(words) == DONE):
        return command(turn, member, words)
    if member and quoted and replies:
        return _staff_reply(turn, member, quoted, body.event)
    if turn.shop.handover and handover.is_for_person(body.event):
        return handover.hold(turn, body.event)
    if member and (answered := _unclear(turn, member, body.event)):
        return answered, True
    if member and body.quote and turn.given.in_hand and (lost := lost_reply(turn, member, body.event)):
        return lost, True
    hinted = () if member is None else hint(turn, member, body.event)
    if hinted and turn.is_strange(body.event):
        return hinted, True
    trace, applied = _for_the_bot(turn, body.event)
    return hinted + trace, applied or bool(hinted)


def _unclear(turn: Turn, member: Staff, event: Event) -> Trace:
    return typed_title(turn, member, event) or without_mark(turn, member, event)


def _for_the_bot(turn: Turn, event: Event) -> tuple[Trace, bool]:
    trace, applied = turn.run(event)
    if any(entry.get("instead") == handover.ENDED for entry in trace):
        handover.tell_of_wish(turn, event)
    return trace, applied


def preference(turn: Turn, body: PreferenceSet) -> tuple[Trace, bool]:
    """Take back the customer's yes to offers, if they stopped them. To allow them again is no yes."""
    hears = without_offers(turn.shop.hears) if body.stopped else turn.shop.hears
    changed = hears is not turn.shop.hears
    turn.shop = turn.shop._replace(hears=hears)
    return ({"event": "preference", "stopped": body.stopped, "hears": str(hears)},), changed


def _staff_tap(turn: Turn, member: Staff | None, reply: StaffReply) -> tuple[Trace, bool]:
    """Handle a tap on a message to the staff. From anybody else it does nothing, and nothing is said."""
    entry: dict[str, Any] = {"event": "staff tap", "verb": reply.verb, "about": reply.conversation}
    if member is None:
        return ({**entry, "refused": "it is not from the staff"},), False
    if not may_do(reply.verb, member.may):
        return without_right(turn, member, reply.verb, {**entry, "by": member.name})
    action = action_of(turn, member, reply.verb, reply.value, reply.order_key)
    # A list is for the member alone, whomever the id names.
    to = turn.conversation.id if reply.verb in (ORDERS, DAY) else reply.conversation
    return _command(turn, to, replace(action, expected=reply.stage), entry)


def _staff_reply(turn: Turn, member: Staff, quoted: Quoted, event: Event) -> tuple[Trace, bool]:
    """Handle what the staff wrote in reply to a message about a customer."""
    if (
        not is_for_customer(turn.flow, quoted.name)
        and command_in(event) is None
        and may_do(REPLY, member.may)
    ):
        said = _unclear(turn, member, event) or lost_reply(turn, member, event)
        return (said, True) if said else _for_the_bot(turn, event)
    text = event.text.strip() if isinstance(event, TextReceived) else ""
    action = action_of(turn, member, REPLY, text)
    entry: dict[str, Any] = {"event": "staff reply", "about": quoted.about}
    if not may_do(REPLY, member.may):
        return without_right(turn, member, REPLY, entry)
    if not text:
        turn.answer(action, "Only text can be passed on to the customer. Nothing was sent.")
        return ({**entry, "refused": "it is not text"},), True
    if command_in(event) is not None:
        action = replace(action, verb=DONE, value="")
    return _command(turn, quoted.about, action, entry)


def _command(turn: Turn, conversation: str, action: StaffAction, entry: dict[str, Any]) -> tuple[Trace, bool]:
    turn.commands.append(Command(conversation, action))
    return ({**entry, "by": action.who, "did": [action.verb]},), True
