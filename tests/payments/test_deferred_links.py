"""A new link is requested only once the link before it is known to be over."""

import pytest

from payments.ledger.calls import CancelLink, CreateLink
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import (
    chat,
    dispute,
    link_created,
    link_kept,
    link_of,
    link_refused,
    link_withdrawn,
    payment_of,
    payments_fetched,
    request,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop
from tests.payments.two_orders import LAST, LATER, LIFE, ordered_again, paid, requested_links


def test_a_new_order_waits_for_the_end_of_the_old_ones_link(store: MemoryShop) -> None:
    old, new = ordered_again(store)
    assert store.last.calls == (CancelLink(f"{old}.1", f"plink_{old}.1"),)
    assert (store.status(old), store.status(new)) == (AttemptStatus.WITHDRAWING, AttemptStatus.PLANNED)
    assert store.orders[new].lifecycle is Lifecycle.OPEN
    (call,) = store.take(link_withdrawn(f"{old}.1"), now=LATER).calls
    number = store.orders[new].order.number
    assert call == CreateLink(f"{new}.1", new, 36_000, "INR", f"Order #{number}", LATER + LIFE)
    assert store.status(new) is AttemptStatus.CREATING
    assert store.orders[new].attempts[0].expires_at == LATER + LIFE
    assert store.link.expires_at == LATER + LIFE
    store.take(link_created(f"{new}.1"))
    assert store.said[-1] == "complete_payment"


@pytest.mark.parametrize("status", ["expired", "cancelled"])
@pytest.mark.parametrize("road", ["cancelling", "webhook", "poll"])
def test_every_unpaid_end_lets_it_begin_once(store: MemoryShop, road: str, status: str) -> None:
    old, new = ordered_again(store)
    end = {
        "cancelling": link_withdrawn(f"{old}.1", status),
        "webhook": webhook(link_of(old, status)),
        "poll": payments_fetched(f"{old}.1", link_of(old, status)),
    }
    store.take(end[road])
    assert requested_links(store) == [f"{new}.1"]
    store.take(*end.values())
    assert requested_links(store) == []
    store.take(chat("retry"))
    assert (requested_links(store), len(store.orders[new].attempts)) == ([], 1)


@pytest.mark.parametrize("road", ["cancelling", "webhook", "poll", "capture alone"])
def test_paid_after_all_the_earlier_order_wins(store: MemoryShop, road: str) -> None:
    old, new = ordered_again(store)
    end = {
        "cancelling": link_withdrawn(f"{old}.1", "paid"),
        "webhook": paid(old),
        "poll": payments_fetched(f"{old}.1", payment_of(old, "captured"), link_of(old, "paid")),
        "capture alone": webhook(payment_of(old, "captured")),
    }
    store.take(end[road])
    assert requested_links(store) == []
    assert store.said[-1] == "earlier_order_paid"
    assert (store.status(new), store.orders[new].lifecycle) == (AttemptStatus.REFUSED, Lifecycle.LAPSED)
    store.take(paid(old), link_withdrawn(f"{old}.1", "paid"))
    assert store.said.count("earlier_order_paid") == store.said.count("payment_successful") == 1
    store.take(chat("retry"))
    assert requested_links(store) == [f"{new}.2"]
    assert (store.status(new, 2), store.orders[new].lifecycle) == (AttemptStatus.CREATING, Lifecycle.OPEN)


def test_a_link_that_razorpay_would_not_cancel_stands_in_the_way_and_an_operator_hears(
    store: MemoryShop,
) -> None:
    old, new = ordered_again(store)
    (notice,) = store.take(link_kept(f"{old}.1")).notices
    assert (notice.kind, notice.subject) == ("link", f"{old}.1")
    assert f"plink_{old}.1" in notice.said
    assert store.said[-1] == "earlier_link_open"
    assert (store.status(old), store.status(new)) == (AttemptStatus.WITHDRAWING, AttemptStatus.REFUSED)
    store.take(chat("retry"))
    assert store.last.calls == (CancelLink(f"{old}.1", None),)
    assert store.status(new, 2) is AttemptStatus.PLANNED
    store.take(link_withdrawn(f"{old}.1"))
    assert requested_links(store) == [f"{new}.2"]


def test_a_kept_link_that_ends_by_itself_is_out_of_the_way(store: MemoryShop) -> None:
    old, new = ordered_again(store)
    store.take(link_kept(f"{old}.1"), webhook(link_of(old, "expired")))
    assert requested_links(store) == []
    store.take(chat("retry"))
    assert (store.last.calls[0].__class__, requested_links(store)) == (CreateLink, [f"{new}.2"])


def test_word_that_a_link_was_kept_which_is_over_says_nothing(store: MemoryShop) -> None:
    old, new = ordered_again(store)
    store.take(link_withdrawn(f"{old}.1"))
    assert (store.take(link_kept(f"{old}.1")).notices, store.status(new)) == ((), AttemptStatus.CREATING)


def test_where_nothing_is_planned_only_an_operator_hears_of_a_kept_link(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(chat("cancel"))
    (notice,) = store.take(link_kept(f"{key}.1")).notices
    assert (notice.subject, store.orders[key].lifecycle) == (f"{key}.1", Lifecycle.OPEN)
    assert "earlier_link_open" not in store.said


def test_a_link_that_was_never_made_is_out_of_the_way(store: MemoryShop) -> None:
    old = store.order()
    new = store.order()
    assert store.last.calls == (CancelLink(f"{old}.1", None),)
    store.take(link_refused(f"{old}.1"))
    assert requested_links(store) == [f"{new}.1"]


def test_a_link_that_is_learned_of_late_is_waited_for(store: MemoryShop) -> None:
    old = store.order()
    new = store.order()
    store.take(link_created(f"{old}.1"))
    assert store.last.calls == (CancelLink(f"{old}.1", f"plink_{old}.1"),)
    store.take(link_withdrawn(f"{old}.1", link_id=None))
    assert store.last.calls == (CancelLink(f"{old}.1", f"plink_{old}.1"),)
    assert store.status(new) is AttemptStatus.PLANNED
    store.take(link_withdrawn(f"{old}.1"))
    assert requested_links(store) == [f"{new}.1"]


def test_a_plan_that_is_left_hands_on_what_it_waited_for(store: MemoryShop) -> None:
    first, second = ordered_again(store)
    third = store.order()
    assert store.status(second) is AttemptStatus.CANCELLED
    assert store.orders[second].lifecycle is Lifecycle.LAPSED
    assert store.status(third) is AttemptStatus.PLANNED
    store.take(webhook(link_of(second, "cancelled")))
    assert requested_links(store) == []
    store.take(link_withdrawn(f"{first}.1"))
    assert requested_links(store) == [f"{third}.1"]


def test_a_cancelled_plan_frees_its_goods_at_once_and_still_waits_when_it_is_wanted_again(
    store: MemoryShop,
) -> None:
    store.take(request(LAST))
    old = store.current
    store.take(link_created(f"{old}.1"), request(LAST))
    new = store.current
    assert store.left == {"kulhad-6": 0}
    assert store.take(chat("cancel")).calls == ()
    assert (store.status(new), store.orders[new].lifecycle) == (AttemptStatus.CANCELLED, Lifecycle.LAPSED)
    assert (store.left, store.order_state.lapsed) == ({"kulhad-6": 12}, True)
    store.take(chat("retry"))
    assert store.last.calls == (CancelLink(f"{old}.1", None),)
    assert (store.status(new, 2), store.left) == (AttemptStatus.PLANNED, {"kulhad-6": 0})
    store.take(link_withdrawn(f"{old}.1"))
    assert requested_links(store) == [f"{new}.2"]


def test_a_plan_that_took_too_long_gives_way_to_the_next(store: MemoryShop) -> None:
    old, new = ordered_again(store)
    store.take(chat("retry"), now=NOW + LIFE)
    assert store.last.calls == (CancelLink(f"{old}.1", None),)
    assert [attempt.status for attempt in store.orders[new].attempts] == ["cancelled", "planned"]
    store.take(link_withdrawn(f"{old}.1"))
    assert requested_links(store) == [f"{new}.2"]


def test_nothing_is_made_that_is_no_longer_wanted(store: MemoryShop) -> None:
    old, new = ordered_again(store)
    store.take(chat("cancel"), link_withdrawn(f"{old}.1"))
    assert (requested_links(store), store.status(new)) == ([], AttemptStatus.CANCELLED)
    store.take(chat("retry"))
    assert requested_links(store) == [f"{new}.2"]


def test_a_link_about_to_end_is_replaced_when_it_has(store: MemoryShop) -> None:
    key, soon = store.order_with_link(), NOW + LIFE - 60_000
    store.take(chat("retry"), now=soon)
    assert store.last.calls == (CancelLink(f"{key}.1", f"plink_{key}.1"),)
    assert store.status(key, 2) is AttemptStatus.PLANNED
    store.take(link_withdrawn(f"{key}.1"), now=soon + 5)
    assert requested_links(store) == [f"{key}.2"]
    assert store.orders[key].lifecycle is Lifecycle.OPEN
    assert store.link.expires_at == soon + 5 + LIFE


def test_paid_after_all_an_order_needs_no_other_link(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(chat("retry"), now=NOW + LIFE - 60_000)
    store.take(paid(key))
    assert (store.last.calls, store.said[-1]) == ((), "payment_successful")
    assert store.status(key, 2) is AttemptStatus.CANCELLED


def test_a_kept_link_of_the_same_order_can_still_pay_it(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(chat("retry"), now=NOW + LIFE - 60_000)
    store.take(link_kept(f"{key}.1"))
    assert (store.said[-1], store.status(key, 2)) == ("earlier_link_open", AttemptStatus.REFUSED)
    store.take(chat("retry"))
    assert store.last.calls == (CancelLink(f"{key}.1", f"plink_{key}.1"),)
    store.take(paid(key))
    assert (store.said[-1], store.orders[key].lifecycle) == ("payment_successful", Lifecycle.FULFILLED)
    assert store.status(key, 3) is AttemptStatus.CANCELLED


def test_the_rest_waits_for_the_end_of_the_link_that_was_paid_short(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured", 8_000)))
    assert (store.said[-1], store.status(key, 2)) == ("part_received", AttemptStatus.PLANNED)
    assert store.take(chat("pay now")).calls == ()
    assert store.said[-1] == "how_it_stands"
    store.take(link_withdrawn(f"{key}.1"))
    assert requested_links(store) == [f"{key}.2"]


@pytest.mark.parametrize("kept_instead", [False, True], ids=["cancelled", "kept"])
def test_without_a_link_for_the_rest_what_came_goes_back(store: MemoryShop, kept_instead: bool) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured", 8_000)))
    store.take(link_kept(f"{key}.1") if kept_instead else chat("cancel"))
    assert (store.said[-1], store.orders[key].lifecycle) == ("payment_returned", Lifecycle.RETURNED)
    assert sum(refund.amount for refund in store.orders[key].refunds) == 8_000


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_disputed_part_payment_ends_the_order_whose_rest_waits(store: MemoryShop, end: str) -> None:
    key = store.order_with_link()
    store.take(webhook(payment_of(key, "captured", 8_000)))
    store.take(webhook(dispute("created", 8_000, order_key=key, payment_id="pay_1")))
    store.take(link_withdrawn(f"{key}.1"))
    state = store.orders[key]
    assert (requested_links(store), state.planned, state.lifecycle) == ([], None, Lifecycle.RETURNED)
    assert (state.held, state.refunds) == (8_000, ())
    store.take(webhook(dispute(end, 8_000, order_key=key, payment_id="pay_1")))
    given_back = sum(refund.amount for refund in store.orders[key].refunds)
    assert given_back == (8_000 if end == "won" else 0), "what the bank has taken cannot be given back"


def test_a_link_of_an_order_that_the_bank_had_said_yes_to_ends_too(store: MemoryShop) -> None:
    old = store.order_with_link()
    store.take(webhook(payment_of(old, "authorized")))
    store.take(request(("ginger-250", 1)))
    assert store.last.calls == (CancelLink(f"{old}.1", f"plink_{old}.1"),)
    assert store.orders[old].lifecycle is Lifecycle.OPEN
    store.take(link_withdrawn(f"{old}.1"))
    assert len(requested_links(store)) == 1


def test_a_link_that_took_its_amount_is_in_nobodys_way(store: MemoryShop) -> None:
    old = store.order_with_link()
    store.take(webhook(payment_of(old, "captured")))
    assert store.status(old) is AttemptStatus.CREATED
    new = store.order()
    assert requested_links(store) == [f"{new}.1"]
    assert (store.status(new), len(store.last.calls)) == (AttemptStatus.CREATING, 1)
