"""A small shop with staff, its flow file, and chats that are played in it."""

from functools import cache
from textwrap import dedent, indent
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.simulator.runner import Played, play
from payments.simulator.scenario import parse

MEENA: Final = '{name: Meena, phone: "+919812345671"}'
RAMESH: Final = '{name: Ramesh, phone: "+919812345672", may: [orders]}'

TEXT: Final = """
flow: lemonade
languages: [en, hi]
shop:
  name: Lemonade
  staff: [STAFF]
  handover: {quiet: 2 h, back: [menu, bot]}
  products:
    - {sku: glass, price: 30, name: {en: A glass, hi: गिलास}}
variables: {told: {default: ""}}
messages:
  hello:
    text: {en: "Lemonade?", hi: "नींबू पानी?"}
    buttons: [{on: buy, title: {en: "Yes please", hi: "हाँ"}}]
  pay:
    text: "Order #{{ order.number }} over {{ order.total | money }}."
    link: {title: Pay, url: "{{ order.link }}"}
  paid: Paid. Your lemonade is coming!
  gone: Your link is over.
  sorry: That did not work.
  thirsty: Still thirsty?
  a_person: A person will write to you.
  one_of_us: One of us will write.
  bye: Bye
  no_person: "The bot talks ({{ event.because }})."
  as_you_wish: "You hear {{ customer.hears }} from us."
  new_order:
    text:
      en: |-
        #{{ order.number }} {{ order.total | money }}: {{ order.lines[0].name }} for {{ customer.name }}
        {{- ' ' }}{{ customer.phone }}
      hi: नया
    buttons:
      - {on: stage, with: accepted, title: Accept}
      - {on: handover, title: I call them}
      - {on: call, title: Call}
    template: {name: new_order, values: ["{{ order.number }}"]}
  asks: "{{ customer.name }} asks for a person."
  waits: "{{ customer.name }} waits."
  sale:
    offer: true
    text: "Half price today, {{ customer.name }}!"
    buttons: [{on: buy, title: Buy one}]
    template: {name: sale, values: ["{{ customer.name }}"]}
  flash_sale: {offer: true, text: "Half price this hour!"}
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: pay}
  payment_link.expired: {say: gone}
  payment_link.refused: {say: sorry}
  payment.captured: {do: cart.settle, say: paid, tell: new_order}
  order.refused: {say: sorry}
  cart.refused: {say: sorry}
  person: {words: [agent], interrupts: true, do: handover, say: a_person, tell: asks}
  handover.opened: {say: one_of_us}
  handover.ended: {say: no_person}
  menu: {words: [menu], say: hello}
  forget: {words: [delete it], interrupts: true, do: customer.forget, say: bye}
  customer.refused: {say: sorry}
  ask_me: {words: [ask me], to: asking}
  stop: {words: [stop], interrupts: true, do: {customer.hears: nothing}, say: as_you_wish}
  start: {words: [start], do: {customer.hears: orders}, say: as_you_wish}
  offers: {words: [offers], do: {customer.hears: offers}, say: as_you_wish}
  deals: {words: [deals], say: [hello, sale]}
  hindi: {words: [hindi], do: {language: hi}, say: hello}
  wait: {words: [wait], to: waiting}
  buy: {do: [{cart.set: {sku: glass, quantity: 1}}, order.place, payment.request]}
otherwise: {say: hello}
start: counter
states:
  counter: {}
  asking:
    ask: told
    on: {answered: {to: counter}}
  waiting:
    after: {10 min: {say: thirsty, tell: waits}}
"""


@cache
def flow_of(*staff: str) -> Flow:
    """The flow with these `staff`, as written in the file."""
    return load(TEXT.replace("STAFF", ", ".join(staff)), "flows.yaml", SHOP, limits=LIMITS)


def played(chat: str, *staff: str) -> Played:
    """The outcome of `chat`, the steps of a scenario."""
    steps = indent(dedent(chat).strip(), "  ")
    return play(flow_of(*(staff or (MEENA, RAMESH))), parse(f"scenario: x\nchat:\n{steps}\n", "chat.yaml"))


def plays(chat: str, *staff: str) -> None:
    """Assert that `chat` goes as written."""
    outcome = played(chat, *staff)
    assert outcome.mismatch is None, str(outcome)
