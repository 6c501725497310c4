"""Places without a way on: a dead end, and an order that waits for ever."""

from itertools import count
from pathlib import Path
from time import process_time
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.prover.prove import Proof, prove
from payments.prover.report import fails, scenario
from payments.truths.broken import Name

LEMONADE: Final = """
flow: lemonade
shop:
  name: Lemonade
  products:
    - {sku: glass, price: 30, name: A glass of lemonade}
messages:
  hello:
    text: Lemonade?
    buttons: [{on: buy, title: Yes please}]
  pay:
    text: "Order #{{ order.number }} over {{ order.total | money }}."
    link: {title: Pay, url: "{{ order.link }}"}
    template: {name: pay, values: ["{{ order.number }}"]}
  news:
    text: Something has come of your order.
    template: {name: news, values: ["{{ order.number }}"]}
  thanks: We are full. Goodbye.
  sorry: Sorry, that did not work.
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request]}
  cart.refused: {say: sorry}
  order.refused: {say: sorry}
  payment_link.created: {say: pay}
  payment_link.refused: {say: news}
  payment.captured: {do: cart.settle, say: news}
  payment.short: {say: news}
  payment.held: {say: news}
  payment.surplus: {say: news}
  payment.returned: {say: news}
  payment.released: {say: news}
  refund.created: {say: news}
  refund.processed: {say: news}
  refund.failed: {say: news}
otherwise:
  - {if: order.link, say: pay}
  - {say: hello}
start: counter
states:
  counter:
    on:
      buy:
        - if: order.status != 'unpaid' or order.lapsed
          do: [{cart.set: {sku: glass, quantity: 1}}, order.place, payment.request]
        - {say: pay}
"""


def lemonade(old: str = "", new: str = "") -> Flow:
    assert old in LEMONADE
    return load(LEMONADE.replace(old, new) if old else LEMONADE, "lemonade.yaml", SHOP, limits=LIMITS)


def only(proof: Proof) -> Name:
    [found] = proof.violations
    assert fails(proof, scenario(proof, found, Path("lemonade.yaml"), Path()))
    return found.found.broken.name


def test_a_dead_end_is_found() -> None:
    flow = lemonade(
        "  counter:\n    on:\n",
        "  full:\n    on: {buy: {say: thanks}}\n    otherwise: {say: thanks}\n"
        "  counter:\n    on:\n      sticker: {say: thanks, to: full}\n",
    )
    assert only(prove(flow, seconds=10, clock=process_time)) is Name.DEAD_END


def test_a_link_that_nothing_shows_is_found() -> None:
    flow = lemonade("  payment_link.created: {say: pay}", "  payment_link.created: {say: news}")
    paid = prove(flow, seconds=9, clock=process_time, only=lambda part: part.name == "paid")
    assert paid.holds, "whoever writes sees it"
    bare = LEMONADE.replace("  payment_link.created: {say: pay}", "  payment_link.created: {say: news}")
    bare = bare.replace("  - {if: order.link, say: pay}\n", "").replace(
        "        - {say: pay}", "        - {say: hello}"
    )
    bare = bare.replace("  payment.released: {say: news}", "  payment.released: {say: pay}")
    shop = load(bare, "lemonade.yaml", SHOP, limits=LIMITS)
    assert only(prove(shop, seconds=10, clock=process_time)) is Name.NO_LINK


def test_an_order_without_a_link_waits_for_ever() -> None:
    assert (
        only(
            prove(
                lemonade(
                    "order.place, payment.request]\n        -",
                    "order.place]\n          say: hello\n        -",
                ),
                seconds=10,
                clock=process_time,
            )
        )
        is Name.WAITS
    )


def test_a_word_that_means_something_else_after_other_news_is_searched() -> None:
    """The word answers the button, until news of the payment came after it."""
    text = LEMONADE.replace(
        "      buy:\n", "      thank: {words: [ok], if: order.number, say: thanks}\n      buy:\n"
    )
    text = text.replace("      buy:\n        - if:", "      buy:\n        - answers: [ok]\n          if:")
    text += "never:\n  - {say: thanks, if: order.status == 'paid'}\n"
    flow = load(text, "lemonade.yaml", SHOP, limits=LIMITS)
    assert only(prove(flow, seconds=10, clock=process_time)) is Name.SHOP


def test_a_search_ends_when_its_clock_says_so() -> None:
    looks = count()
    proof = prove(lemonade(), seconds=4, clock=lambda: float(next(looks)))
    assert proof.left_out
    assert not proof.sells, "each look at the clock took a second, so there was no time to come to an order"
