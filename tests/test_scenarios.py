"""The scenarios of the shipped flow, and a check that together they take every rule of it.

Those in `optional_scenarios/with-everything` are of the shop with all that the file has as comments: hours,
delivery, cash, the seller. Those in `without-slots` are of that shop without times to choose from, those in
`with-cards` of the shipped one where customers pay in the chat.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import examine, load
from payments.processing.actions import SHOP
from payments.simulator.coverage import Coverage
from payments.simulator.runner import Played, play
from payments.simulator.scenario import parse
from tests.payments.card_shop import with_cards

ROOT = Path(__file__).parent.parent
SHIPPED = (ROOT / "flows.yaml").read_text("utf-8")
WITH_EVERYTHING = re.sub(r"(?m)^  # (?=(?!whatsapp_pay)[a-z_]+:( |$)|  )", "  ", SHIPPED)
"""The shipped flow without the `# ` before its optional settings. Its lines have the same numbers."""
WITHOUT_SLOTS = re.sub(r"(?m)^(?=    slots:|      - {name: {en: (Morning|Evening))", "# ", WITH_EVERYTHING)
TEXTS = {
    "scenarios": SHIPPED,
    "with-everything": WITH_EVERYTHING,
    "without-slots": WITHOUT_SLOTS,
    "with-cards": with_cards(SHIPPED),
}
"""The flow file of the scenarios in each folder."""
FILES = sorted((ROOT / "tests").glob("scenarios/*.yaml")) + sorted(
    (ROOT / "tests").glob("optional_scenarios/*/*.yaml")
)


@cache
def shop(text: str) -> Flow:
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


@cache
def played(file: Path) -> Played:
    return play(shop(TEXTS[file.parent.name]), parse(file.read_text("utf-8"), str(file.relative_to(ROOT))))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario(file: Path) -> None:
    assert played(file).mismatch is None, f"\n{played(file)}"


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tests/shop_scenarios").iterdir()), ids=lambda file: file.stem
)
def test_the_chats_of_a_new_shop_fit_payment_in_the_chat(file: Path) -> None:
    played = play(shop(TEXTS["with-cards"]), parse(file.read_text("utf-8"), file.name))
    assert played.mismatch is None, f"\n{played}"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_check_finds_nothing(text: str) -> None:
    found = [issue.message for issue in examine(text, "flows.yaml", SHOP, limits=LIMITS).issues]
    assert [message for message in found if "has paise" not in message] == []


def test_the_optional_settings_need_only_their_comment_signs_taken_away() -> None:
    optional = {"minimum_order", "hours", "cash", "delivery", "legal", "phone"}
    settings = shop(WITH_EVERYTHING).sections["shop"].model_fields_set
    assert settings - shop(SHIPPED).sections["shop"].model_fields_set == optional


def test_every_rule_of_the_shipped_flow_is_taken_and_every_message_said() -> None:
    coverage = Coverage(shop(SHIPPED))
    for file in FILES:
        coverage.add(played(file).results)
    unused = [said for _, said in coverage.never()]
    assert not unused, "\n".join(["no scenario uses:", *unused])
    assert coverage.percent == 100
