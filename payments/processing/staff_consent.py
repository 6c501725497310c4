"""A member of the staff says what a customer wants to hear. Pure."""

from payments.processing.bodies import StaffAction
from payments.processing.turn import Trace, Turn
from payments.shop.consent import Hears


def keep_hears(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Keep what the customer wants to hear: the action's value is a `payments.shop.consent.Hears`."""
    entry = {"event": "staff", "verb": action.verb, "by": action.who}
    if turn.forgotten or action.value not in set(Hears):
        refused = "the customer was forgotten" if turn.forgotten else "there are nothing, orders and offers"
        turn.answer(action, f"That cannot be done: {refused}.")
        return ({**entry, "refused": refused},), False
    before, turn.shop = turn.shop.hears, turn.shop._replace(hears=Hears(action.value))
    turn.answer(action, f"The customer hears {action.value} from now on.")
    return ({**entry, "hears": action.value},), turn.shop.hears is not before
