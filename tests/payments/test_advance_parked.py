"""Events that cannot be applied: they are parked, nothing is lost, and other events go on."""

from dataclasses import replace

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.conversation import Conversation
from flows.engine.events import TimerDue
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.kinds import Text
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, Outcome
from payments.processing.step_input import EventKind, StepInput
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import InboxBody, chat, link_created, link_of, payment_of, timer, webhook
from tests.payments.memory_shop import NOW, MemoryShop, success_webhooks


@pytest.fixture
def broken(shop_text: str) -> Flow:
    """The shop, but rendering its message of success fails."""
    text = shop_text.replace("✅ Payment Successful!", "{{ 1 // (cart.count - cart.count) }}")
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def test_a_step_that_fails_keeps_the_facts_and_the_next_event_tells_the_customer(
    store: MemoryShop, broken: Flow, shop_flow: Flow
) -> None:
    key = store.order_with_link()
    before, told = store.conversation, list(store.said)
    store.flow = broken
    store.take(webhook(payment_of(key, "captured")))
    assert store.outcomes == [Outcome.PARKED]
    error = store.last.results[0].error
    assert error is not None
    assert "division" in error
    message = f"{broken.message_places['payment_successful']} (message 'payment_successful')"
    assert store.last.results[0].where.startswith(f"{message}, flows.yaml:")
    assert f"StepFailed: {store.last.results[0].where}: in the template " in error
    assert store.conversation == before
    assert store.said == told
    [books] = store.last.changed
    assert (books.status, books.lifecycle, books.fulfilled, books.held) == ("held", Lifecycle.OPEN, 0, 0)
    assert (store.last.messages, store.last.timers, store.last.calls) == ((), (), ())
    assert store.last.facts == (payment_of(key, "captured"),)
    assert store.orders[key].status == "held"
    assert store.orders[key].lifecycle is Lifecycle.OPEN
    store.flow = shop_flow
    store.take(webhook(payment_of(key, "captured"), link_of(key, "paid")))
    assert store.said == [*told, "payment_successful"]
    assert store.orders[key].status == "paid"
    assert store.orders[key].lifecycle is Lifecycle.FULFILLED
    store.take(*success_webhooks(key))
    assert store.said.count("payment_successful") == 1


def test_the_same_event_replayed_tells_the_customer_too(
    store: MemoryShop, broken: Flow, shop_flow: Flow
) -> None:
    key = store.order_with_link()
    store.flow = broken
    store.take(webhook(payment_of(key, "captured")), webhook(payment_of(key, "captured")))
    assert store.outcomes == [Outcome.PARKED, Outcome.PARKED]
    assert len(store.orders[key].facts) == 1
    store.flow = shop_flow
    store.take(webhook(payment_of(key, "captured")))
    assert store.said[-1] == "payment_successful"


@pytest.mark.parametrize("word", ["cancel", "retry", "pay", "i have paid"])
def test_what_the_customer_wants_meanwhile_respects_the_money_that_is_kept(
    store: MemoryShop, broken: Flow, word: str
) -> None:
    key = store.order_with_link()
    store.flow = broken
    store.take(webhook(payment_of(key, "captured")))
    store.take(chat(word))
    assert store.outcomes[-1] is not Outcome.PARKED
    assert store.last.calls == ()
    assert (store.orders[key].lifecycle, store.status(key)) == (Lifecycle.OPEN, AttemptStatus.CREATED)


def test_what_is_kept_of_a_parked_event_is_in_the_books_at_once(store: MemoryShop) -> None:
    key = store.order_with_link()
    problems = ["payment: its amount cannot be read"]
    store.take(webhook(payment_of(key, "authorized"), problems=problems))
    assert store.outcomes == [Outcome.PARKED]
    assert [(books.key, books.status) for books in store.last.changed] == [(key, "authorised")]


def test_events_after_a_parked_one_go_on(store: MemoryShop) -> None:
    store.take(chat("hi"), webhook(payment_of("c-9-1", "captured")), chat("help"))
    assert store.outcomes == [Outcome.APPLIED, Outcome.PARKED, Outcome.APPLIED]
    assert store.said == ["products", "help"]


