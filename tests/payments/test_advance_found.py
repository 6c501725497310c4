"""A link that lost books made for an order which these have: taken over, with all that was paid on it."""

from typing import Any

from flows.engine.events import TextReceived
from payments.ledger.calls import CancelLink, CreateLink
from payments.ledger.facts import Fact, to_json
from payments.processing.changes import Outcome
from payments.processing.step_input import Kind
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.payments.memory_shop import NOW, Body, Store, chat, facts, link, payment, refused, withdrawn

LATER = NOW + 60 * 60_000


def found(key: str, status: str, *told: Fact, ordinal: int = 2, letters: str = "lost") -> tuple[Kind, Body]:
    """The second link of the order, as other letters made it."""
    fields: dict[str, Any] = {
        "reference_id": f"{key}.{ordinal}{letters}",
        "link_id": f"plink_{key}.{ordinal}",
        "short_url": "https://rzp.io/lost",
        "status": status,
        "amount": 18_000,
        "currency": "INR",
        "mode": "test",
        "facts": [to_json(fact) for fact in told],
        "problems": [],
    }
    return Kind.RESULT, {"name": "payment_link.found", "fields": fields}


def expired(store: Store) -> str:
    key = store.order_with_link()
    store.take(facts(link(key, "expired")), now=LATER)
    return key


def test_what_was_paid_on_it_settles_the_order(store: Store) -> None:
    key = expired(store)
    store.take(found(key, "paid", payment(key, "captured", ordinal=2), link(key, "paid", 2)), now=LATER)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert store.said[-1] == "payment_successful"
    assert store.status(key, 2) is AttemptStatus.PAID
    assert [poll.reference_id for poll in store.last.polls] == [f"{key}.2lost"]


def test_paid_twice_by_both_books_the_second_goes_back(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "captured"), link(key, "paid")))
    store.take(found(key, "paid", payment(key, "captured", id="pay_2", ordinal=2)), now=LATER)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert [(refund.payment_id, refund.amount) for refund in store.orders[key].refunds] == [("pay_2", 18_000)]


def test_one_that_can_still_be_paid_is_cancelled_before_another_is_made(store: Store) -> None:
    key = expired(store)
    store.take(found(key, "created"), now=LATER)
    assert store.last.calls == (CancelLink(f"{key}.2lost", f"plink_{key}.2"),)
    store.take(chat(TextReceived("retry")), now=LATER)
    assert not [call for call in store.last.calls if isinstance(call, CreateLink)]
    _, body = withdrawn(f"{key}.2lost")
    store.take((Kind.RESULT, {**body, "fields": {**body["fields"], "link_id": f"plink_{key}.2"}}), now=LATER)
    [made] = [call for call in store.last.calls if isinstance(call, CreateLink)]
    assert made.reference_id == f"{key}.3", "no ordinal comes twice"


def test_found_again_it_changes_nothing(store: Store) -> None:
    key = expired(store)
    store.take(found(key, "expired", link(key, "expired", 2)), now=LATER)
    before = store.orders[key]
    store.take(found(key, "expired", link(key, "expired", 2)), now=LATER)
    assert store.outcomes == [Outcome.IGNORED]
    assert store.orders[key] == before


SOON = NOW + 19 * 60_000


def planned(store: Store) -> str:
    """An order whose second link waits for the end of the first."""
    key = store.order_with_link()
    store.take(chat(TextReceived("retry")), now=SOON)
    assert store.status(key, 2) is AttemptStatus.PLANNED
    return key


def test_paid_on_the_link_that_was_only_planned_here_the_order_is_paid(store: Store) -> None:
    key = planned(store)
    told = found(key, "paid", payment(key, "captured", ordinal=2), link(key, "paid", 2), letters="")
    store.take(told, now=SOON)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    assert (store.said[-1], store.status(key, 2)) == ("payment_successful", AttemptStatus.PAID)


def test_who_waits_for_a_planned_link_that_must_be_cancelled_gets_another(store: Store) -> None:
    key = planned(store)
    store.take(found(key, "created", letters=""), now=SOON)
    assert store.last.calls[0] == CancelLink(f"{key}.2", f"plink_{key}.2")
    assert store.status(key, 3) is AttemptStatus.PLANNED
    store.take(withdrawn(f"{key}.1"), now=SOON)
    assert not [call for call in store.last.calls if isinstance(call, CreateLink)]
    store.take(withdrawn(f"{key}.2"), now=SOON)
    [made] = [call for call in store.last.calls if isinstance(call, CreateLink)]
    assert made.reference_id == f"{key}.3"


def test_paid_on_a_link_that_was_refused_here_the_order_is_paid(store: Store) -> None:
    """As where nobody had looked for lost links before the planned one was asked for."""
    key = planned(store)
    store.take(withdrawn(f"{key}.1"), now=SOON)
    store.take(refused(f"{key}.2"), now=SOON)
    told = found(key, "paid", payment(key, "captured", ordinal=2), link(key, "paid", 2), letters="")
    store.take(told, now=SOON)
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED


def test_a_link_that_is_being_made_here_is_left_to_its_own_call(store: Store) -> None:
    key = planned(store)
    store.take(withdrawn(f"{key}.1"), now=SOON)
    assert store.status(key, 2) is AttemptStatus.CREATING
    store.take(found(key, "created", letters=""), now=SOON)
    assert (store.outcomes, store.last.calls) == ([Outcome.IGNORED], ())
