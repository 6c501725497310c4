"""A shop that delivers for cash or online, takes ratings, and has staff with different rights."""

from functools import cache
from textwrap import dedent, indent
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.simulator import Simulator

TEXT: Final = """
flow: tiffin
shop:
  name: Annapurna
  products:
    - {sku: thali, name: Veg thali, price: 120}
    - {sku: kaju, name: Kaju katli, price: 260.50, gst: 18}
  gst: {number: 27ABCDE1234F1Z0, rate: 5, hsn: "2106"}
  delivery:
    areas: [{pincodes: 411001-411030, fee: 40}]
    slots: [{name: Lunch, at: "12:00-14:00"}, {name: Dinner, at: "19:00-22:00"}]
    pickup: true
  cash: {up_to: 2000}
  day_report: "21:30"
  staff:
    - {name: Meena, phone: "+919812345671"}
    - {name: Ramesh, phone: "+919812345672", may: [orders]}
    - {name: Lata, phone: "+919812345673", may: [money]}
    - {name: Chand, phone: "+919812345674", may: [chat]}
messages:
  menu: {text: Menu, buttons: [{on: add, with: thali, title: Thali}, {on: add, with: kaju, title: Kaju}]}
  summary:
    text: "{{ cart.total | money }}"
    buttons: [{on: cash, title: Cash}, {on: online, title: Pay now}]
  placed: "#{{ order.number }} {{ order.status }}"
  stage: "{{ event.stage }}"
  amended: "less {{ event.amount | money }}"
  no: "No: {{ event.reason }}"
  thanks: "Thanks for {{ order.rating }}"
  when:
    text: "When?"
    list:
      button: Times
      rows: {each: checkout.slots, as: s, on: slot, with: "{{ s.id }}", title: "{{ s.title }}"}
anywhere:
  menu: {words: [hi], to: shop}
  bad: {words: [bad], do: {order.rate: 1}, say: thanks}
  five: {words: ["5"], do: {order.rate: "{{ event.text }}"}, say: thanks}
  six: {words: ["6"], do: {order.rate: "{{ event.text }}"}, say: thanks}
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: placed}
  payment_link.refused: {say: no}
  payment.captured: {do: cart.settle, say: placed}
  order.stage: {say: stage}
  order.amended: {say: amended}
  order.refused: {say: no}
  checkout.refused: {say: no}
  cart.refused: {say: no}
otherwise: {to: shop}
start: shop
variables: {address_text: {type: text, default: ""}}
states:
  shop:
    enter: {say: menu}
    on:
      add:
        do: [{cart.add: {sku: "{{ event.value }}"}}, {checkout.set: {address: "4 Lake Road Pune 411005"}}]
        say: when
      slot: {do: [{checkout.set: {slot: "{{ event.value }}"}}, cart.quote], say: summary}
      cash: {do: [order.place, payment.cash, cart.settle], say: placed}
      online: {do: [order.place, payment.request]}
"""


@cache
def flow() -> Flow:
    return load(TEXT, "flows.yaml", SHOP, limits=LIMITS)


LUNCH: Final = "Today, Lunch"
DINNER: Final = "Today, Dinner"
BUYS: Final = """
- customer: hi
- tap: Thali
- tap: Today, Lunch
- tap: Cash
"""


def plays(chat: str) -> None:
    """Assert that `chat`, the steps of a scenario, goes as written."""
    steps = indent(dedent(chat).strip(), "  ")
    outcome = play(flow(), parse(f"scenario: x\nchat:\n{steps}\n", "chat.yaml"))
    assert outcome.mismatch is None, str(outcome)


def fetched(stages: str = "") -> Simulator:
    """The same shop, with these stages, after the customer has ordered what they pick up."""
    there = TEXT.replace(
        '{checkout.set: {address: "4 Lake Road Pune 411005"}}', "{checkout.set: {pickup: true}}"
    )
    shop = there.replace("  day_report:", f"  {stages}\n  day_report:")
    return bought_in(load(shop, "flows.yaml", SHOP, limits=LIMITS))


def bought(*taps: str) -> Simulator:
    """A simulated shop after the customer has tapped these."""
    return bought_in(flow(), *taps)


def bought_in(shop: Flow, *taps: str) -> Simulator:
    """The simulated `shop` after the customer has tapped these."""
    simulator = Simulator(shop)
    simulator.write("hi")
    for title in taps or ("Thali", LUNCH, "Cash"):
        simulator.tap(title)
    assert not simulator.parked
    return simulator


def told(simulator: Simulator, name: str, text: str) -> list[str]:
    """What the member of the staff is told once they write `text`."""
    before = len(simulator.store.told)
    simulator.staff_writes(name, text)
    assert not simulator.parked, simulator.parked
    id = simulator.phones.conversation(name)
    return [one.value.message.words for one in simulator.store.told[before:] if id in one.value.to]
