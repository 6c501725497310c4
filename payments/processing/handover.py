"""A person takes over a chat, answers in it, and gives it back. Pure.

While a person has a chat, the customer's texts and media go to those of the staff who may talk to customers.
Taps, opt-outs and words that cancel an order are answered as ever, and news of money and of orders is said;
reminders are not.
"""

from dataclasses import replace
from typing import Any, Final

from flows.document.words import normalise
from flows.engine.conversation import Talk
from flows.engine.effects import Say
from flows.engine.events import Event, Happened, Received, TextReceived
from flows.messages.kinds import Message, Text
from flows.messages.limits import clip
from payments.processing.bodies import StaffAction
from payments.processing.changes import Told
from payments.processing.handover_changes import handed_over, taken_over
from payments.processing.passed_on import passed_on, who, with_done
from payments.processing.shown_to_others import doer, show_others
from payments.processing.step_input import EventKind
from payments.processing.turn import Trace, Turn
from payments.shop.handover import FORWARDED, WRITTEN, YOURS, Ending, HandoverCheck
from payments.shop.staff import Right, who_may

OPENED: Final = "handover.opened"
"""Event: a member of the staff has taken the chat over, and has not written yet."""
ENDED: Final = "handover.ended"
"""Event: the bot has the chat again."""
_MEDIA: Final = frozenset(
    {"image", "video", "audio", "document", "sticker", "location", "contacts", "text", "unsupported"}
)
_HOUR: Final = 3_600_000
_MINUTE: Final = 60_000


def is_for_person(event: Event) -> bool:
    """Return whether a person answers `event` while they have the chat: texts and media, no taps or forms."""
    return isinstance(event, TextReceived) or (isinstance(event, Received) and event.kind in _MEDIA)


def hold(turn: Turn, event: Event) -> tuple[Trace, bool]:
    """Pass on to the staff what the customer sent. A word for the bot ends the hand-over.

    An opt-out, or a word that cancels an order, acts all the same. If nobody would read what is passed on,
    the bot has the chat again.
    """
    if isinstance(event, TextReceived) and turn.shop.at.shop.handover.ends(event.text):
        return _back_to_the_bot(turn, Ending.ASKED, event)
    to, current = _talkers(turn), turn.shop.handover
    if not to and current is not None and not current.by:
        return _back_to_the_bot(turn, Ending.NOBODY, event)
    acted = turn.run(event)[0] if _is_for_the_bot_too(turn, event) else ()
    turn.shop = handed_over(turn.shop)
    # A person answers: no loop of bots.
    turn.conversation = replace(turn.conversation, talk=Talk(heard_at=turn.now))
    if to:
        turn.told.append(Told(to, FORWARDED, passed_on(turn, event)))
    return (*acted, {"event": "held for a person", "forwarded": len(to)}), True


def tell_of_wish(turn: Turn, event: Event) -> None:
    """Tell the staff that a customer asked for a person when none could be reached.

    They get it as soon as one of them writes to the shop.
    """
    said = f': "{event.text}"' if isinstance(event, TextReceived) else ""
    text = (
        f"{who(turn)} asked for one of you when none could be reached{said}. Reply to this to write to them."
    )
    if to := _talkers(turn):
        turn.told.append(Told(to, FORWARDED, Text(clip(text, turn.flow.limits.text_body))))


def _back_to_the_bot(turn: Turn, because: Ending, event: Event) -> tuple[Trace, bool]:
    """End the hand-over. The bot answers the event too, unless it was only a word for the bot."""
    trace, answered = _end(turn, because)
    if answered and because is Ending.ASKED and trigger_of(turn, event) is None:
        return trace, True
    return trace + turn.run(event)[0], True


def trigger_of(turn: Turn, event: Event) -> str | None:
    """Return what a text fires here as a word; None if it is no word, or may answer a question."""
    state = turn.flow.states.get(turn.conversation.state or turn.flow.start)
    word = normalise(event.text) if isinstance(event, TextReceived) else ""
    if state is None or (state.ask is not None and word not in state.interrupting):
        return None
    return state.words.get(word)


def _is_for_the_bot_too(turn: Turn, event: Event) -> bool:
    """Return whether the event is a word that cannot wait for a person.

    By it the customer wants to hear less, to be forgotten, or to cancel an order while they may.
    """
    trigger = trigger_of(turn, event)
    rules = [rule for rule in turn.flow.rules if rule.trigger == trigger]
    return any(call.name in _NOW for rule in rules for call in rule.reaction.do)


_NOW: Final = frozenset({"customer.hears", "customer.forget", "order.cancel"})


