"""Subflows: where they are called from, where they return to, and what is refused."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.diagram.mermaid import mermaid
from flows.engine import conversation as conversations
from flows.engine.events import TimerDue
from flows.engine.outline import leaves_of
from flows.language.load import examine, load, load_checked
from tests.flows.chat import NOW, TOY, Chat

FLOW: Final = """\
flow: f
variables: {where: {type: text, min: 3}}
messages:
  browse: browse
  cart: "to {{ where }}"
  pay: "pay, to {{ where }}"
  ask: where
  short: too short
  sure: sure
anywhere:
  home: {words: [home], interrupts: true, to: browsing}
  move: {words: [move], call: address, to: browsing}
otherwise: {say: browse}
start: browsing
states:
  browsing:
    enter: {say: browse}
    on:
      buy: {words: [buy], to: shop}
  shop:
    start: cart
    states:
      cart:
        enter: {say: cart}
        on:
          change: {words: [change], do: {note: asked}, call: address}
          pay:
            - {if: where == '', words: [pay], call: address, to: pay}
            - {to: pay}
          elsewhere: {words: [elsewhere], call: address}
      pay: {enter: {say: pay}}
subflows:
  address:
    start: asking
    states:
      asking:
        enter: {say: ask}
        ask: where
        on:
          answered: [{if: where == 'here', call: sure}, {to: return}]
          invalid: {say: short}
          back: {words: [back], to: return}
        after: {10 min: {to: return}}
  sure:
    enter: {say: sure}
    on: {yes: {words: ["yes"], to: return}}
    otherwise: {say: sure}
