"""Links that lost books made for an order in these: they are adopted, with all payments on them."""

from dataclasses import replace

from payments.ledger.calls import CancelLink, CloseCard, CreateLink
from payments.ledger.facts import Fact
from payments.processing.changes import Outcome
from payments.shop.orders import AttemptStatus, Lifecycle, order_key_of
from tests.builders import (
    InboxBody,
    chat,
    link_found,
    link_of,
    link_refused,
    link_withdrawn,
    payment_of,
    webhook,
)
from tests.payments.card_shop import captured_on, card_of, closed
from tests.payments.memory_shop import NOW, MemoryShop

LATER = NOW + 60 * 60_000


def found(key: str, status: str, *facts: Fact, letters: str = "lost") -> InboxBody:
    """Word of the order's second link, whose reference id ends with the random `letters`."""
    return link_found(f"{key}.2{letters}", f"plink_{key}.2", status, *facts)


def expired(store: MemoryShop) -> str:
    key = store.order_with_link()
    store.take(webhook(link_of(key, "expired")), now=LATER)
    return key


def test_what_was_paid_on_it_settles_the_order(store: MemoryShop) -> None:
    key = expired(store)
    store.take(found(key, "paid", payment_of(key, "captured", ordinal=2), link_of(key, "paid", 2)), now=LATER)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert store.said[-1] == "payment_successful"
    assert store.status(key, 2) is AttemptStatus.PAID
    assert [poll.reference_id for poll in store.last.polls] == [f"{key}.2lost"]


def test_paid_twice_by_both_books_the_second_goes_back(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured"), link_of(key, "paid")))
    store.take(found(key, "paid", payment_of(key, "captured", id="pay_2", ordinal=2)), now=LATER)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert [(refund.payment_id, refund.amount) for refund in store.orders[key].refunds] == [("pay_2", 18_000)]


def test_one_that_can_still_be_paid_is_cancelled_before_another_is_made(store: MemoryShop) -> None:
    key = expired(store)
    store.take(found(key, "created"), now=LATER)
    assert store.last.calls == (CancelLink(f"{key}.2lost", f"plink_{key}.2"),)
    store.take(chat("retry"), now=LATER)
    assert not [call for call in store.last.calls if isinstance(call, CreateLink)]
    store.take(link_withdrawn(f"{key}.2lost", link_id=f"plink_{key}.2"), now=LATER)
    [made] = [call for call in store.last.calls if isinstance(call, CreateLink)]
    assert made.reference_id == f"{key}.3", "no ordinal comes twice"


def test_found_again_it_changes_nothing(store: MemoryShop) -> None:
    key = expired(store)
    store.take(found(key, "expired", link_of(key, "expired", 2)), now=LATER)
    before = store.orders[key]
    store.take(found(key, "expired", link_of(key, "expired", 2)), now=LATER)
    assert store.outcomes == [Outcome.IGNORED]
    assert store.orders[key] == before


SOON = NOW + 19 * 60_000


def planned(store: MemoryShop) -> str:
    """An order whose second link waits for the end of the first."""
    key = store.order_with_link()
    store.take(chat("retry"), now=SOON)
    assert store.status(key, 2) is AttemptStatus.PLANNED
    return key


def test_paid_on_the_link_that_was_only_planned_here_the_order_is_paid(store: MemoryShop) -> None:
    key = planned(store)
    told = found(key, "paid", payment_of(key, "captured", ordinal=2), link_of(key, "paid", 2), letters="")
    store.take(told, now=SOON)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert (store.said[-1], store.status(key, 2)) == ("payment_successful", AttemptStatus.PAID)


def test_who_waits_for_a_planned_link_that_must_be_cancelled_gets_another(store: MemoryShop) -> None:
    key = planned(store)
    store.take(found(key, "created", letters=""), now=SOON)
    assert store.last.calls[0] == CancelLink(f"{key}.2", f"plink_{key}.2")
    assert store.status(key, 3) is AttemptStatus.PLANNED
    store.take(link_withdrawn(f"{key}.1"), now=SOON)
    assert not [call for call in store.last.calls if isinstance(call, CreateLink)]
    store.take(link_withdrawn(f"{key}.2"), now=SOON)
    [made] = [call for call in store.last.calls if isinstance(call, CreateLink)]
    assert made.reference_id == f"{key}.3"


def test_paid_on_a_link_that_was_refused_here_the_order_is_paid(store: MemoryShop) -> None:
    """As where the planned link was requested before lost links were looked for."""
    key = planned(store)
    store.take(link_withdrawn(f"{key}.1"), now=SOON)
    store.take(link_refused(f"{key}.2"), now=SOON)
    told = found(key, "paid", payment_of(key, "captured", ordinal=2), link_of(key, "paid", 2), letters="")
    store.take(told, now=SOON)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED


def test_a_link_that_is_being_made_here_is_left_to_its_own_call(store: MemoryShop) -> None:
    key = planned(store)
    store.take(link_withdrawn(f"{key}.1"), now=SOON)
    assert store.status(key, 2) is AttemptStatus.CREATING
    store.take(found(key, "created", letters=""), now=SOON)
    assert (store.outcomes, store.last.calls) == ([Outcome.IGNORED], ())


def a_planned_card(paying: MemoryShop) -> str:
    """The reference of the second order's card, which waits for the end of the first one's."""
    card_of(paying)
    new = paying.order()
    [attempt] = paying.orders[new].attempts
    assert (attempt.is_card, attempt.status) == (True, AttemptStatus.PLANNED)
    return attempt.reference_id


def test_a_card_that_lost_books_showed_is_closed_in_its_chat(asha: MemoryShop) -> None:
    card = a_planned_card(asha)
    asha.take(link_found(card, card, "created"))
    assert CloseCard(card, "This can no longer be paid here.") in asha.last.calls
    assert not [call for call in asha.last.calls if isinstance(call, CancelLink)]
    asha.take(closed(card))
    assert asha.status(order_key_of(card)) is AttemptStatus.CANCELLED


def test_what_was_paid_on_it_is_the_order_s(asha: MemoryShop) -> None:
    card = a_planned_card(asha)
    key, total = order_key_of(card), asha.orders[order_key_of(card)].order.total
    asha.take(link_found(card, card, "paid", replace(captured_on(card), amount=total)))
    assert asha.orders[key].lifecycle is Lifecycle.FULFILLED
    assert asha.said[-1] == "payment_successful"
