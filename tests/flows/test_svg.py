"""The picture of a flow: it shows every move, nothing covers anything, every arrow ends at a card."""

import re
from functools import cache
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.whatsapp.limits import LIMITS
from flows.diagram.mermaid import mermaid
from flows.diagram.moves import is_drawn, narrowed
from flows.diagram.svg import svg
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from tests.flows.test_diagram import FLOW

_NS = "{http://www.w3.org/2000/svg}"


@cache
def shipped() -> Flow:
    return load(Path("flows.yaml").read_text("utf-8"), "flows.yaml", SHOP, limits=LIMITS)


def small() -> Flow:
    return load(FLOW, limits=LIMITS)


def parsed(flow: Flow, notes: dict[str, str] | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(svg(flow, notes or {}))


def boxes(picture: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each card."""
    found = [one.attrib for one in picture.iter(f"{_NS}rect") if "rx" in one.attrib]
    sides = [[float(one[name]) for name in ("x", "y", "width", "height")] for one in found]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


@pytest.mark.parametrize("flow", [small(), shipped()], ids=["small", "shipped"])
def test_every_move_is_a_line_with_its_guard(flow: Flow) -> None:
    lines = [one.text for one in parsed(flow).iter(f"{_NS}title")]
    drawn = [rule for rule in flow.rules if is_drawn(flow, rule)]
    assert len(lines) == len(drawn)
    for rule in drawn:
        if rule.guard:
            assert any(line and line.endswith(f"[{rule.guard.source}]") for line in lines)
    if flow is not shipped():
        assert "after 10 min" in lines


@pytest.mark.parametrize("flow", [small(), shipped()], ids=["small", "shipped"])
def test_no_card_covers_another_and_no_text_leaves_its_card(flow: Flow) -> None:
    picture = parsed(flow)
    cards = boxes(picture)
    for (a, b, c, d), (e, f, g, h) in combinations(cards, 2):
        apart = c <= e or g <= a or d <= f or h <= b
        inside = (a < e and b < f and g < c and h < d) or (e < a and f < b and c < g and d < h)
        assert apart or inside
    for text in list(picture.iter(f"{_NS}text"))[1:]:
        x, y, length = float(text.attrib["x"]), float(text.attrib["y"]), 6.7 * len(text.text or "")
        left, right = (x - length, x) if text.attrib.get("text-anchor") == "end" else (x, x + length)
        assert any(a <= left and right <= c and b < y < d for a, b, c, d in cards), text.text


@pytest.mark.parametrize("flow", [small(), shipped()], ids=["small", "shipped"])
def test_every_arrow_begins_and_ends_on_the_edge_of_a_card(flow: Flow) -> None:
    cards = boxes(parsed(flow))
    paths = [one.attrib["d"] for one in parsed(flow).iter(f"{_NS}path") if "C" in one.attrib["d"]]
    assert paths
    for path in paths:
        numbers = [float(one) for one in re.findall(r"[0-9]+", path)]
        for x, y in (numbers[:2], numbers[-2:]):
            # Each figure is rounded by itself.
            assert any(min(abs(x - a), abs(x - c)) <= 1 and b <= y <= d for a, b, c, d in cards), path


def test_a_note_stands_beside_the_name_of_its_state() -> None:
    notes = {"road": "7 customers, ₹500 <due>"}
    assert [one.text for one in parsed(small(), notes).iter(f"{_NS}text")].count(notes["road"]) == 1
    assert 'state "road (7 customers, ₹500 #60;due#62;)" as road {' in mermaid(small(), notes)


@pytest.mark.parametrize("state", sorted(shipped().states))
def test_of_one_state_only_what_concerns_it_is_drawn(state: str) -> None:
    flow = shipped()
    part = narrowed(flow, state)
    own = [rule for rule in flow.rules if f"{rule.owner}.".startswith(f"{state}.")]
    to = [rule for rule in flow.rules if rule.target and f"{rule.target}.".startswith(f"{state}.")]
    assert set(map(id, part.rules)) == set(map(id, own)) | set(map(id, to))
    assert {one for one in flow.states if f"{one}.".startswith(f"{state}.")} <= part.states.keys()
    assert len(list(parsed(part).iter(f"{_NS}title"))) == sum(is_drawn(flow, rule) for rule in part.rules)
    assert mermaid(part, {}).startswith("stateDiagram-v2\n")


def test_the_state_where_somebody_stands_is_marked_and_nothing_moves() -> None:
    flow = shipped()
    marked = ElementTree.fromstring(svg(flow, {}, "checkout.review"))
    [here] = [one for one in marked.iter(f"{_NS}g") if one.get("id") == "here"]
    [card] = here.iter(f"{_NS}rect")
    titles = {
        (float(one.get("x", 0)), float(one.get("y", 0))): one.text
        for one in marked.iter(f"{_NS}text")
        if one.get("font-size") == "13"
    }
    inside = titles[float(card.get("x", 0)) + 12, float(card.get("y", 0)) + 18]
    assert inside == "review"
    assert sorted(boxes(marked)) == sorted(boxes(parsed(flow)))
    assert "here" not in [one.get("id") for one in parsed(flow).iter(f"{_NS}g")]
    assert svg(flow, {}, "no such state") == svg(flow, {})
