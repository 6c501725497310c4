"""An offer to many customers, in the step of one of them: whether they get it. Pure.

Every customer of the audience has an event of their own. So whatever they said before it counts: a stop that
came first, a person who has their chat, a wish to be forgotten.
"""

from typing import Any

from flows.document.errors import StepFailed
from flows.engine.effects import Say
from flows.engine.step import announce
from flows.messages.limits import ChannelLimits
from payments.processing.bodies import Offered
from payments.processing.handover import heard_at
from payments.processing.turn import Trace, Turn


def offer(turn: Turn, body: Offered) -> tuple[Trace, bool]:
    """Send the customer the offer of a broadcast, or say in the trace why they do not get it."""
    entry: dict[str, Any] = {"event": "offer", "broadcast": body.broadcast}
    if turn.forgotten:
        return ({**entry, "ignored": "the customer was forgotten"},), False
    if body.message not in turn.flow.promotions:
        return ({**entry, "ignored": f"the flow file has no offer '{body.message}' any more"},), False
    try:
        done = announce(turn.flow, turn.conversation, body.message, turn.now, turn.shop)
    except StepFailed as failed:
        return ({**entry, "ignored": f"'{body.message}' cannot be said here: {failed}"},), False
    says = [effect for effect in done.effects if isinstance(effect, Say)]
    if not says:
        return ({**entry, "ignored": done.trace[-1]["because"]},), False
    if is_silent(turn.flow.limits, heard_at(turn), turn.now) and says[0].message.fallback is None:
        return ({**entry, "ignored": "they wrote over 24 hours ago, and the offer has no template"},), False
    turn.conversation = done.conversation
    turn.messages += says
    return ({**entry, "said": [body.message]},), True


def is_silent(limits: ChannelLimits, heard: int | None, now: int) -> bool:
    """Return whether only a template may be sent to who last wrote at `heard`; None if they never did."""
    return heard is None or now - heard >= limits.window
