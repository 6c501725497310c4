"""Time to load and check a flow of 500 states, compared with loading it without a check."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

from bench.figures import Figure
from bot.whatsapp.limits import LIMITS
from flows.document.reader import read
from flows.language.compile import compile_flow
from flows.language.load import load
from flows.language.validation import validate
from payments.processing.actions import SHOP

_STATES: Final = 500
_ROUNDS: Final = 7
_HEAD: Final = """
flow: large
shop: {name: Large, products: [{sku: a, price: 30, name: A}, {sku: b, price: 40, name: B}]}
variables: {note: {}}
messages:
  pay: "Pay {{ order.total | money }}: {{ order.link }}"
  sorry: "Sorry: {{ event.reason }}"
  paid: Paid.
"""
_ANYWHERE: Final = """
anywhere:
  menu: {words: [menu], to: s0}
  buy: {do: [{cart.set: {sku: a, quantity: 1}}, order.place, payment.request]}
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: pay}
  payment_link.refused: {say: sorry}
  payment.captured: {do: cart.settle, say: paid}
  cart.refused: {say: sorry}
  order.refused:
    - {if: event.reason == 'sold out' and cart.lines, say: sorry, to: s1}
    - {say: sorry}
otherwise: {say: paid}
start: s0
states:
"""


def check() -> Figure:
    """Measure, in milliseconds, how long a large file takes from its text to a checked flow."""
    text = large_flow(_STATES)
    rounds = [(_timed(_checked, text), _timed(_compiled, text)) for _ in range(_ROUNDS + 1)][1:]
    return Figure("500 states loaded and checked", "ms", rounds, goal=2, at_most=True)


def large_flow(states: int) -> str:
    """Return a sound flow of so many states, each with a message, a guard, a question or a timer."""
    numbers = range(states)
    return _HEAD + "".join(map(_message, numbers)) + _ANYWHERE + "".join(_state(n, states) for n in numbers)


def _message(number: int) -> str:
    return (
        f'  m{number}: {{text: "{number}: {{{{ cart.total | money }}}} for {{{{ customer.name }}}}",'
        f" buttons: [{{on: go{number}, title: Go}}, {{on: buy, title: Buy}}]}}\n"
    )


def _state(number: int, states: int) -> str:
    following = (number + 1) % states
    asks = "    ask: note\n" if number % 5 == 0 else ""
    answered = "      answered: {say: paid}\n" if number % 5 == 0 else ""
    timer = "    after: {1 h: {say: paid}}\n" if number % 2 else ""
    return (
        f"  s{number}:\n    enter: {{say: m{number}}}\n{asks}    on:\n"
        f"      go{number}:\n        - {{if: cart.count > {number % 7} and note != 'x', to: s{following}}}\n"
        f"        - {{to: s{following}}}\n{answered}{timer}"
    )


def _timed(work: Callable[[str], None], text: str) -> float:
    started = perf_counter()
    work(text)
    return (perf_counter() - started) * 1000


def _checked(text: str) -> None:
    load(text, "large.yaml", SHOP, limits=LIMITS)


def _compiled(text: str) -> None:
    document = read(text, "large.yaml")
    spec = validate(document, SHOP.sections).spec
    assert spec is not None
    compile_flow(document, spec, SHOP, LIMITS)
