"""A member of the staff writes, and quotes nothing, what may be meant for a customer, or for an order. Pure.

Nothing says for whom such a text is, so it goes to the bot, as any customer's does, and the member hears how
a customer is answered. The title of a button of theirs names no order, so nothing is done by it.
"""

from typing import Final

from flows.document.words import normalise
from flows.engine.events import Event, TextReceived
from flows.engine.model import Flow
from flows.messages.limits import clip
from payments.processing.handover import is_for_person, trigger_of
from payments.processing.named_orders import order_number
from payments.processing.order_answers import TITLES
from payments.processing.passed_on import DONE_TITLE
from payments.processing.staff_commands import MARK, action_of, verb_in
from payments.processing.staff_lists import TO_DO_TITLE
from payments.processing.turn import Trace, Turn
from payments.processing.verbs import DONE, ORDER_VERBS, REPLY, SHOW, may_do
from payments.shop.fulfilment import Stage
from payments.shop.staff import Staff

_OF_ANSWERS: Final = frozenset(map(normalise, (*TITLES.values(), *Stage, DONE_TITLE, TO_DO_TITLE, DONE)))
"""Titles of the buttons with which the staff are answered, and words that they type."""
PAUSE: Final = 10 * 60_000
"""Milliseconds from one hint to the next."""


def typed_title(turn: Turn, member: Staff, event: Event) -> Trace:
    """Answer `member`, if `event` is the title of a button that the staff are shown. Return the trace.

    A word that the flow understands here was meant for the bot.
    """
    title = normalise(event.text) if isinstance(event, TextReceived) else ""
    if not title or trigger_of(turn, event) is not None or title not in _titles(turn.flow):
        return ()
    turn.answer(
        action_of(turn, member, SHOW, ""),
        f"Nothing was done: '{title}' does not say for which order. Tap the button on the message about it,"
        " or type its number first, as in #10034 out. #orders shows what is to do.",
    )
    return ({"event": "staff title", "by": member.name},)


def without_mark(turn: Turn, member: Staff, event: Event) -> Trace:
    """Answer `member`, if `event` is a command about an order but for its `#`. Return the trace."""
    text = event.text.strip() if isinstance(event, TextReceived) else ""
    _, _, words = text.partition(" ")
    number = order_number(f"{MARK}{text}")
    if number not in turn.given.numbered or not words or verb_in(words)[1] not in ORDER_VERBS:
        return ()
    said = f"Nothing was done: a command begins with {MARK}. Type {MARK}{clip(text, 100)}"
    turn.answer(action_of(turn, member, SHOW, ""), said)
    return ({"event": "staff command without mark", "by": member.name},)


def _titles(flow: Flow) -> frozenset[str]:
    """Return the titles of the buttons in messages to the staff, but for those that differ in each."""
    told = {name for rule in flow.rules for name in rule.reaction.tell}
    written = (one for one in flow.written if one.place[:1] == ("messages",) and one.place[1] in told)
    return _OF_ANSWERS | {normalise(one.source) for one in written if "title" in one.place}


def hint(turn: Turn, member: Staff, event: Event) -> Trace:
    """Tell `member` how a customer is answered, if `event` may have been meant for one. Return the trace.

    A word that the flow understands here was meant for the bot.
    """
    if not turn.given.in_hand or turn.now - turn.shop.hinted_at < PAUSE:
        return ()
    return lost_reply(turn, member, event)


def lost_reply(turn: Turn, member: Staff, event: Event) -> Trace:
    """Tell `member` the same, however lately they were told. Return the trace; empty if the bot was meant.

    Who quotes a message means somebody by it, and the one that they quoted is no customer's.
    """
    unmeant = not is_for_person(event) or trigger_of(turn, event) is not None
    if unmeant or not may_do(REPLY, member.may):
        return ()
    # It names no customer: it is about none in particular, so it would not be erased with any of them.
    turn.answer(
        action_of(turn, member, REPLY, ""),
        "Was that for a customer? It has not gone to anybody: reply to one of the customer's own messages"
        " here (swipe it to the right), and they get your text.",
    )
    turn.shop = turn.shop._replace(hinted_at=turn.now)
    return ({"event": "staff hint", "by": member.name},)
