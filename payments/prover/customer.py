"""What a customer may do in one standing: tap what they see or saw, type each word, anything else."""

from collections.abc import Iterator
from typing import Final

from flows.engine import events
from flows.engine.address import filled_in
from flows.engine.conversation import Conversation
from flows.engine.model import Flow, State
from flows.engine.variables import Variable
from flows.messages import replies
from flows.messages.address_form import ADDRESS
from payments.processing.step_input import EventKind
from payments.prover.munshi import NAME, Event
from payments.prover.slices import ANY, Slice
from payments.prover.standing import FRESH, ID
from payments.prover.standings import Standings
from payments.shop.catalogue import Shop

GIBBERISH: Final = "qwerty"
_NEVER: Final = 0
"""The visit of a button that stands for all old ones."""
_ALIKE: Final = 3
"""So many rows of one message are all tapped; of more, and of goods, one of each kind."""


def said(label: str, event: events.Event) -> Event:
    """Return the event of what the customer does. `label` is its line in a chat."""
    return Event(label, EventKind.CHAT, {"event": events.to_json(event), "name": NAME, "quote": None})


class Customer:
    """What the customer may do in one slice of the search. It follows from their conversation alone."""

    def __init__(self, flow: Flow, standings: Standings, part: Slice) -> None:
        self._flow, self._standings, self._part = flow, standings, part
        self._known: dict[int, list[Event]] = {}

    def doings(self, standing: int) -> list[Event]:
        """Return what the customer may do where Munshi stands so."""
        chat = self._standings.chats[standing]
        known = self._known.get(chat)
        if known is None:
            conversation = self._standings.values[standing].conversation
            known = self._known[chat] = _doings(self._flow, conversation, self._part)
        return known


def _doings(flow: Flow, conversation: Conversation, part: Slice) -> list[Event]:
    triggers = part.triggers
    state = flow.states.get(conversation.state) or flow.states[flow.start]
    found = [
        *_taps(flow, conversation, part.shuns),
        *(_old_taps(flow, state, triggers) if conversation.state else ()),
        *_words(state, triggers),
        *_answers(flow, state),
        said(f"customer: {GIBBERISH}", events.TextReceived(GIBBERISH)),
        said("sends: sticker", events.Received("sticker")),
    ]
    return list({event.key: event for event in found}.values())


def _taps(flow: Flow, conversation: Conversation, shuns: frozenset[str]) -> Iterator[Event]:
    shop: Shop = flow.sections["shop"]
    known = [(title, reply, replies.decode(reply)) for title, reply in conversation.choices]
    offered = [one for one in known if not (isinstance(one[2], replies.ReplyId) and one[2].trigger in shuns)]
    by_trigger: dict[str, int] = {}
    for _, _, one in offered:
        if isinstance(one, replies.ReplyId):
            by_trigger[one.trigger] = by_trigger.get(one.trigger, 0) + 1
    seen: set[object] = set()
    for title, reply, one in offered:
        if not isinstance(one, replies.ReplyId):
            kind: object = "page"
        elif by_trigger[one.trigger] <= _ALIKE and one.value not in shop.skus:
            kind = (one.trigger, one.value)
        else:
            kind = (one.trigger, _kind(shop, one.value))
        if kind in seen:
            continue
        seen.add(kind)
        stale = not (isinstance(one, replies.ReplyId) and one.visit == FRESH)
        label = f'taps_id: "{reply}"' if stale else f"tap: {title}"
        yield said(label, events.Tapped(reply, title))


def _kind(shop: Shop, sku: str) -> object:
    """Return what sets the goods of a row apart from others: a rule can tell no more of them."""
    variants = any(product.sku == sku and product.variants for product in shop.products)
    return (variants, sku in shop.counted)


def _old_taps(flow: Flow, state: State, triggers: frozenset[str]) -> Iterator[Event]:
    """A tap on an old button: of each trigger that answers it here in its own way, and one for the others."""
    others = True
    for trigger in sorted(flow.offered):
        rules = [r for r in flow.rules if r.trigger == trigger and (not r.owner or r.owner in state.chain)]
        answers = [rule for rule in rules if rule.stale]
        # A word that fires the same rules says the same.
        typed = trigger in state.words.values() and len(answers) == len(rules)
        if answers and (typed or not (triggers is ANY or trigger in triggers)):
            continue
        if not answers and not others:
            continue
        others = others and bool(answers)
        reply = replies.encode(replies.place(ID, _NEVER), trigger, _value(flow, trigger))
        yield said(f'taps_id: "{reply}"', events.Tapped(reply, trigger.replace("_", " ")))


def _value(flow: Flow, trigger: str) -> str:
    """Return a value that a button of this trigger may carry: the first thing that is for sale."""
    shop: Shop = flow.sections["shop"]
    reads = any(
        rule.trigger == trigger and "value" in str(call.args)
        for rule in flow.rules
        for call in rule.reaction.do
    )
    return next(iter(shop.articles)) if reads and trigger != "rate" else ("5" if reads else "")


def _words(state: State, triggers: frozenset[str]) -> Iterator[Event]:
    first: dict[str, str] = {}
    for word, trigger in state.words.items():
        if triggers is ANY or trigger in triggers:
            first.setdefault(trigger, word)
    for word in first.values():
        yield said(f"customer: {word}", events.TextReceived(word))


def _answers(flow: Flow, state: State) -> Iterator[Event]:
    if state.ask is not None:
        for text in _values(flow, flow.variables[state.ask]):
            yield said(f"customer: {text}", events.TextReceived(text))
    if ADDRESS in state.triggers and state.ask is not None and flow.variables[state.ask].type == "address":
        pincode = _pincode(flow)
        form = filled_in({"address": "4 Lake Road", "city": "Pune", "pincode": pincode})
        label = f"fills: {{address: 4 Lake Road, city: Pune, pincode: {pincode}}}"
        yield said(label, form)


def _values(flow: Flow, variable: Variable) -> list[str]:
    """Return answers to a question: good ones, and one that is not."""
    shop: Shop = flow.sections["shop"]
    match variable.type:
        case "integer":
            return ["0", "1", "2", "1000000"]
        case "address":
            return [f"12 FC Road, Pune {_pincode(flow)}", "12 FC Road, Pune 999999"]
        case "pincode":
            return [_pincode(flow), "12"]
        case "email":
            return ["asha@example.org"]
        case "phone":
            return ["+919812345678"]
        case _:
            return [coupon.code for coupon in shop.coupons[:1]] + ["a few words"]


def _pincode(flow: Flow) -> str:
    shop: Shop = flow.sections["shop"]
    areas = shop.delivery.areas if shop.delivery else ()
    return str(areas[0].pincodes[0].first) if areas else "411001"