def reply(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Say to the customer what a member of the staff wrote, and leave the chat to people.

    Who begins the hand-over by it hears that.
    """
    begins = turn.shop.handover is None
    trace, applied = _write(turn, action)
    if begins and turn.shop.handover:
        _is_yours(turn, action, with_done(turn, f"Sent to {who(turn)}: the bot keeps out of this chat."))
    return trace, applied


def _write(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    entry: dict[str, Any] = {"event": "staff", "verb": action.verb, "by": action.who}
    if turn.forgotten:
        return _forgotten(turn, action)
    heard, window = heard_at(turn), turn.flow.limits.window
    if heard is None:
        turn.answer(action, f"{who(turn)} has never written here: the text cannot be sent. Call them.")
        refused = "the customer has never written here, and no text can be sent then: call them"
        return ({**entry, "refused": refused},), True
    if turn.now - heard >= window:
        hours = window // _HOUR
        turn.answer(
            action, f"{who(turn)} last wrote over {hours} hours ago: the text cannot be sent. Call them."
        )
        refused = f"the customer last wrote over {hours} hours ago, and no text can be sent then: call them"
        return ({**entry, "refused": refused},), True
    turn.say(Say(WRITTEN, Text(clip(action.value, turn.flow.limits.text_body))))
    turn.shop = handed_over(turn.shop, by=action.who)
    show_others(turn, action, f"{who(turn)} was answered by {doer(action)}: {action.value}", Right.CHAT)
    return ({**entry, "said": [WRITTEN]},), True


def last_reply(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Say to the customer what a member of the staff wrote, and give the chat back to the bot."""
    trace, applied = _write(turn, action)
    if any("refused" in entry for entry in trace):
        return trace, applied
    return trace + _end(turn, Ending.DONE)[0], True


def take_over(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Leave the chat to a member of the staff, who is yet to write. The customer hears that they will."""
    if turn.forgotten:
        return _forgotten(turn, action)
    begins = turn.shop.handover is None
    turn.shop = taken_over(turn.shop)
    said = f"The chat with {who(turn)} is yours. Reply to this message to write to them."
    _is_yours(turn, action, Text(said))
    show_others(turn, action, f"{action.who} writes to {who(turn)}.", Right.CHAT)
    entry = {"event": "staff", "verb": action.verb, "by": action.who}
    return (entry, *(turn.run(Happened(OPENED))[0] if begins else ())), True


def _is_yours(turn: Turn, action: StaffAction, message: Message) -> None:
    if action.answer_to:
        turn.told.append(Told((action.answer_to,), YOURS, message))


def leave_to_person(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Leave the chat to a person who has written to the customer by another program."""
    if turn.forgotten:
        return _forgotten(turn, action)
    if turn.shop.handover and turn.shop.handover.unread:
        show_others(turn, action, f"{who(turn)} was answered in {action.who}.", Right.CHAT)
    turn.shop = handed_over(turn.shop, by=action.who)
    return ({"event": "staff", "verb": action.verb, "by": action.who},), True


def _forgotten(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    turn.answer(action, "The customer was forgotten: there is nobody to write to.")
    entry = {"event": "staff", "verb": action.verb, "by": action.who}
    return ({**entry, "refused": "the customer was forgotten"},), False


def give_back(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """End the hand-over for a member of the staff."""
    entry = {"event": "staff", "verb": action.verb, "by": action.who}
    if turn.shop.handover is None:
        turn.answer(action, f"The bot has the chat with {who(turn)} already.")
        return (entry,), False
    turn.answer(action, f"The bot has the chat with {who(turn)} again.")
    return (entry, *_end(turn, Ending.DONE)[0]), True


def check(turn: Turn, body: HandoverCheck) -> tuple[Trace, bool]:
    """End the hand-over if nobody has written for long, or look again when that may be so."""
    current = turn.shop.handover
    if current is None or current.since != body.since:
        return ({"event": "handover", "ignored": "it has ended"},), False
    ends = current.last + turn.shop.at.shop.handover.quiet
    if ends > turn.now:
        turn.shop = turn.shop._replace(checks=(*turn.shop.checks, HandoverCheck(current.since, ends)))
        return ({"event": "handover", "goes on": ends},), True
    if not current.by and (to := _talkers(turn)):
        minutes = turn.shop.at.shop.handover.quiet // _MINUTE
        text = f"Nobody has answered {who(turn)} for {minutes} minutes: the bot talks to them again."
        turn.told.append(Told(to, "nobody answered", Text(text)))
    return _end(turn, Ending.QUIET)[0], True


def _end(turn: Turn, because: Ending) -> tuple[Trace, bool]:
    """Give the chat back to the bot. Return the trace, and whether the flow answered."""
    turn.shop = turn.shop._replace(handover=None)
    trace, answered = turn.run(Happened(ENDED, {"because": str(because)}))
    return ({"event": "handover", "ended": str(because)}, *trace), answered


def heard_at(turn: Turn) -> int | None:
    """Return when the customer last wrote before this event, in milliseconds; None if never."""
    before = [
        e.received_at for e in turn.given.events if e.number < turn.event.number and e.kind is EventKind.CHAT
    ]
    return max(before, default=turn.given.heard_at)


def _talkers(turn: Turn) -> tuple[str, ...]:
    """Return the conversations of the staff who may talk to this customer: not the customer's own."""
    own = turn.conversation.id
    return tuple(one for one in who_may(Right.CHAT, turn.given.staff) if one != own)
