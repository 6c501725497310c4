"""Random edits of the shipped flow: the check examines each, and what passes serves every customer."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import examine
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.step_input import EventKind, InboxEvent
from payments.simulator.simulator import Simulator


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_edit_of_the_shipped_flow_breaks_the_examiner_or_the_engine(shop_text: str, seed: int) -> None:
    dice = random.Random(seed)
    examined = examine(_mutated(shop_text, dice), "flows.yaml", SHOP, limits=LIMITS)
    for issue in examined.issues:
        assert issue.message
        assert 1 <= issue.line <= shop_text.count("\n") + 3
    if examined.flow is not None:
        _walk(Simulator(examined.flow), dice)


def _mutated(text: str, dice: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        here, there = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.choice(["delete", "swap", "token", "token", "key", "indent"]):
            case "delete":
                del lines[here]
            case "swap":
                lines[here], lines[there] = lines[there], lines[here]
            case "token":
                words, others = lines[here].split(" "), lines[there].split()
                if others:
                    words[dice.randrange(len(words))] = dice.choice(others)
                    lines[here] = " ".join(words)
            case "key":
                indent = " " * (len(lines[here]) - len(lines[here].lstrip()))
                lines.insert(here, f"{indent}{dice.choice(['on', 'if', 'say', 'to', 'zz', 'states'])}: zz")
            case "indent":
                lines[here] = "  " + lines[here]
    return "\n".join(lines) + "\n"


def _walk(simulator: Simulator, dice: random.Random) -> None:
    """Every event of the customer gets an answer: a message, an apology, or silence on purpose."""
    for _ in range(15):
        offered = [r for said in simulator.said for r in said.message.replies]
        before, said = len(simulator.results), len(simulator.said)
        if offered and dice.random() < 0.7:
            simulator.tap(dice.choice(offered).title)
        elif dice.random() < 0.8:
            simulator.write(dice.choice(["hi", "7", "yes", "pay", "cart"]))
        else:
            simulator.send("image")
        handled = simulator.results[before]
        answered = len(simulator.said) > said
        assert answered or any("taken" in entry for entry in handled.trace)
    assert not any(handled.error and "KeyError" in handled.error for handled in simulator.results)


def test_happened_of_any_name_is_no_crash_on_the_shipped_flow(shop_flow: Flow) -> None:
    simulator = Simulator(shop_flow)
    simulator.write("hi")
    body = {"event": {"kind": "happened", "name": "never.heard.of", "fields": {}}}
    given = simulator.store.given("sim-1", [InboxEvent(1, EventKind.CHAT, body, 0)])
    changes = advance(shop_flow, given, 0)
    assert changes.messages == []
    assert changes.results[0].trace[0]["unanswered"]
