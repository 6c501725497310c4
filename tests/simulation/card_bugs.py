"""Planted bugs of cards in the chat: paid by Meta's word, payable beside a link, never closed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from bot import ingest
from bot.whatsapp.payment_news import PaymentHint
from bot.workers import executor
from flows.messages import kinds
from flows.messages.kinds import Payment, Sendable
from payments.ledger import facts
from payments.ledger.facts import Detail, EntityType, FactState
from payments.ledger.state import OrderState
from payments.processing import advance, card_results, cards
from payments.processing.results import LinkKept, LinkWithdrawn, Result
from payments.processing.shop_state import ShopState
from payments.processing.turn import Turn
from payments.shop.orders import LinkStatus, is_card
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Done
from tests.simulation.planted import Row


def _count_hints(patch: pytest.MonkeyPatch, id_of: Callable[[PaymentHint], str]) -> None:
    """Take what Meta says for a capture of the payment that `id_of` names."""
    original = ingest._hint

    def as_money(hint: PaymentHint, phone_number_id: str) -> Arrival:
        arrival = original(hint, phone_number_id)
        [told] = map(facts.from_json, arrival.body["facts"])
        money = replace(told, entity=EntityType.PAYMENT, entity_id=id_of(hint), state=FactState.CAPTURED)
        return replace(arrival, body={**arrival.body, "facts": [facts.to_json(money)]})

    patch.setattr(ingest, "_hint", as_money)


def metas_word_is_money(patch: pytest.MonkeyPatch) -> None:
    _count_hints(patch, lambda hint: str(hint.fragment["payment"]["transaction"]["pg_transaction_id"]))


def a_hint_and_a_webhook_are_two_payments(patch: pytest.MonkeyPatch) -> None:
    _count_hints(patch, lambda hint: hint.order_id)


def what_another_account_got_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(advance, "Detail", lambda *, link, mismatch: Detail(link=link))


def a_card_is_nothing_to_pay(patch: pytest.MonkeyPatch) -> None:
    payable = OrderState.payable.fget  # type: ignore[attr-defined]

    def without_cards(state: OrderState) -> tuple[Any, ...]:
        return tuple(attempt for attempt in payable(state) if not attempt.is_card)

    patch.setattr(OrderState, "payable", property(without_cards))


def taken_is_closed(patch: pytest.MonkeyPatch) -> None:
    with_result = executor._with_result

    def with_its_end(delivery: Any, outcome: Any) -> Any:
        ended = card_results.arrived(kinds.from_json(delivery.payload), failed=False)
        return replace(outcome, result=ended) if isinstance(outcome, Done) else with_result(delivery, outcome)

    patch.setattr(executor, "_with_result", with_its_end)


def a_refused_closing_is_the_end(patch: pytest.MonkeyPatch) -> None:
    unsent = card_results.unsent

    def unsent_or_ended(message: Sendable, reason: str, **of: bool) -> Result | None:
        result = unsent(message, reason, **of)
        if isinstance(result, LinkKept):
            return LinkWithdrawn(result.reference_id, result.reference_id, LinkStatus.CANCELLED)
        return result

    patch.setattr(card_results, "unsent", unsent_or_ended)


def what_may_have_arrived_has_not(patch: pytest.MonkeyPatch) -> None:
    refused = advance._card_refused

    def surely_refused(turn: Turn, before: OrderState, card: Any, body: Any) -> advance.Done:
        return refused(turn, before, card, replace(body, certain=True))

    patch.setattr(advance, "_card_refused", surely_refused)


def what_arrives_late_stays_open(patch: pytest.MonkeyPatch) -> None:
    arrived = card_results.arrived

    def arrived_closings(message: Sendable, *, failed: bool) -> Result | None:
        return arrived(message, failed=False)

    patch.setattr(card_results, "arrived", arrived_closings)


def ended_orders_keep_their_cards(patch: pytest.MonkeyPatch) -> None:
    withdraw = ShopState.withdraw

    def unless_a_card(self: ShopState, reference: str) -> ShopState:
        withdrawn = withdraw(self, reference)
        return withdrawn._replace(calls=self.calls) if is_card(reference) else withdrawn

    patch.setattr(ShopState, "withdraw", unless_a_card)


def a_refused_card_is_the_end(patch: pytest.MonkeyPatch) -> None:
    unsent = card_results.unsent

    def unsent_updates(message: Sendable, reason: str, **of: bool) -> Result | None:
        return None if isinstance(message, Payment) else unsent(message, reason, **of)

    patch.setattr(card_results, "unsent", unsent_updates)


def cards_are_never_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cards, "is_over", lambda *_: False)


def cards_are_not_asked_about(patch: pytest.MonkeyPatch) -> None:
    say = Turn._say

    def say_without_polls(self: Turn, *args: Any) -> None:
        before = len(self.polls)
        say(self, *args)
        del self.polls[before:]

    patch.setattr(Turn, "_say", say_without_polls)


_PAYS: Final = "pays a card"
_ELSEWHERE: Final = "a card is said to be paid elsewhere"
_CLOSING: Final = "pays a card that is to be closed"

CARD_ROWS: Final = (
    Row(
        "meta_says_captured_razorpay_not",
        "a card is paid by Meta's word",
        metas_word_is_money,
        "a card is said to be paid",
        "INV3",
    ),
    Row("M20", "a hint and a webhook are two payments", a_hint_and_a_webhook_are_two_payments, _PAYS, "INV1"),
    Row("M11", "what another account got counts", what_another_account_got_counts, _ELSEWHERE, "INV3"),
    Row(
        "card_and_link_payable",
        "a link is asked for while the card can be paid",
        a_card_is_nothing_to_pay,
        "wants another way than the card",
        "INV10",
    ),
    Row(
        "card_and_link_payable",
        "what closes a card counts once it is taken",
        taken_is_closed,
        _CLOSING,
        "INV10",
    ),
    Row(
        "card_and_link_payable",
        "a card that Meta does not close counts as closed",
        a_refused_closing_is_the_end,
        _CLOSING,
        "INV10",
    ),
    Row(
        "card_and_link_payable",
        "a card that may have arrived is not closed",
        what_may_have_arrived_has_not,
        "no receipt of a card comes",
        "INV10",
        "card",
    ),
    Row(
        "card_and_link_payable",
        "a card that arrives after it failed stays open",
        what_arrives_late_stays_open,
        "a card is said to have failed, and arrives",
        "the books say",
    ),
    Row(
        "M13",
        "the card of a cancelled order stays",
        ended_orders_keep_their_cards,
        "cancels an order with a card",
        "the books say",
    ),
    Row(
        "C13",
        "a refused card brings no link",
        a_refused_card_is_the_end,
        "a card is refused",
        "nobody heard",
    ),
    Row(
        "C13",
        "the end of a card's time is not seen",
        cards_are_never_over,
        "lets a card expire",
        "nobody heard",
    ),
    Row(
        "M06",
        "nobody asks about a card",
        cards_are_not_asked_about,
        "pays a card, and nobody says so",
        "INV1",
    ),
)
"""As in `planted.ROWS`. Links and cards have the same books; these are the bugs that only a card can have."""
