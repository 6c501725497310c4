"""Stepping with the version of the flow that is the customer's, over the shop as it is now."""

from dataclasses import replace
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.conversation import Conversation
from flows.engine.events import TextReceived
from flows.engine.outline import outline
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.processing.changes import ChangeSet
from payments.processing.memory import MemoryStore
from payments.processing.step_input import InboxEvent
from payments.processing.versions import NotReady, Versions, advance_on
from tests.builders import chat, link_of, webhook
from tests.payments.memory_shop import NOW, MemoryShop, flow_with_repairs
from tests.payments.test_fees import borne
from tests.payments.test_prove_endings import LEMONADE, lemonade

OLD: Final = lemonade()
_RENAMED: Final = LEMONADE.replace("counter:", "stand:").replace("start: counter", "start: stand")


NEW: Final = load(_RENAMED.replace("price: 30", "price: 40"), "new.yaml", SHOP, limits=LIMITS)


class Walk:
    """One customer, stepped with whatever versions a process knows."""

    def __init__(self) -> None:
        self.store, self.number = MemoryStore(conversations={"c-1": Conversation("c-1")}), 0

    def write(self, versions: Versions, text: str) -> ChangeSet:
        self.number += 1
        kind, body = chat(TextReceived(text))
        given = self.store.given("c-1", [InboxEvent(self.number, kind, body, NOW)])
        changes = advance_on(versions, given, NOW)
        self.store.save(changes)
        return changes


def test_a_new_customer_gets_what_is_served_and_goes_over_to_the_next_version() -> None:
    walk = Walk()
    assert walk.write(Versions(OLD, 1), "hi").version == 1
    assert walk.write(Versions(OLD, 1), "hi").version is None
    changes = walk.write(Versions(NEW, 2, {1: outline(OLD), 2: outline(NEW)}), "hi")
    assert (changes.version, changes.conversation.state) == (2, "stand")
    [entry, *_] = changes.results[0].trace
    assert (entry["event"], entry["entered"]) == ("version", ["stand"])
    assert entry["from"], entry["to"] == (OLD.version, NEW.version)


def test_a_version_that_another_process_serves_already_is_waited_for() -> None:
    walk = Walk()
    walk.write(Versions(NEW, 2), "hi")
    with pytest.raises(NotReady) as waits:
        walk.write(Versions(OLD, 1), "hi")
    assert waits.value.number == 2


def test_who_stays_is_stepped_with_their_version_over_the_shop_of_today() -> None:
    walk = Walk()
    first, others = Versions(OLD, 1), {1: outline(OLD), 2: outline(NEW)}
    walk.write(first, "hi")
    conversation = walk.store.conversations["c-1"]
    gone = replace(outline(OLD), start="elsewhere")  # so that their state is not the first one
    versions = Versions(NEW, 2, {**others, 1: gone})
    with pytest.raises(NotReady) as waits:
        walk.write(versions, "Yes please")
    assert waits.value.number == 1
    pinned = replace(versions, pinned={1: OLD.with_sections(NEW.sections)})
    changes = walk.write(pinned, "Yes please")
    assert (changes.version, changes.conversation.state) == (None, "counter")
    assert [order.total for order in changes.placed] == [40_00], "prices are not pinned"
    assert "stays" in changes.results[0].trace[0]
    unreadable = replace(versions, unreadable=frozenset({1}))
    walk.store.conversations["c-1"] = conversation
    changes = walk.write(unreadable, "hi")
    assert (changes.version, changes.conversation.state) == (2, "stand")


def test_an_order_is_repaired_as_the_shop_said_when_it_was_placed(shop_text: str) -> None:
    store = MemoryShop(flow_with_repairs(shop_text, "late: refund"))
    key = store.order_with_link()
    store.flow = flow_with_repairs(shop_text, "late: hold")
    store.take(webhook(link_of(key, "expired")), webhook(borne(key)))
    assert [asked.amount for asked in store.last.refunds] == [18_000]
