"""A shop that asks for an address: the form comes back, or the address is typed."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.simulator.runner import Played, play
from payments.simulator.scenario import parse

FLOW = """
flow: papers
shop:
  name: Papers
  products: [{sku: a, price: 30, name: A}]
variables:
  address_text: {type: address}
  pincode: {type: pincode}
messages:
  where: {text: "Where shall we deliver?", address: true}
  there: "To {{ address_text }}."
  far: "To {{ event.city }}? What is the pincode?"
  what: Please choose.
anywhere:
  deliver: {words: [deliver], to: asking}
  order.requested: {say: what}
  payment.captured: {say: what}
otherwise: {say: what}
apology: Sorry.
start: desk
states:
  desk: {}
  asking:
    enter: {say: where}
    ask: address_text
    on:
      address:
        - if: event.pincode
          do: {set: {address_text: "{{ event.address }}", pincode: "{{ event.pincode }}"}}
          say: there
          to: desk
        - {say: far}
      answered: {say: there, to: desk}
      invalid: {say: where}
"""


@pytest.fixture(scope="module")
def flow() -> Flow:
    return load(FLOW, "papers.yaml", SHOP, limits=LIMITS)


def played(flow: Flow, chat: str) -> Played:
    return play(flow, parse(f"scenario: x\nchat:\n{chat}", "x.yaml"))


def test_the_form_comes_back(flow: Flow) -> None:
    ended = played(
        flow,
        """
  - customer: deliver
  - shop: Where shall we deliver?
    buttons: []
  - fills: {house: 4, address: Lake Road, city: Kochi, pincode: 682 001, name: Meera}
  - shop: To 4, Lake Road, Kochi, 682001.
    state: desk
""",
    )
    assert ended.mismatch is None, str(ended)


def test_the_form_comes_back_without_a_pincode_and_the_address_is_typed_instead(flow: Flow) -> None:
    ended = played(
        flow,
        """
  - customer: deliver
  - fills: {address: Lake Road, city: Kochi, pincode: none}
  - shop: To Kochi? What is the pincode?
    state: asking
  - customer: Kochi
  - shop: Where shall we deliver?
  - customer: 4 Lake Road, Kochi 682001
  - shop: To 4 Lake Road, Kochi 682001.
    state: desk
""",
    )
    assert ended.mismatch is None, str(ended)


def test_another_form_is_no_address(flow: Flow) -> None:
    ended = played(
        flow, "  - customer: deliver\n  - sends: nfm_reply\n  - shop: Please choose.\n    state: asking\n"
    )
    assert ended.mismatch is None, str(ended)


def test_a_form_that_was_not_shown_cannot_be_filled_in(flow: Flow) -> None:
    ended = played(flow, "  - customer: hello\n  - fills: {address: Lake Road}\n")
    assert ended.mismatch is not None
    assert "the chat shows no address form to fill in" in str(ended.mismatch)


@pytest.mark.parametrize(
    ("step", "issue"),
    [
        ("fills: true", "write 'fills: {address: 4 Lake Road"),
        ("fills: {}", "write 'fills: {address: 4 Lake Road"),
        ("fills: {adress: Lake Road}", "an address form has no field 'adress': did you mean 'address'?"),
        ("fills: {name: Meera, pincode: 682001}", "the form holds no address"),
        ("fills: {address: true}", "true is not text"),
        ("sends: address", "an address is sent with its fields"),
    ],
)
def test_what_is_no_address_is_said_with_its_place(step: str, issue: str) -> None:
    with pytest.raises(FlowInvalid) as refused:
        parse(f"scenario: x\nchat:\n  - {step}\n", "x.yaml")
    [said] = [str(issue) for issue in refused.value.issues]
    assert said.startswith(f"x.yaml:3:5: error: {issue}")
