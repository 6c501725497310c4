"""Mistakes that operators make, planted one by one: each is found in its place with its mend, and no more."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue
from flows.language.load import examine
from payments.processing.actions import SHOP

RECIPES: Final = Path(__file__).parents[2] / "docs" / "recipes"
PLANTED: Final[list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "planted_mistakes.yaml").read_text("utf-8")
)


def recipe(name: str) -> str:
    return (RECIPES / f"{name}.yaml").read_text("utf-8")


def issues_of(text: str) -> list[Issue]:
    return list(examine(text, "f.yaml", SHOP, limits=LIMITS).issues)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted["mistake"])
def test_a_mistake_is_found_where_it_stands_and_nothing_else_is(planted: dict[str, Any]) -> None:
    text = recipe(planted["recipe"])
    assert planted["instead of"] in text
    edited = text.replace(planted["instead of"], planted["written"], 1)
    lines = edited.split("\n")
    expected = [(one["severity"], one["message"], one["mend"]) for one in planted["found"]]
    found = issues_of(edited)
    assert [(str(one.severity), one.message, one.mend) for one in found] == expected
    for issue, wanted in zip(found, planted["found"], strict=True):
        assert lines[issue.line - 1][issue.column - 1 :].startswith(wanted["at"])


def test_every_mistake_has_a_mend() -> None:
    assert len(PLANTED) >= 40
    assert [one["mistake"] for one in PLANTED for found in one["found"] if not found["mend"]] == []


_LEAVES: Final = (
    *("order.status", "event.reason", "cart.total", "cart.lines", "shop.products", "where_to", "code", "500"),
    *(
        "'x'",
        "event.value",
        "shop.product[code]",
        "checkout.slots[0].left",
        "true",
        "order.items",
        "state",
        "1",
    ),
)
GUARDS: Final = st.recursive(
    st.sampled_from(_LEAVES),
    lambda inner: (
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["==", "!=", "<", ">=", "in", "not in", "and", "or", "+", "-", "*", "//", "~"]),
            inner,
        )
        | st.builds(
            "({} | {})".format, inner, st.sampled_from(["length", "int", "money", "first", "default", "join"])
        )
        | st.builds("({} if {} else {})".format, inner, inner, inner)
        | st.builds("[{}, {}]".format, inner, inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    GUARDS, GUARDS, st.lists(st.sampled_from(["browsing", "cart", "time", "review"]), min_size=2, max_size=4)
)
def test_whatever_is_written_in_guards_texts_and_timers_the_check_says_something_of_it(
    guard: str, shown: str, circle: list[str]
) -> None:
    """No guard, text or circle of timers makes the checker fail; each issue is in the file and has words."""
    text = recipe("tiffin").replace(
        "otherwise: {say: menu}", f'otherwise: [{{if: "{guard}", say: odd}}, {{say: menu}}]', 1
    )
    text = text.replace("  back:\n", f'  odd: "{{{{ {shown} }}}}"\n  back:\n', 1)
    for here, there in pairwise(circle):
        text = text.replace(f"\n  {here}:\n", f"\n  {here}:\n    after: {{1 h: {{to: {there}}}}}\n", 1)
    for issue in issues_of(text):
        assert issue.message
        assert 1 <= issue.line <= text.count("\n") + 1