"""


def chat_of(text: str = FLOW) -> Chat:
    return Chat(load(text, "f.yaml", TOY, limits=LIMITS))


def said(text: str) -> list[str]:
    issues = examine(text, "f.yaml", TOY, limits=LIMITS).issues
    return [f"{one.line}: {one.message} / {one.mend}" for one in issues]


def line_of(text: str) -> int:
    """Line of FLOW on which `text` stands first."""
    return FLOW[: FLOW.index(text)].count("\n") + 1


def test_a_subflow_returns_to_the_state_that_called_it() -> None:
    chat = chat_of()
    chat.write("buy")
    assert (chat.write("change"), chat.notes) == (["ask"], ["asked"])
    assert chat.state == "address_for_shop_cart.asking"
    assert chat.write("no") == ["short"]
    assert (chat.write("Pune"), chat.state) == (["cart"], "shop.cart")
    assert chat.messages[0].words == "to Pune"
    assert (chat.write("elsewhere"), chat.state) == (["ask"], "address_for_shop_cart.asking")


def test_a_subflow_returns_to_where_its_call_says() -> None:
    chat = chat_of()
    chat.write("buy")
    assert (chat.write("pay"), chat.write("Pune"), chat.state) == (["ask"], ["pay"], "shop.pay")
    chat = chat_of()
    assert (chat.write("move"), chat.write("back"), chat.state) == (["ask"], ["browse"], "browsing")


def test_subflows_call_each_other() -> None:
    chat = chat_of()
    chat.write("buy")
    chat.write("change")
    assert (chat.write("here"), chat.write("maybe")) == (["sure"], ["sure"])
    assert chat.state == "sure_for_address_for_shop_cart_asking"
    assert (chat.write("yes"), chat.state) == (["ask"], "address_for_shop_cart.asking")
    assert chat.write("back") == ["cart"]


def test_what_holds_anywhere_holds_in_a_subflow_and_leaves_it() -> None:
    chat = chat_of()
    chat.write("buy")
    chat.write("change")
    assert (chat.write("home"), chat.state) == (["browse"], "browsing")
    assert (chat.write("back"), chat.state) == (["browse"], "browsing"), "there is nothing to return from"


def test_the_timers_of_a_subflow_run_until_it_returns() -> None:
    chat = chat_of()
    chat.write("buy")
    chat.write("change")
    [timer] = chat.timers
    due = TimerDue(timer.state, timer.timer, timer.visit, timer.due)
    assert (chat.take(due, NOW + 600_000), chat.state) == (["cart"], "shop.cart")
    assert chat.take(due, NOW + 600_000) == []
    chat.write("change")
    assert chat.take(due, NOW + 600_000) == [], "the timer of an earlier call"


def test_a_snapshot_in_a_subflow_goes_on_where_it_was() -> None:
    chat = chat_of()
    chat.write("buy")
    chat.write("pay")
    stored = conversations.to_json(chat.conversation)
    chat.conversation = conversations.from_json("c-1", stored)
    chat.flow = load_checked(chat.flow.texts, TOY, limits=LIMITS)
    assert (chat.write("Pune"), chat.state) == (["pay"], "shop.pay")


def test_a_subflow_that_nothing_calls_is_no_part_of_the_flow() -> None:
    uncalled = FLOW.replace("[{if: where == 'here', call: sure}, {to: return}]", "{to: return}")
    message = "nothing calls the subflow 'sure' / write 'call: sure' in a rule, or remove it"
    line = line_of("  sure:\n    enter")
    assert f"{line}: {message}" in said(uncalled)
    plain = load(FLOW, "f.yaml", TOY, limits=LIMITS)
    assert {one.partition(".")[0] for one in leaves_of(plain)} == {
        "browsing", "shop", "address_for_shop_cart", "address_for_shop_pay", "address_for_browsing",
        "sure_for_address_for_shop_cart_asking", "sure_for_address_for_shop_pay_asking",
        "sure_for_address_for_browsing_asking",
    }  # fmt: skip


def test_rules_of_a_copy_have_the_lines_of_the_subflow_and_the_diagram_shows_them() -> None:
    flow = load(FLOW, "f.yaml", TOY, limits=LIMITS)
    lines = {
        rule.line for rule in flow.rules if rule.owner.startswith("address_for_") and rule.trigger == "back"
    }
    assert lines == {line_of("          back:")}
    arrows = [line.strip() for line in mermaid(flow, {}).splitlines()]
    assert "shopCart --> address_for_shop_cart: change" in arrows
    assert "address_for_shop_cartAsking --> shopCart: back" in arrows


CALL: Final = "asked}, call: address"
ALREADY: Final = "  address_for_browsing: {}\n  browsing:\n"
NEARER: Final = "      browsing: {on: {home: {to: return}}}\n      asking:\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (CALL, "asked}, call: adress", "there is no subflow 'adress' / did you mean 'address'?"),
        (CALL, "asked}, call: zzz", "there is no subflow 'zzz' / add 'zzz:' under 'subflows'"),
        (CALL, "asked}, call: [address]", "there is no subflow '['address']' / did you mean 'address'?"),
        (CALL, "asked}, to: address",
         "there is no state 'address' / a subflow is called: write 'call: address'"),
        ("call: address, to: browsing", "call: address", "a call from no state returns nowhere / add 'to':"),
        ("call: address, to: pay", "call: address, to: pai", "there is no state 'pai'"),
        ("to: shop}", "to: return}",
         "'return' leads back from a subflow, and this is none / write where it leads"),
        ("[\"yes\"], to: return", "[\"yes\"], to: retrun",
         "there is no state 'retrun' / did you mean 'return'?"),
        ("[\"yes\"], to: return", "[\"yes\"], call: address",
         "subflows call each other in a circle: address → sure → address / let one of them lead on"),
        ("[\"yes\"], to: return", "[\"yes\"], call: [address]",
         "there is no subflow '['address']' / did you mean 'address'?"),
        ("      asking:\n", NEARER, "this leads to 'browsing', and there is also 'address_for_browsing.b"),
        ("  browsing:\n", ALREADY, "is called 'address_for_browsing' as a state, and there is such a state"),
        ("call: sure}", "call: sure, ignore: x}", "'ignore' can't stand beside 'do', 'say', 'tell', 'to' or"),
        ("{say: ask}", "{say: aks}", "there is no message 'aks'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_its_place(old: str, new: str, expected: str) -> None:
    assert old in FLOW
    found = said(FLOW.replace(old, new))
    assert any(expected in one for one in found), found


def test_a_name_that_grows_too_long_is_refused() -> None:
    long = "p" * 55
    found = said(FLOW.replace("to: pay}", f"to: {long}}}").replace("pay: {enter", f"{long}: {{enter"))
    assert any("which is over 64 letters / give them shorter names" in one for one in found), found


def test_subflows_that_grow_without_end_are_refused() -> None:
    calls = "".join(
        f"  s{n}: {{on: {{a: {{call: s{n + 1}, to: return}}, b: {{call: s{n + 1}, to: browsing}}}}}}\n"
        for n in range(400)
    )
    many = "".join(f"  t{n}: {{on: {{buy: {{call: s0}}}}}}\n" for n in range(400))
    text = FLOW.replace("subflows:\n", f"{many}subflows:\n{calls}  s400: {{}}\n")
    assert any("the flow has over 20000 values, with all fragments and subflows" in one for one in said(text))


def test_a_subflow_that_never_leads_back_to_where_a_call_says_is_a_warning() -> None:
    text = FLOW.replace("call: sure}", "call: sure, to: asking}")
    assert said(text) == []
    message = "this never gets to 'asking': no rule of 'sure' says 'to: return'"
    mend = "write 'to: return' where 'sure' is done"
    line = line_of("call: sure")
    assert said(text.replace('["yes"], to: return', '["yes"], to: shop')) == [f"{line}: {message} / {mend}"]


def test_a_subflow_and_a_state_that_are_misspelt_in_a_call_are_told_and_nothing_that_follows() -> None:
    (subflow,) = said(FLOW.replace("call: sure}", "call: srue}"))
    assert subflow.endswith("there is no subflow 'srue' / did you mean 'sure'?")
    (state,) = said(FLOW.replace("call: address, to: browsing", "call: address, to: browsnig"))
    assert state.endswith("there is no state 'browsnig' / did you mean 'browsing'?")
