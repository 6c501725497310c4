"""What is told of a card may come in any order: the end is the same, and nobody has two things to pay."""

from collections import Counter
from math import factorial

import pytest

from flows.engine.model import Flow
from payments.processing.results import LinkKept
from payments.shop.orders import Lifecycle
from tests.builders import InboxBody, chat
from tests.payments.card_shop import answer, card_of, cards_of, closed, hint, indian, refused
from tests.payments.memory_shop import MemoryShop
from tests.payments.plays import Play, count, ends, same
from tests.payments.razorpay_model import Razorpay


def a_card(flow: Flow) -> tuple[Play, str]:
    """An order with a card that the customer was shown; then they ask for another way to pay."""
    store: MemoryShop = indian(flow)
    razorpay, card = Razorpay(), card_of(store)
    [shown] = cards_of(store)
    assert shown.bill
    razorpay.show(card, shown.bill.total)
    store.take(chat("retry"))
    store.messages.clear()
    return Play(store, razorpay, [], []), card


def paid(play: Play, card: str, *states: str) -> list[InboxBody]:
    razorpay, before = play.razorpay, len(play.razorpay.webhooks)
    link = razorpay.links[card]
    payment = razorpay.try_to_pay(link, link.amount)
    for state in states:
        razorpay.move(payment, state)
    return [*razorpay.webhooks[before:], hint(card, f"order_{card}", link.amount)]


@pytest.mark.parametrize("states", [("authorized", "captured"), ("failed", "captured")])
def test_a_card_that_was_paid_while_it_was_to_be_closed(paying_flow: Flow, states: tuple[str, ...]) -> None:
    play, card = a_card(paying_flow)
    events = [*paid(play, card, *states), answer(LinkKept(card, "2047"))]
    ways = list(ends(play, events))
    assert count(ways) == factorial(len(events))
    finished = [way.play.finish() for way in ways]
    money = same([play.money for play in finished])
    assert money["refunds"] == {}
    [order] = money["orders"].values()
    assert (order[1], dict(order[-1])[1]) == (Lifecycle.FULFILLED, "paid")
    assert {len(play.razorpay.links) for play in finished} == {1}, "no link was made beside it"
    told = [Counter(name for name in play.told if name == "payment_successful") for play in finished]
    assert same(told) == {"payment_successful": 1}


@pytest.mark.parametrize("last", ["closed", "refused"])
def test_a_card_that_nobody_paid_makes_way_for_one_link(paying_flow: Flow, last: str) -> None:
    play, card = a_card(paying_flow)
    events = [closed(card) if last == "closed" else refused(card)]
    [way] = ends(play, events, times=2)
    end = way.play.finish()
    [link] = [link for link in end.razorpay.links.values() if not link.is_card]
    assert link.status == "created"
    assert [one.reference_id for one in end.store.orders[end.store.current].payable] == [link.reference]
