"""What one of the staff did is shown to the others who may do it, so that no two do the same. Pure."""

from typing import Final

from flows.messages.kinds import Text
from flows.messages.limits import clip
from payments.processing.bodies import StaffAction
from payments.processing.changes import Told
from payments.processing.turn import Trace, Turn
from payments.shop.staff import Right, who_may

SHOWN: Final = "done by another"
"""Name of a message that shows the staff what one of them did."""


def show_others(turn: Turn, action: StaffAction, text: str, right: Right) -> None:
    """Show `text`, about what `action` did, to the others of the staff who have `right`.

    Who was silent for so long that only a template reaches them is left out: late, it would be of no use. So
    is who is the customer.
    """
    left_out = {turn.conversation.id, action.answer_to, *turn.shop.at.silent}
    left_out |= {chat for chat, member in turn.given.staff.items() if member.name == action.who}
    if to := tuple(one for one in who_may(right, turn.given.staff) if one not in left_out):
        turn.told.append(Told(to, SHOWN, Text(clip(text, turn.flow.limits.text_body))))


def pass_news(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Show all of the staff who see orders what `action` says. It changes nothing."""
    show_others(turn, action, action.value, Right.ORDERS)
    return ({"event": "staff", "verb": action.verb, "by": action.who},), True


def doer(action: StaffAction) -> str:
    """Return who did `action`, as the others read it."""
    return action.who if action.answer_to else f"{action.who} (desk)"
