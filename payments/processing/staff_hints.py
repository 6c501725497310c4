"""A member of the staff writes, and quotes nothing, while a person has a customer's chat. Pure.

Nothing says for whom such a text is, so it goes to the bot, as any customer's does. The member hears how a
customer is answered.
"""

from typing import Final

from flows.engine.events import Event
from payments.processing.handover import is_for_person, trigger_of
from payments.processing.staff_commands import action_of
from payments.processing.turn import Trace, Turn
from payments.processing.verbs import REPLY, may_do
from payments.shop.staff import Staff

PAUSE: Final = 10 * 60_000
"""Milliseconds from one hint to the next."""


def hint(turn: Turn, member: Staff, event: Event) -> Trace:
    """Tell `member` how a customer is answered, if `event` may have been meant for one. Return the trace.

    A word that the flow understands here was meant for the bot.
    """
    unmeant = not is_for_person(event) or trigger_of(turn, event) is not None
    told_lately = turn.now - turn.shop.hinted_at < PAUSE
    if unmeant or told_lately or not turn.given.in_hand or not may_do(REPLY, member.may):
        return ()
    names = " or ".join(dict.fromkeys(name or "a customer" for name in turn.given.in_hand))
    turn.answer(
        action_of(turn, member, REPLY, ""),
        f"Was that for {names}? It has not gone to anybody: reply to one of the customer's own messages here"
        " (swipe it to the right), and they get your text.",
    )
    turn.shop = turn.shop._replace(hinted_at=turn.now)
    return ({"event": "staff hint", "by": member.name},)
