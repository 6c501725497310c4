"""`munshi prove` finds each planted bug, with a short chat that fails when it is played on the simulator."""

import re
from pathlib import Path
from time import process_time
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.prover.chat import lines
from payments.prover.prove import Proof, prove
from payments.prover.report import bounds, fails, scenario, violation
from payments.prover.slices import slices
from payments.truths.broken import Name
from tests.payments.card_shop import with_cards
from tests.payments.planted_flows import BUGS, SHIPPED

ROOT: Final = Path(__file__).parents[2]
SLICES: Final = ("paid", "paid in part", "links kept", "part and links refused")
"""Those that are searched to their end in a few seconds."""


def flow_of(text: str) -> Flow:
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def searched(text: str, *parts: str, seconds: float = 100) -> Proof:
    return prove(flow_of(text), seconds=seconds, clock=process_time, only=lambda part: part.name in parts)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    bug = BUGS[name]
    proof = searched(bug.text(), "a first look", bug.part)
    [found] = proof.violations
    assert found.found.broken.name is bug.breaks
    assert len(lines(proof.munshi, found.hops, proof.begins)) <= 12
    assert fails(proof, scenario(proof, found, Path("flows.yaml"), Path()))


def test_the_shipped_flow_holds_in_stories_that_are_searched_to_their_end() -> None:
    proof = searched(SHIPPED, *SLICES)
    assert proof.holds, "\n".join(violation(proof, proof.violations[0], "flows.yaml"))
    assert {one.part.name for one in proof.searched if one.exhausted} == set(SLICES)
    assert next(line for line in bounds(proof) if line).startswith("holds within")


def test_the_manuals_session_is_what_is_printed() -> None:
    manual, readme = ((ROOT / name).read_text("utf-8") for name in ("docs/prove.md", "README.md"))
    [command] = {line for text in (manual, readme) for line in text.splitlines() if line.startswith("sed ")}
    planted = re.fullmatch(r"sed -i 's/(.+)/(.+)/' flows.yaml", command)
    assert planted is not None
    assert SHIPPED.count(planted[1]) == 1
    proof = searched(SHIPPED.replace(planted[1], planted[2]), "a payment fails")
    printed = "\n".join(violation(proof, proof.violations[0], "flows.yaml")).strip()
    assert printed in manual, f"docs/prove.md is to show:\n\n{printed}"
    last = printed.rpartition("(")[2]
    assert f"✅ Payment Successful!   ({last}" in readme, f"README.md is to name ({last}"


def test_a_truth_of_the_shop_is_broken_in_the_moment_of_saying() -> None:
    text = SHIPPED + "  - {say: complete_payment, if: order.attempts > 1}\n"
    [found] = searched(text, "paid").violations
    assert found.found.broken.name is Name.SHOP
    assert found.found.broken.said == "never 'complete_payment' is said while order.attempts > 1"
    assert found.found.broken.line == len(text.splitlines())


def test_a_truth_without_a_message_is_about_every_moment() -> None:
    text = SHIPPED + "  - {if: state == 'paid'}\n"
    proof = searched(text, "paid")
    [found] = proof.violations
    assert found.found.broken.said == "never state == 'paid'"
    assert fails(proof, scenario(proof, found, Path("flows.yaml"), Path()))


def test_every_story_of_the_shipped_flow_has_a_name_of_its_own() -> None:
    names = [part.name for part in slices(flow_of(SHIPPED))]
    assert len(set(names)) == len(names)
    with_cash = re.sub(r"(?m)^  # (?=cash)", "  ", SHIPPED)
    assert {part.name for part in slices(flow_of(with_cash))} - set(names) == {
        "cash, delivered",
        "cash, called off",
    }


def test_a_shop_that_is_paid_in_the_chat_holds_too() -> None:
    stories = {"paid", "links kept", "cards refused"}
    proof = searched(with_cards(SHIPPED), *stories)
    assert proof.holds, "\n".join(violation(proof, proof.violations[0], "flows.yaml"))
    assert {one.part.name for one in proof.searched if one.exhausted} == stories


def test_a_card_that_is_refused_is_played() -> None:
    """The link that takes its place is made, and the customer hears nothing of it."""
    link = "        - {say: complete_payment, to: awaiting_payment}\n"
    mute = link.replace("{say", "{if: order.card, say") + "        - {to: awaiting_payment}\n"
    text = with_cards(SHIPPED)
    assert link in text
    proof = searched(text.replace(link, mute, 1), "cards refused")
    [found] = proof.violations
    assert any(line.does == "refuses the card" for line in lines(proof.munshi, found.hops, proof.begins))
    played = scenario(proof, found, Path("flows.yaml"), Path())
    assert '- razorpay: "refuses the card"' in played
    assert fails(proof, played)
