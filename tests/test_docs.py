"""The documents agree with the code: files, words, notices, decisions, statuses and figures."""

import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.http.orders_api import OrderStatus, _status
from payments.ledger.holds import Hold, HoldReason
from payments.ledger.state import PaymentStatus
from payments.processing.notice import NoticeKind
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.simulation.card_bugs import CARD_ROWS
from tests.simulation.day.bugs import DAY_ROWS
from tests.simulation.day.shopify_bugs import SHOPIFY_ROWS
from tests.simulation.planted import GUARDS, ROWS
from tests.simulation.scripts import SCRIPTS
from tests.simulation.test_day import PEOPLE

ROOT = Path(__file__).parent.parent
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
TOP = [ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")]
PAPERS = [*TOP, *sorted((ROOT / "docs").glob("*.md")), *DECISIONS]
ROOMS = ("bot", "flows", "payments", "storage")
SOURCES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
PLACE = re.compile(rf"(?:^|\s)((?:{'|'.join(ROOMS)}|bench|docs|tests)/[\w./-]*)(?:::\S*)?(?=\s|$)")


def paper(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def first_cells(text: str) -> list[str]:
    """What stands first in each row of the one table of `text`, under its head."""
    _, *cells = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return cells


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("file", PAPERS, ids=lambda file: file.stem)
def test_every_file_and_place_that_is_named_is_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    # In the tables of what shows it, paths begin under tests/: test_reliability.py looks at those.
    codes = [code for code in re.findall(r"`([^`\n]+)`", text) if not re.match(r"\w+/.*\.py::", code)]
    places = [place for code in codes for place in PLACE.findall(code)]
    assert [place for place in places if not (ROOT / place).exists()] == []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" not in target:
            there = file.parent / path if path else file
            assert there.exists(), target
            assert not anchor or anchor in anchors(there.read_text(encoding="utf-8")), target


def test_decisions_are_numbered_without_gaps_and_say_what_was_decided() -> None:
    for number, file in enumerate(DECISIONS, start=1):
        assert file.name.startswith(f"{number:04}-")
        assert re.match(rf"# {number}\. [A-Z`][^\n]+[^.\n]\n\n", file.read_text(encoding="utf-8")), file.name


def test_every_word_of_the_glossary_is_in_the_code_and_stands_once() -> None:
    words = first_cells(paper("docs/glossary.md"))
    files = [*SOURCES, *sorted((ROOT / "tests" / "simulation").glob("*.py"))]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files).lower()
    missing = [w for w in words if not re.search(rf"(?<![a-z]){re.sub('[ -]', '[ _-]', w)}", code)]
    assert missing == []
    assert len(words) == len(set(words)) > 40


def test_the_manual_explains_every_kind_of_notice_and_no_other() -> None:
    text = paper("docs/operations.md").partition("### Notices\n")[2].partition("\n## ")[0]
    assert sorted(kind.strip("`") for kind in first_cells(text)) == sorted(NoticeKind)


def test_every_kind_of_notice_is_told_somewhere() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    told = set(re.findall(r"Notice\(\s*NoticeKind\.([A-Z_]+)", code))
    assert told == {kind.name for kind in NoticeKind}


def statuses() -> set[OrderStatus]:
    """What the API calls the status of any order."""
    held = (None, Hold(HoldReason.UNCAPTURED), Hold(HoldReason.WAITING))
    links: list[list[Any]] = [[], *([SimpleNamespace(status=status)] for status in AttemptStatus)]
    views = [
        SimpleNamespace(
            lifecycle=lifecycle,
            fulfilled=paise,
            held_for=reason,
            attempts=attempts,
            payment=payment,
            paid_at=paid_at,
        )
        for lifecycle, paise, reason, attempts, payment, paid_at in product(
            Lifecycle, (0, 100), held, links, PaymentStatus, (None, 1)
        )
    ]
    return {_status(view) for view in views}  # type: ignore[arg-type]


def test_the_manual_explains_every_status_of_an_order_and_no_other() -> None:
    text = paper("docs/operations.md").partition("| `status` |")[2].partition("\n\n")[0]
    assert {cell.strip("`") for cell in re.findall(r"^\| (`\w+`) \|", text, re.MULTILINE)} == set(OrderStatus)


def test_every_order_has_a_status_of_the_api_and_every_status_an_order() -> None:
    assert {(type(status), status) for status in statuses()} == {(OrderStatus, s) for s in OrderStatus}


def test_the_figures_of_the_simulation_are_those_of_its_tests() -> None:
    text = paper("docs/reliability.md")
    histories, of_days = (_played(f"tests/simulation/{name}.py") for name in ("test_histories", "test_day"))
    assert f"`make test` plays {histories:,};" in text
    assert f"| histories in one run of the tests, and violations | {histories:,}, none |" in text
    assert f"all {len(SCRIPTS)} scripts" in text
    planted = len(ROWS) + len(CARD_ROWS) + len(GUARDS)
    assert f"| planted bugs, and caught | {planted}, {planted} |" in text
    of_a_day = len(DAY_ROWS) + len(SHOPIFY_ROWS)
    assert f"| planted bugs of a shop's day, and caught | {of_a_day}, {of_a_day} |" in text
    days = of_days // 32 // PEOPLE
    assert f"`make test` plays {days * PEOPLE:,} customers on {days} days" in text


def _played(file: str) -> int:
    """Return the number of histories that `file` stands for, unless a setting says otherwise."""
    found = re.search(r'"MUNSHI_HISTORIES", "(\d+)"', paper(file))
    assert found
    return int(found[1])
