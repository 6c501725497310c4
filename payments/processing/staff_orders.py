"""The staff change an order, in one grammar for buttons, typed commands, the API and the shell. Pure.

    stage accepted | stage delivered cash | less kaju-250 1 sold out | allowance 30 late | cancel | undo 1

`change` does one verb with its words, and answers the member who asked.
"""

from flows.messages.kinds import Message, Text
from payments.ledger.state import OrderState
from payments.processing import order_answers, order_changes
from payments.processing.bodies import StaffAction
from payments.processing.notice import ELSEWHERE, Notice
from payments.processing.order_changes import NotPossible, Overtaken, Settlement, Unsettled
from payments.processing.order_request import read
from payments.processing.shop_state import CannotHandle
from payments.processing.shown_to_others import show_others
from payments.processing.turn import Trace, Turn
from payments.processing.verb import OrderVerb
from payments.processing.verbs import SHOW
from payments.shop.fulfilment import Stage
from payments.shop.staff import Right


def change(turn: Turn, verb: OrderVerb, action: StaffAction) -> tuple[Trace, bool]:
    """Do what `action` asks about an order by `verb`. Return the trace, and whether it had an effect.

    What cannot be done is answered to the member, and parks nothing.
    """
    entry = {"event": "staff", "verb": action.verb, "value": action.value, "by": action.who}
    shop, messages = turn.shop, list(turn.messages)
    try:
        state = turn.shop.known(action.order_key)
        request = read(turn, state, action, verb.goods_after)
        order_changes.require_stage(state, request.expected)
        trace = verb.does(request)
    except (NotPossible, CannotHandle) as refused:
        turn.shop, turn.messages = shop, messages
        if action.elsewhere and isinstance(refused, NotPossible) and not isinstance(refused, Overtaken):
            turn.notices.append(_not_done_here(action, turn.shop.known(action.order_key), refused))
        turn.reply(action, _refusal(turn, action, refused))
        return ({**entry, "refused": str(refused)},), False
    after = turn.shop.known(action.order_key)
    if action.elsewhere:
        said = f"Order #{after.order.number} is {after.stands} now, by {action.who}."
        show_others(turn, action, said, Right.ORDERS)
    # Of who was forgotten, nothing is shown but how the order stands.
    whole = verb.name == SHOW and not turn.forgotten
    turn.reply(action, order_answers.answer(turn, after, whole=whole))
    return ({**entry, "stage": str(after.stage or "")}, *trace), True


def _not_done_here(action: StaffAction, state: OrderState, refused: Exception) -> Notice:
    """Return the notice that what was done in the shop's other system cannot be done here by itself."""
    asked = " ".join((action.verb, action.value)).strip()
    said = (
        f"{action.who} says '{asked}' of order #{state.order.number}, and here that is not done: {refused}."
        " It stays as it is here: set it right by hand in one of the two."
    )
    return Notice(ELSEWHERE, f"{asked} {state.key}", said)


def _refusal(turn: Turn, action: StaffAction, refused: Exception) -> Message:
    """Return why nothing was done. Who tapped a button that came too late gets those that fit now."""
    said = f"Not done: {refused}."
    if isinstance(refused, Unsettled):
        number = turn.shop.known(action.order_key).order.number
        said += f" As in #{number} {Stage.DELIVERED} {Settlement.CASH}."
    if isinstance(refused, Overtaken):
        return order_answers.with_buttons(turn, turn.shop.known(action.order_key), said)
    return Text(said)
