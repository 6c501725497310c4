"""What the staff do about a customer, stepped in the customer's conversation. Pure."""

from payments.processing.bodies import StaffAction
from payments.processing.staff_orders import change
from payments.processing.turn import Trace, Turn
from payments.processing.verb import ChatVerb, OrderVerb
from payments.processing.verbs import VERBS


def act(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Do what a member of the staff wants. Return the trace, and whether it had an effect.

    Whatever cannot be done is answered to the member, and parks nothing.
    """
    match VERBS.get(action.verb):
        case ChatVerb() as verb:
            return verb.does(turn, action)
        case OrderVerb() as verb:
            return change(turn, verb, action)
        case _:
            turn.answer(action, f"That cannot be done: there is no '{action.verb}'.")
            entry = {"event": "staff", "verb": action.verb, "by": action.who, "refused": "no such verb"}
            return (entry,), False
