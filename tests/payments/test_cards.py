"""An order is paid by a card in the chat, and by a link where there can be no card. Never by both."""

from dataclasses import replace

import pytest

from flows.engine.model import Flow
from flows.messages.kinds import Link
from payments.ledger.calls import CloseCard, CreateLink, FetchCard
from payments.ledger.facts import FactState
from payments.ledger.state import OrderState, PaymentStatus
from payments.processing import cards
from payments.processing.cards import GRACE
from payments.processing.results import CardArrived, CardPaidElsewhere, LinkKept
from payments.processing.results import to_json as result_to_json
from payments.processing.step_input import EventKind
from payments.shop.catalogue import Shop
from payments.shop.order_terms import Destination, Fulfilment
from payments.shop.orders import AttemptStatus, Lifecycle
from payments.shop.whatsapp_pay import WhatsAppPay, switch_of
from tests.builders import (
    PACKET,
    InboxBody,
    chat,
    fact,
    link_created,
    order,
    payment,
    payments_fetched,
    poll,
    request,
    webhook,
)
from tests.payments.card_shop import (
    ASHA,
    answer,
    captured_on,
    card_flow,
    card_of,
    cards_of,
    closed,
    hint,
    indian,
    refused,
    with_cards,
)
from tests.payments.memory_shop import NOW, MemoryShop
from tests.payments.two_orders import requested_links

LIFE = 1_200_000


def test_a_card_is_shown_with_the_orders_own_sums_and_can_be_paid_from_then_on(asha: MemoryShop) -> None:
    key = asha.order()
    [shown] = cards_of(asha)
    state = asha.orders[key]
    assert asha.last.calls == ()
    assert state.attempts[0].status is AttemptStatus.CREATED
    assert (shown.card, state.attempts[0].link_id) == (f"{key}.c1", f"{key}.c1")
    bill = shown.bill
    assert bill is not None
    assert (bill.order, bill.total, bill.goods, bill.expires_at) == (key, PACKET, PACKET, NOW + LIFE)
    assert [(line.sku, line.price, line.quantity) for line in bill.lines] == [("masala-250", PACKET, 1)]
    assert [(one.reference_id, one.since) for one in asha.polls] == [(f"{key}.c1", NOW)]
    assert (asha.conversation.state, state.payable) == ("awaiting_payment", state.attempts)


