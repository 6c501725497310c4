"""What the staff do about a customer, stepped in the customer's conversation. Pure.

A new verb is a `case` in `act`, and its right in `_RIGHTS`.
"""

from collections.abc import Collection, Mapping
from typing import Final

from payments.processing import handover, staff_lists, staff_orders
from payments.processing.bodies import StaffAction
from payments.processing.named_orders import DAY
from payments.processing.turn import Trace, Turn
from payments.shop.consent import Hears
from payments.shop.handover import Ending
from payments.shop.staff import Right

REPLY: Final = "reply"
"""Say the action's value to the customer."""
LAST_REPLY: Final = "last_reply"
"""Say the action's value to the customer, and give the chat back to the bot."""
DONE: Final = "done"
"""Give the chat back to the bot."""
HANDOVER: Final = "handover"
"""Take the chat over, to write to the customer."""
WROTE: Final = "wrote"
"""Leave the chat to a person who has written to the customer by another program."""
HEARS: Final = "hears"
"""Keep what the customer wants to hear: the action's value is a `payments.shop.consent.Hears`."""

_RIGHTS: Final[Mapping[str, Right]] = {
    **dict.fromkeys((REPLY, LAST_REPLY, DONE, HANDOVER, WROTE, HEARS), Right.CHAT),
    **dict.fromkeys(staff_orders.GIVES_MONEY, Right.MONEY),
}


def right_for(verb: str) -> Right:
    """Return the right that `verb` needs."""
    return _RIGHTS.get(verb, Right.ORDERS)


def may_do(verb: str, rights: Collection[Right]) -> bool:
    """Return whether who has `rights` may do `verb`. The figures of a day are also for who sees to money."""
    return right_for(verb) in rights or (verb == DAY and Right.MONEY in rights)


def _hear(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Keep what a member of the staff says that the customer wants to hear."""
    entry = {"event": "staff", "verb": action.verb, "by": action.by}
    if turn.forgotten or action.value not in set(Hears):
        refused = "the customer was forgotten" if turn.forgotten else "there are nothing, orders and offers"
        turn.answer(action, f"That cannot be done: {refused}.")
        return ({**entry, "refused": refused},), False
    before, turn.shop = turn.shop.hears, turn.shop._replace(hears=Hears(action.value))
    turn.answer(action, f"The customer hears {action.value} from now on.")
    return ({**entry, "hears": action.value},), turn.shop.hears is not before


def act(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Do what a member of the staff wants. Return the trace, and whether it had an effect.

    Whatever cannot be done is answered to the member, and parks nothing.
    """
    match action.verb:
        case "reply":
            return handover.reply(turn, action)
        case "last_reply":
            return handover.last_reply(turn, action)
        case "hears":
            return _hear(turn, action)
        case "done":
            return handover.give_back(turn, action, Ending.DONE)
        case "handover":
            return handover.take_over(turn, action)
        case "wrote":
            return handover.leave_to_person(turn, action)
        case "orders":
            return staff_lists.orders(turn, action)
        case "day":
            return staff_lists.day(turn, action)
        case verb if verb in staff_orders.VERBS:
            return staff_orders.change(turn, action)
        case _:
            turn.answer(action, f"That cannot be done: there is no '{action.verb}'.")
            entry = {"event": "staff", "verb": action.verb, "by": action.by, "refused": "no such verb"}
            return (entry,), False
