"""The shipped flow, loaded once, and two small ones for the engine to run."""

from pathlib import Path
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from tests.flows.chat import Chat, flow_of


@pytest.fixture(scope="session")
def shop_text() -> str:
    """The flow file that ships."""
    return (Path(__file__).parents[2] / "flows.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def shop_flow(shop_text: str) -> Flow:
    """The shipped flow, ready to run."""
    return load(shop_text, "flows.yaml", SHOP, limits=LIMITS)


HOUSE: Final = """
    flow: house
    messages: {m: hello, n: other, out: nothing here}
    anywhere:
      go_street: {words: [street], to: street}
      go_kitchen: {words: [kitchen], to: house.kitchen}
      go_bath: {words: [bath], to: house.bath}
      go_house: {words: [home], to: house}
      same: {words: [same], say: n}
    otherwise: {say: out}
    start: street
    states:
      street:
        enter: {do: {note: +street}}
        exit: {do: {note: -street}}
      house:
        enter: {do: {note: +house}, say: m}
        exit: {do: {note: -house}, say: n}
        start: kitchen
        after: {1 h: {do: {note: house timer}, say: m}}
        states:
          kitchen:
            enter: {do: {note: +kitchen}, say: n}
            exit: {do: {note: -kitchen}}
            after: {10 min: {do: {note: kitchen timer}, say: n}}
            on: {same: {do: {note: inner}}, go_kitchen: {do: {note: between}, to: kitchen}}
          bath:
            enter: {do: {note: +bath}}
            exit: {do: {note: -bath}}
"""


@pytest.fixture(scope="session")
def house() -> Flow:
    """Nested states that note when they are entered and left."""
    return flow_of(HOUSE)


COUNTER: Final = """
    flow: counter
    languages: [en, hi]
    variables:
      count: {type: integer, min: 0, max: 9, default: 0}
      thing: {type: text, max: 5, default: none}
    messages:
      offer:
        text: {en: Offer, hi: प्रस्ताव}
        buttons:
          - {on: take, title: {en: Take it!, hi: ले लो}, with: "7"}
          - {on: leave, title: Leave, with: "a|b"}
          - {on: keep, title: Keep}
      got: "{{ event.value }} of {{ event.title | default('?') }} in {{ language }}"
      heard: "heard {{ event.text }}"
      old: too old
      out: "what?"
      how_many: how many?
      bad: "{{ event.text }} / {{ event.value }}"
    anywhere:
      keep: {words: [keep them], say: got}
      open_up: {words: [open], to: shop}
      hindi: {words: [hindi], do: {language: hi}, to: shop}
      money.came: {say: got}
      count_up: {words: [ask], to: asking}
      set_it: {words: [set], do: {set: {thing: "{{ event.text }}", count: 4}}, say: heard}
      set_long: {words: [much too long], do: [{note: a}, {set: {thing: "{{ event.text }}"}}], say: heard}
      ring_it: {words: [ring], do: [ring, {note: after}], say: heard}
      refuse_it: {words: [refuse], do: [{note: before}, refuse, {note: after}], say: heard, to: asking}
      rung: {say: out, do: {note: rung}}
      sticker: {say: got}
    otherwise: {say: out}
    start: shop
    states:
      shop:
        enter: {say: offer}
        on:
          take: {say: got}
          leave: {say: got, stale: true}
          stale: {say: old}
          refused: {do: {note: refused}}
          text:
            - {if: "event.text == 'magic'", say: heard}
            - {if: "event.text == 'nothing'", ignore: on purpose}
      asking:
        enter: {say: how_many}
        ask: count
        on:
          answered: {say: got}
          invalid: {say: bad}
          take: {say: got}
          leave: {say: got}
          refused: {do: {note: refused}}
"""


@pytest.fixture(scope="session")
def counter() -> Flow:
    """A flow with an offer, a question, and a word for each thing that a rule can do."""
    return flow_of(COUNTER)


@pytest.fixture
def chat(counter: Flow) -> Chat:
    """A customer who has got the offer."""
    chat = Chat(counter)
    chat.write("open")
    return chat