def test_what_our_own_keys_see_pays_it(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(
        payments_fetched(
            card, captured_on(card), fact("payment_link", "paid", card, PACKET, order_key=asha.current)
        )
    )
    assert asha.order_state.status is PaymentStatus.PAID
    assert asha.said[-1] == "payment_successful"
    assert asha.order_state.attempts[0].status is AttemptStatus.PAID


def test_razorpays_webhook_names_no_card_and_is_looked_up(asha: MemoryShop) -> None:
    card = card_of(asha)
    told = replace(captured_on(card), detail=replace(captured_on(card).detail, link=""))
    order = fact("order", "paid", "order_1", PACKET, order_key=asha.current)
    assert asha.take(webhook(told, order)).calls == (FetchCard(card, hinted=("order_1",)),)
    assert asha.order_state.status is PaymentStatus.HELD
    assert "payment_successful" not in asha.said
    asha.take(payments_fetched(card, captured_on(card)))
    assert (asha.order_state.status, asha.said[-1]) == (PaymentStatus.PAID, "payment_successful")
    assert asha.order_state.held == 0


def test_meta_says_captured_razorpay_not(asha: MemoryShop) -> None:
    card = card_of(asha)
    assert asha.take(hint(card, "order_1", PACKET)).calls == (FetchCard(card, hinted=("order_1",)),)
    asha.take(payments_fetched(card))
    assert (asha.order_state.status, asha.order_state.lifecycle) == ("unpaid", Lifecycle.OPEN)
    assert "payment_successful" not in asha.said
    asha.take(payments_fetched(card, captured_on(card)))
    assert asha.order_state.status == "paid"


def test_what_an_account_that_is_not_ours_got_is_held(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(hint(card, "order_1", PACKET))
    elsewhere = (EventKind.RESULT, result_to_json(CardPaidElsewhere(card, "order_1")))
    asha.take(elsewhere)
    state = asha.order_state
    assert (state.status, state.held, state.fulfilled) == (PaymentStatus.HELD, PACKET, 0)
    assert state.held_for is not None
    assert state.held_for.mismatch == "account"
    asha.take(elsewhere)
    assert asha.order_state.held == PACKET, "the same word once more changes nothing"


def test_word_of_an_account_that_nobody_hinted_at_changes_nothing(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take((EventKind.RESULT, result_to_json(CardPaidElsewhere(card, "order_9"))))
    assert asha.order_state.status is PaymentStatus.UNPAID


def test_card_and_link_payable(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(chat("retry"))
    assert [type(call) for call in asha.last.calls] == [CloseCard]
    assert asha.last.calls == (CloseCard(card, "This can no longer be paid here."),)
    first, second = asha.order_state.attempts
    assert (first.status, second.status) == (AttemptStatus.WITHDRAWING, AttemptStatus.PLANNED)
    assert not second.is_card, "who asks again wants another way to pay"
    asha.take(closed(card))
    assert requested_links(asha) == [second.reference_id]
    asha.take(link_created(second.reference_id))
    assert [type(say.message) for say in asha.last.messages] == [Link]
    assert [one.reference_id for one in asha.order_state.payable] == [second.reference_id]


def test_a_card_that_cannot_be_closed_stands_in_the_way_until_its_time_is_over(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(chat("retry"))
    asha.take(answer(LinkKept(card, "2047")))
    assert asha.said[-1] == "earlier_link_open"
    assert requested_links(asha) == []
    assert asha.last.notices == (), "it ends by itself: an operator can do nothing"
    late = NOW + LIFE + GRACE
    asha.take(chat("retry"), now=late)
    assert FetchCard(card, over=True) in asha.last.calls
    expired = fact("payment_link", "expired", card, 0, order_key=asha.current)
    asha.take(payments_fetched(card, expired), now=late)
    assert len(requested_links(asha)) == 1


def test_a_card_waits_for_the_end_of_an_earlier_link(asha: MemoryShop) -> None:
    del asha.phones["c-1"]
    old = asha.order_with_link()
    asha.phones["c-1"] = ASHA
    new = asha.order()
    [planned] = asha.orders[new].attempts
    assert (planned.status, planned.is_card, cards_of(asha)) == (AttemptStatus.PLANNED, True, [])
    asha.take(closed(f"{old}.1"))
    [shown] = cards_of(asha)
    assert (shown.card, asha.status(new)) == (planned.reference_id, AttemptStatus.CREATED)
    assert (asha.orders[old].payable, len(asha.orders[new].payable)) == ((), 1)


def test_a_new_order_closes_the_earlier_ones_card_first(asha: MemoryShop) -> None:
    card = card_of(asha)
    new = asha.order()
    assert [type(call) for call in asha.last.calls] == [CloseCard]
    assert cards_of(asha) == []
    asha.take(closed(card))
    assert [shown.card for shown in cards_of(asha)] == [f"{new}.c1"]


def test_paid_while_it_is_closed_the_card_counts_and_no_link_is_made(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(chat("retry"))
    asha.take(payments_fetched(card, captured_on(card)), closed(card))
    assert requested_links(asha) == []
    assert asha.order_state.status is PaymentStatus.PAID


def test_a_poll_finds_what_no_webhook_told_and_sees_its_time_over(asha: MemoryShop) -> None:
    card = card_of(asha)
    [first] = asha.polls
    assert asha.take(poll(first), now=first.due).calls == (FetchCard(card, refunding=[]),)
    late = NOW + LIFE + GRACE
    assert asha.take(poll(first), now=late).calls == (FetchCard(card, refunding=[], over=True),)
    expired = fact("payment_link", "expired", card, 0, order_key=asha.current)
    asha.take(payments_fetched(card, expired), now=late)
    assert asha.order_state.lifecycle is Lifecycle.LAPSED
    assert asha.said[-1] == "link_expired"
    asha.take(chat("retry"), now=late)
    assert len(requested_links(asha)) == 1, "nothing stands in the way any more"


def test_a_card_is_asked_about_as_soon_as_its_time_is_over(asha: MemoryShop) -> None:
    card_of(asha)
    [first] = asha.polls
    third = replace(first, nth=3)
    asha.take(poll(third), now=third.due)
    [at_its_end] = asha.last.polls
    assert NOW + LIFE + GRACE <= at_its_end.due < NOW + LIFE + GRACE + 60_000
    asha.take(poll(at_its_end), now=at_its_end.due)
    assert asha.last.polls[0].due > at_its_end.due + 60_000, "the gaps grow again"


# The link instead


def bought_by(store: MemoryShop) -> str:
    key = store.order()
    assert cards_of(store) == []
    assert [type(call) for call in store.last.calls] == [CreateLink]
    return key


@pytest.mark.parametrize("phone", ["", "971500000001"])
def test_no_card_outside_india(asha: MemoryShop, phone: str) -> None:
    asha.phones["c-1"] = phone
    bought_by(asha)


def test_no_card_while_the_configuration_is_not_active(asha: MemoryShop) -> None:
    asha.off = frozenset({switch_of("razorpay-main")})
    bought_by(asha)
    asha.off = frozenset()


THERE = Destination(Fulfilment.DELIVERY, address="4 Lake Road", pincode="411001")


@pytest.mark.parametrize(
    ("to", "city"),
    [(THERE, ""), (replace(THERE, pincode=""), "Pune"), (replace(THERE, address=""), "Pune")],
)
def test_no_card_for_what_is_delivered_where_the_town_or_the_address_is_not_known(
    paying_flow: Flow, to: Destination, city: str
) -> None:
    shop: Shop = paying_flow.sections["shop"]
    terms = WhatsAppPay(configuration="razorpay-main", catalogue="3", city=city)
    assert not cards.possible(going(to), with_terms(shop, terms), ASHA, ())
    whole = with_terms(shop, WhatsAppPay(configuration="razorpay-main", catalogue="3", city="Pune"))
    assert cards.possible(going(THERE), whole, ASHA, ())
    assert cards.possible(going(Destination(Fulfilment.PICKUP)), with_terms(shop, terms), ASHA, ())


def going(to: Destination) -> OrderState:
    return OrderState(replace(order(), to=to))


def with_terms(shop: Shop, terms: WhatsAppPay) -> Shop:
    return shop.model_copy(update={"whatsapp_pay": terms})


def test_a_refused_card_becomes_a_link_at_once_and_the_customer_hears_of_no_refusal(
    asha: MemoryShop,
) -> None:
    card = card_of(asha)
    said = len(asha.said)
    asha.take(refused(card))
    [link] = requested_links(asha)
    assert asha.status(asha.current) is AttemptStatus.REFUSED
    asha.take(link_created(link))
    assert asha.said[said:] == ["complete_payment"]
    assert isinstance(asha.last.messages[0].message, Link)


def test_a_card_that_may_have_arrived_is_closed_before_there_is_a_link(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(refused(card, certain=False))
    assert [type(call) for call in asha.last.calls] == [CloseCard]
    assert requested_links(asha) == []
    asha.take(closed(card))
    assert len(requested_links(asha)) == 1


def test_a_card_that_arrives_after_it_was_refused_is_closed(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(refused(card))
    [link] = requested_links(asha)
    asha.take(link_created(link))
    asha.take(answer(CardArrived(card)))
    assert asha.last.calls == (CloseCard(card, "This can no longer be paid here."),)
    assert asha.order_state.attempts[0].status is AttemptStatus.WITHDRAWING
    assert asha.order_state.link == asha.order_state.attempts[1], "the customer keeps the link"
    asha.take(closed(card), answer(CardArrived(card)))
    assert not asha.last.calls, "another copy of the news changes nothing"
    assert [one.reference_id for one in asha.order_state.payable] == [link]


def declined_on(card: str) -> InboxBody:
    failed = replace(captured_on(card, "pay_9"), state=FactState.FAILED)
    return payments_fetched(card, failed)


def test_a_declined_card_is_told(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(declined_on(card))
    assert asha.said[-1] == "payment_failed"
    assert not requested_links(asha)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_card_that_was_declined_and_given_up_since_is_no_news(asha: MemoryShop, *, replaced: bool) -> None:
    card = card_of(asha)
    asha.take(chat("retry"))
    if replaced:
        asha.take(closed(card))
        asha.take(link_created(requested_links(asha)[0]))
    said = len(asha.said)
    asha.take(declined_on(card))
    assert asha.said[said:] == []
    assert asha.conversation.state == "awaiting_payment"


def test_a_card_that_arrives_and_is_paid_before_it_is_closed_counts(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(refused(card))
    [link] = requested_links(asha)
    asha.take(link_created(link))
    asha.take(answer(CardArrived(card)), payments_fetched(card, captured_on(card)))
    assert asha.order_state.status is PaymentStatus.PAID
    assert asha.order_state.attempts[1].status is AttemptStatus.WITHDRAWING, "nobody can pay it too"


def test_a_card_that_is_being_closed_and_was_refused_makes_way_for_the_link(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(chat("retry"))
    asha.take(refused(card))
    assert len(requested_links(asha)) == 1


def test_a_cancelled_orders_refused_card_brings_no_link(asha: MemoryShop) -> None:
    card = card_of(asha)
    asha.take(chat("cancel"))
    asha.take(refused(card))
    assert requested_links(asha) == []


def test_the_rest_of_a_short_order_is_a_link(asha: MemoryShop) -> None:
    card = card_of(asha)
    part = payment("captured", PACKET - 5000, "pay_1", order_key=asha.current, link=card)
    asha.take(payments_fetched(card, part))
    assert [type(call) for call in asha.last.calls] == [CloseCard]
    asha.take(closed(card))
    [link] = requested_links(asha)
    assert not link.rpartition(".")[2].startswith("c")


def test_what_a_program_orders_is_paid_by_a_link(asha: MemoryShop) -> None:
    asha.take(request(("masala-250", 1)))
    assert len(requested_links(asha)) == 1


def test_a_card_that_no_message_shows_becomes_a_link(shop_text: str) -> None:
    text = with_cards(shop_text).replace("{say: complete_payment, to: awaiting_payment}", "{say: link_slow}")
    store = indian(card_flow(text))
    key = store.order()
    assert cards_of(store) == []
    assert [one.status for one in store.orders[key].attempts] == [
        AttemptStatus.REFUSED,
        AttemptStatus.CREATING,
    ]
    assert len(requested_links(store)) == 1
