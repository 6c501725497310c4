"""Decide when messages are withheld: in a loop with another bot, or in a loop of timers and links. Pure.

Two bots that answer each other would go on for ever, and so would two states with `after: 1 s` to each other.
Then messages are withheld and an operator gets a notice. Events are still handled, with one exception: a
customer's event that would move the chat is dropped if its messages are withheld. So no order is placed from
a summary that nobody saw. News of money is always sent. The counts are kept in the conversation
(`flows.engine.conversation.Talk`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flows.engine.conversation import Conversation, Talk
from flows.engine.events import Event, Happened, Received, Tapped, TextReceived, TimerDue
from flows.engine.model import Flow
from flows.messages import replies
from payments.processing.notice import Notice, NoticeKind

TURNS: Final = 20
"""Answers in a row to events that moved nothing. Further ones are withheld. At one in 6 s: two minutes."""
ROUNDS: Final = 60
"""Answers in a row while cart, order and variables stay the same, whatever state the chat went to."""
PAUSE: Final = 30 * 60_000
"""Milliseconds without a message of the customer after which counting starts again."""
UNASKED: Final = 10
"""Messages in a row that the customer did not ask for. Further ones are withheld."""

_ANSWERS: Final = frozenset({"payment.not_found"})
"""Events that only answer an earlier message of the customer."""
_PAYMENTS: Final = "payment."
"""Prefix of payment events: somebody paid, or tried to."""
_LINKS: Final = "payment_link."
"""Prefix of link events. The flow may cause them as well as the customer: a rule may request a new link."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ruling on one event's messages: whether they are sent."""

    talk: Talk
    """The counts after the event."""
    because: str | None = None
    """Why the messages are withheld; None if they are sent."""
    notices: tuple[Notice, ...] = ()
    taken: bool = True
    """Whether the event's changes count; if not, the conversation stays as it was."""


def decide_silence(
    flow: Flow,
    before: Conversation,
    after: Conversation,
    event: Event,
    says: int,
    now: int,
    *,
    gained: bool,
) -> Ruling:
    """Return the ruling on the `says` messages of `event`, which led from `before` to `after` at `now`.

    `now` is in milliseconds since 1970, UTC. `gained`: whether the event changed a variable, the cart or an
    order.
    """
    talk = before.talk
    match event:
        case TextReceived() | Tapped() | Received():
            return _customer(flow, before, after, event, says, now, gained)
        case TimerDue():
            if _is_loop(talk) and now - talk.heard_at < PAUSE:
                return Ruling(talk, _LOOP)
            return _unasked(after, talk, says)
        case Happened(name="order.requested"):
            return Ruling(Talk())
        case Happened(name=name) if name.startswith(_LINKS):
            return _unasked(after, talk, says)
        case Happened(name=name) if name in _ANSWERS:
            return Ruling(talk, _LOOP if _is_loop(talk) else None)
        case Happened(name=name) if name.startswith(_PAYMENTS):
            return Ruling(Talk(heard_at=talk.heard_at))
        case Happened():
            return Ruling(talk)


def withheld(
    trace: tuple[Mapping[str, Any], ...], because: str, said: str = "said", unsaid: str = "unsaid"
) -> tuple[Mapping[str, Any], ...]:
    """Return the `trace` of a step with its messages marked as not sent.

    Messages to the staff are under `told`, and under `untold` if they are not sent.
    """
    return tuple(
        {
            **{key: value for key, value in entry.items() if key != said},
            unsaid: [*entry.get(unsaid, ()), *entry[said]],
            "because": because,
        }
        if said in entry
        else entry
        for entry in trace
    )


_LOOP: Final = "the customer answers and nothing moves: they may be a bot"
_ALONE: Final = "nobody has asked for anything since the last messages"


def _customer(
    flow: Flow,
    before: Conversation,
    after: Conversation,
    event: Event,
    says: int,
    now: int,
    gained: bool,
) -> Ruling:
    talk = before.talk if now - before.talk.heard_at < PAUSE else Talk()
    if gained or _taps(flow, event):
        return Ruling(Talk(heard_at=now))
    moved = (before.state, before.language) != (after.state, after.language)
    stays = before.visits == after.visits
    if talk.rounds > ROUNDS or (talk.turns > TURNS and not moved):
        # Withheld answers are not counted. The silence ends by what its notice names.
        return Ruling(talk._replace(heard_at=now, unasked=0), _LOOP, taken=stays)
    counts = 1 if says else 0
    heard = Talk(turns=0 if moved else talk.turns + counts, rounds=talk.rounds + counts, heard_at=now)
    if not _is_loop(heard):
        return Ruling(heard)
    return Ruling(heard, _LOOP, (_loop_notice(after, heard),), taken=stays)


def _is_loop(talk: Talk) -> bool:
    return talk.turns > TURNS or talk.rounds > ROUNDS


def _taps(flow: Flow, event: Event) -> bool:
    """Return whether `event` is a tap on a button or a row of this flow: few bots can do that."""
    reply = replies.decode(event.reply_id) if isinstance(event, Tapped) else None
    return reply is not None and flow.offers(reply)


def _unasked(after: Conversation, talk: Talk, says: int) -> Ruling:
    counted = talk._replace(unasked=talk.unasked + says)
    if counted.unasked <= UNASKED or not says:
        return Ruling(counted)
    notices = (_alone_notice(after),) if talk.unasked <= UNASKED else ()
    return Ruling(counted, _ALONE, notices)


def _loop_notice(conversation: Conversation, talk: Talk) -> Notice:
    count, move = f"{TURNS} times in a row and nothing moved", "go to another state, "
    if talk.rounds > ROUNDS:
        count, move = f"{ROUNDS} times in a row, went back and forth and chose nothing", ""
    said = (
        f"The customer of conversation {conversation.id} was answered {count}: they may be a bot, or need a "
        f"person. Munshi says nothing more until they tap a button, {move}change the cart, an order or what "
        f"is known of them, or pause for {PAUSE // 60_000} minutes; news of payments still goes out."
    )
    return Notice(NoticeKind.LOOP, conversation.id, said)


def _alone_notice(conversation: Conversation) -> Notice:
    said = (
        f"Conversation {conversation.id} got {UNASKED} messages in a row that nobody had asked for, lastly "
        f"in the state '{conversation.state}': further ones are withheld until the customer writes, pays or "
        "orders; news of payments still goes out. Look in the flow file at 'after' of that state, and at its "
        "answers to payment_link events: they may lead to each other."
    )
    return Notice(NoticeKind.UNASKED, conversation.state, said)
