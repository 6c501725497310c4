"""A shop whose list has pages: whole chats, silence, joined chats, and what `munshi why` tells."""

from dataclasses import replace
from typing import Final

import orjson
import pytest

from bot.cli.timeline import lines
from bot.whatsapp.limits import LIMITS
from flows.engine import conversation as conversations
from flows.engine import events
from flows.engine.events import Tapped
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages import replies
from payments.processing.actions import SHOP
from payments.processing.changes import Outcome
from payments.processing.silence import TURNS
from payments.processing.step_input import EventKind
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.simulator import Simulator
from storage.reports.timeline import Story, TimelineEntry

NAMES: Final = [
    "Assam", "Bergamot", "Ceylon", "Darjeeling", "Earl", "Fennel", "Ginger", "Hibiscus", "Indigo", "Jasmine",
    "Kahwa",
]  # fmt: skip
FLOW: Final = """
flow: teas
languages: [en, hi]
shop:
  name: Teas
  products:
{products}
messages:
  shelf:
    text: "{{{{ cart.count }}}} in the cart"
    list:
      button: See teas
      pages: true
      rows:
        - {{each: shop.products, as: tea, if: tea.in_stock, on: add, with: "{{{{ tea.sku }}}}",
           title: "{{{{ tea.name }}}}"}}
  added: "Added, {{{{ cart.count }}}} in the cart."
  old: That is old.
  hello: Hello.
anywhere:
  checkout: {{words: [checkout], to: checkout}}
  hindi: {{words: [hindi], do: {{language: hi}}, say: hello}}
  cart.refused: {{say: hello}}
  order.requested: {{do: [cart.fill, order.place], to: checkout}}
  payment.captured: {{say: hello}}
otherwise: {{say: hello}}
start: browsing
states:
  browsing:
    on:
      shelf: {{words: [teas], say: shelf}}
      add: {{do: {{cart.add: "{{{{ event.value }}}}"}}, say: added}}
      stale: {{say: old}}
  checkout: {{on: {{stale: {{say: old}}}}}}
"""


@pytest.fixture(scope="module")
def flow() -> Flow:
    products = "\n".join(
        f"    - {{sku: {name.lower()}, price: 90, name: {name}, stock: 3}}" for name in NAMES
    )
    return load(FLOW.format(products=products), "teas.yaml", SHOP, limits=LIMITS)


ELEVEN: Final = f"""
scenario: Eleven products in a category
chat:
  - customer: teas
  - shop: 0 in the cart
    rows: [{", ".join(NAMES[:9])}, More]
  - tap: More
  - shop: 0 in the cart
    rows: [Jasmine, Kahwa]
  - tap: Kahwa
  - shop: Added, 1 in the cart.
  - customer: teas
  - customer: "10"                  # the number of More
  - shop: 1 in the cart
    rows: [Jasmine, Kahwa]
  - customer: "1"
  - shop: Added, 2 in the cart.
"""
OLD: Final = """
scenario: The More button of an old list
chat:
  - customer: teas
  - tap: Assam
  - customer: hindi
  - customer: checkout
  - tap: More
  - shop: 1 in the cart
    rows: [Jasmine, Kahwa]
    state: checkout
  - tap: Jasmine                    # as old as the list
  - shop: That is old.
    state: checkout
  - taps_id: "sim-1.1|page:9|shelf"
  - shop: 1 in the cart
    rows: [Jasmine, Kahwa]
  - taps_id: "sim-1.1|page:9|hello"
  - shop: That is old.
  - others: buy everything
  - tap: More
  - shop: 1 in the cart
    rows: []
"""
NEVER_SENT: Final = """
scenario: A list that was never sent
chat:
  - customer: hi
  - taps_id: "sim-1.1|page:2|shelf"
  - shop: That is old.
"""


@pytest.mark.parametrize("scenario", [ELEVEN, OLD, NEVER_SENT])
def test_a_chat_with_pages(flow: Flow, scenario: str) -> None:
    played = play(flow, parse(scenario, "x.yaml"))
    assert played.mismatch is None, str(played)


def test_a_page_changes_neither_cart_nor_order_nor_stock(flow: Flow) -> None:
    chat = Simulator(flow)
    chat.write("teas")
    before, left = chat.conversation, chat.left
    chat.now += 1000
    [page] = chat.tap("More")
    shown = tuple((row.title, row.id) for row in page.replies)
    talk = before.talk._replace(turns=0, rounds=0, heard_at=chat.now)
    assert chat.conversation == replace(before, choices=shown, talk=talk)
    assert (chat.left, chat.orders, chat.results[-1].outcome) == (left, {}, Outcome.APPLIED)


def test_a_tap_on_more_ends_the_silence(flow: Flow) -> None:
    chat = Simulator(flow)
    chat.write("teas")
    for _ in range(TURNS + 5):
        chat.write("We got your message!")
    assert chat.write("We got your message!") == []
    assert chat.tap("More")
    assert chat.write("We got your message!")
    for _ in range(2 * TURNS):
        assert chat.tap("More"), "each tap is answered"
    assert len(chat.notices) == 1


def test_pages_of_a_joined_chat_are_shown_and_their_rows_are_old(flow: Flow) -> None:
    mine, other = Simulator(flow), Simulator(flow, id="sim-2")
    mine.write("hi")
    other.write("teas")
    more = other.said[-1].message.replies[-1]
    assert [message.words for message in mine.tap_reply(more.id, "More")] == ["That is old."]
    snapshot = orjson.dumps(conversations.to_json(other.conversation)).decode()
    mine.store.join(other.conversation.id, mine.conversation.id)
    body = {"conversation": "sim-2", "heard_last": False, "snapshot": snapshot}
    mine._take(EventKind.JOINED, body)
    [page] = mine.tap_reply(more.id, "More")
    assert [row.title for row in page.replies] == ["Jasmine", "Kahwa"]
    assert [message.words for message in mine.tap_reply(page.replies[0].id)] == ["That is old."]


def test_why_tells_of_a_page_in_words(flow: Flow) -> None:
    chat = Simulator(flow)
    chat.write("teas")
    tapped = Tapped(replies.encode_page("sim-1.1", "shelf", 2), "More")
    chat.tap_reply(tapped.reply_id, tapped.title)
    row = {
        "id": 7, "kind": "chat", "state": "done", "body": {"event": events.to_json(tapped)},
        "trace": chat.results[-1].trace, "error": None,
    }  # fmt: skip
    moments = (TimelineEntry(0, 7, "chat", row),)
    story = Story("sim-1", "browsing", 1, (), (), moments, cut=False, erased=False, forgotten_at=None)
    told = list(lines(story))
    assert any(line.endswith('customer tapped "More" (page 2 of shelf)  [event 7]') for line in told)
    assert "          showed  page 2, or the last that there was; said shelf" in told
