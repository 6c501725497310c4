"""Where Munshi stands with one customer, in canonical form: one value for all histories that lead to it.

Times are as seen from `NOW`. Visits, numbers of events and whatever else only tells one history from another
are the same in all of them. A standing holds the values that the real step takes and gives, and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flows.engine.conversation import Conversation, Talk
from flows.messages import replies
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.processing.conversation_data import order_key_in
from payments.prover.alike import Alike
from payments.prover.clock import ASK_AGAIN, NOW, TOLD_CUSTOMER, USABLE_FOR
from payments.shop.catalogue import Shop
from payments.shop.orders import Attempt, AttemptStatus

ID: Final = "sim-1"
"""The customer's conversation, as the simulator calls it: so a chat that is found can be played there."""
FRESH: Final = 1
"""The visit of every state that the customer is in."""
EVENT: Final = 2
"""The number of every event. Those before it are number 1."""
_LIVE: Final = frozenset(
    {AttemptStatus.PLANNED, AttemptStatus.CREATING, AttemptStatus.CREATED, AttemptStatus.WITHDRAWING}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Munshi's side of one place of the search."""

    conversation: Conversation
    orders: Mapping[str, OrderState]
    """By key."""
    left: Mapping[str, int]
    taken: Mapping[str, int]
    next_number: int
    confirmed: frozenset[str] = frozenset()
    """Keys of the orders whose payment the customer was told of."""

    @property
    def rest_key(self) -> str:
        """A text for all but the conversation and what the orders hold: equal for equal values only."""
        known = (sorted(self.orders), sorted(self.left.items()), sorted(self.taken.items()))
        return repr((*known, sorted(self.confirmed)))

    @property
    def order(self) -> OrderState | None:
        """The order that the chat is about."""
        return self.orders.get(order_key_in(self.conversation.data) or "")

    @property
    def pieces(self) -> int:
        """Pieces in the cart."""
        return sum(quantity for _, quantity in self.conversation.data.get("cart", ()))

    @property
    def links(self) -> int:
        """The most links that one of the orders has had."""
        return max((len(state.attempts) for state in self.orders.values()), default=0)


def canonical(standing: Standing, shop: Shop, alike: Alike, over: frozenset[str] = frozenset()) -> Standing:
    """Return `standing` in canonical form, when the clocks called `over` have run out. See `clocks`."""
    orders = {key: _order(state, shop, over) for key, state in standing.orders.items()}
    conversation = _conversation(standing.conversation, shop, alike, over)
    return replace(standing, conversation=conversation, orders=orders)


def clocks(standing: Standing, shop: Shop) -> dict[str, int]:
    """Return the clocks of a standing that has just come about: by name, how long each runs.

    In milliseconds. Rules see of a time only on which side of such a clock it lies: a standing keeps no more.
    """
    found = {ASKED: ASK_AGAIN} if standing.conversation.data.get("asked_at", 0) + ASK_AGAIN > NOW else {}
    for key, state in standing.orders.items():
        within = shop.cancel.within if shop.cancel else None
        if within and state.goods_due and state.order.placed_at + within > NOW:
            found[f"cancel {key}"] = within
        for attempt in state.attempts:
            if attempt.status in _LIVE and attempt.expires_at > NOW + USABLE_FOR:
                found[f"nearly {attempt.reference_id}"] = shop.payment_link_life - USABLE_FOR
            if attempt.status in _LIVE and attempt.expires_at > NOW:
                found[f"over {attempt.reference_id}"] = shop.payment_link_life
        if state.waits_for_capture:
            young = [
                f
                for f in state.facts
                if f.state is FactState.AUTHORIZED and f.at * 1000 + TOLD_CUSTOMER > NOW
            ]
            found |= {f"bank {fact.entity_id}": TOLD_CUSTOMER for fact in young}
    return found


ASKED: Final = "just asked"
"""A clock. Its name has a blank, as that of every clock: no state has one."""


def _conversation(conversation: Conversation, shop: Shop, alike: Alike, over: frozenset[str]) -> Conversation:
    fresh, state = conversation.visit, conversation.state
    choices = [(title, _renamed(reply, fresh)) for title, reply in conversation.choices]
    paged = _pages(choices)
    live = alike.live(state, paged)
    return replace(
        conversation,
        visits=(FRESH,) * len(conversation.visits),
        visit_count=FRESH,
        variables={name: value for name, value in conversation.variables.items() if name in live},
        data=_data(conversation.data, shop, over),
        sent_since=conversation.sent_since and state in alike.two_faced,
        choices=tuple(one for one in choices if not alike.is_word(state, one[1])),
        paged=tuple(sorted(paged)),
        talk=Talk(),
    )


def _pages(choices: Iterable[tuple[str, str]]) -> set[str]:
    """Return the lists of which a further page is offered. Of the others nobody asks for one."""
    offered = (replies.decode(reply) for _, reply in choices)
    return {one.message for one in offered if isinstance(one, replies.PageId)}


def _renamed(reply: str, fresh: int) -> str:
    """Return the id of a reply with its visit as FRESH, or as 0 if it is an earlier one."""
    place, _, rest = reply.partition("|")
    conversation, _, visit = place.rpartition(".")
    return f"{replies.place(conversation, FRESH if int(visit) == fresh else 0)}|{rest}"


def _data(data: Mapping[str, Any], shop: Shop, over: frozenset[str]) -> Mapping[str, Any]:
    kept = dict(data)
    kept.pop("spent", None)  # nobody asks for so much in a search
    asked = kept.pop("asked_at", 0)
    if asked + ASK_AGAIN > NOW and ASKED not in over:
        kept["asked_at"] = NOW
    if handed := kept.get("handover"):
        quiet = NOW - shop.handover.quiet
        kept["handover"] = [quiet, quiet, handed[2]]
    if said := kept.get("checkout"):
        kept["checkout"] = {**said, "agreed": 1} if said.get("agreed") else said
    return kept


def _order(state: OrderState, shop: Shop, over: frozenset[str]) -> OrderState:
    within, order = shop.cancel.within if shop.cancel else None, state.order
    late = within and (f"cancel {state.key}" in over or order.placed_at + within <= NOW)
    placed = NOW - (within or 0) if late else NOW
    if (order.placed_at, order.placed_by) != (placed, 1):
        order = replace(order, placed_at=placed, placed_by=1)
    facts = tuple(sorted((_fact(fact, over) for fact in state.facts), key=lambda fact: fact.identity))
    attempts = tuple(_attempt(attempt, shop, over) for attempt in state.attempts)
    return replace(state, order=order, facts=facts, attempts=attempts, stage_at=NOW if state.stage else 0)


def _attempt(attempt: Attempt, shop: Shop, over: frozenset[str]) -> Attempt:
    left = attempt.expires_at - NOW if attempt.status in _LIVE else 0
    if left <= 0 or f"over {attempt.reference_id}" in over:
        left = 0
    elif left <= USABLE_FOR or f"nearly {attempt.reference_id}" in over:
        left = USABLE_FOR
    else:
        left = shop.payment_link_life
    return attempt if NOW + left == attempt.expires_at else replace(attempt, expires_at=NOW + left)


def _fact(fact: Fact, over: frozenset[str]) -> Fact:
    waits = fact.reports(EntityType.PAYMENT, FactState.AUTHORIZED)
    old = waits and (f"bank {fact.entity_id}" in over or fact.at * 1000 + TOLD_CUSTOMER <= NOW)
    at = (NOW - TOLD_CUSTOMER if old else NOW) // 1000
    return fact if at == fact.at else replace(fact, at=at)