@pytest.mark.parametrize("language", ["en", "hi", "ta", ""])
def test_a_chat_that_is_parked_is_answered_with_an_apology_in_the_customers_language(
    store: MemoryShop, language: str
) -> None:
    store.take(chat("hi"))
    broken = {"cart": [["masala-250", "many"]]}
    store.conversation = replace(store.conversation, language=language, data=broken)
    before = store.conversation
    store.take(chat("cart", name="Someone else"))
    assert store.outcomes == [Outcome.PARKED]
    (say,) = store.last.messages
    flow = store.flow
    assert say.message == Text(flow.apologies[language if language in flow.languages else "en"])
    assert (flow.apologies["hi"][:4], flow.apologies["en"][:5]) == ("माफ़"[:4], "Sorry")
    assert replace(store.conversation, talk=before.talk, sent_since=False) == before
    assert store.conversation.sent_since, "the apology came behind the buttons"
    assert store.conversation.talk.turns == before.talk.turns + 1, "two bots could apologise for ever"


@pytest.mark.parametrize(
    ("arrival", "said"),
    [
        (
            webhook(payment_of("c-1-99", "captured")),
            "order c-1-99 is named, which this database doesn't have",
        ),
        (webhook(payment_of("", "captured")), "order  is named, which"),
        (link_created("c-1-99.1"), "order c-1-99 is named, which this database doesn't have"),
        (link_created("c-1-1.7"), "c-1-1.7, which this database doesn't have"),
        (link_created("nonsense"), "order nonsense is named, which"),
        ((EventKind.RESULT, {"name": "x", "fields": {"reference_id": "c-1-1.1"}}), "unknown answer 'x'"),
        ((EventKind.RECEIPT, {}), "no event of a conversation"),
        ((EventKind.OTHER, {}), "no event of a conversation"),
        ((EventKind.FACTS, {}), "order_key"),
        ((EventKind.FACTS, {"order_key": "c-1-1", "facts": [], "mode": "x"}), "'x' is not a valid Mode"),
        ((EventKind.RESULT, {}), "name"),
        ((EventKind.REQUEST, {}), "items"),
        ((EventKind.TIMER, {"kind": "x"}), "unknown event kind 'x'"),
        ((EventKind.CHAT, {"event": {"kind": "x"}}), "unknown event kind 'x'"),
        ((EventKind.CHAT, {}), "event"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_parked_with_its_reason(
    store: MemoryShop, arrival: InboxBody, said: str
) -> None:
    store.order_with_link()
    before = store.conversation
    store.take(arrival)
    assert store.outcomes == [Outcome.PARKED]
    assert said in (store.last.results[0].error or "")
    assert replace(store.conversation, talk=before.talk, sent_since=before.sent_since) == before
    last = store.last
    assert (last.calls, last.attempts, last.facts, last.changed, last.refunds, last.moves) == ((),) * 6
    assert [say.name for say in store.last.messages] == (["apology"] if arrival[0] is EventKind.CHAT else [])


def test_a_late_timer_is_ignored_and_not_parked(store: MemoryShop) -> None:
    store.take(chat("hi"), timer(TimerDue("cart", "1 h", 1, 0)))
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]


def test_the_customers_name_is_kept_and_used(store: MemoryShop) -> None:
    store.take(chat("hi", name="Ravi"))
    assert store.conversation.customer == {"name": "Ravi"}
    store.take(chat("hi", name=""))
    assert store.conversation.customer == {"name": "Ravi"}


def test_no_event_changes_nothing(store: MemoryShop) -> None:
    nothing = StepInput(Conversation("c-1"), (), "")
    assert advance(store.flow, nothing, NOW) == ChangeSet(Conversation("c-1"))


def test_a_setback_that_could_not_be_told_is_told_when_it_is_replayed(
    store: MemoryShop, shop_text: str, shop_flow: Flow
) -> None:
    key = store.order_with_link()
    store.flow = load(
        shop_text.replace("❌ The payment for order", "{{ 1 // (cart.count - cart.count) }}"),
        "flows.yaml",
        SHOP,
        limits=LIMITS,
    )
    store.take(webhook(payment_of(key, "failed")))
    assert store.outcomes == [Outcome.PARKED]
    store.flow = shop_flow
    store.take(webhook(payment_of(key, "failed")))
    assert (store.outcomes, store.said[-1]) == ([Outcome.APPLIED], "payment_failed")
