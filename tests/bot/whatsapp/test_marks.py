"""WhatsApp's marks in a text, and what only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.marks import Mark, Run, runs

BOLD, ITALIC, STRUCK, FIXED = Mark.BOLD, Mark.ITALIC, Mark.STRUCK, Mark.FIXED


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("plain", [Run("plain")]),
        ("a *b* c", [Run("a "), Run("b", (BOLD,)), Run(" c")]),
        ("_a *b*_", [Run("a ", (ITALIC,)), Run("b", (ITALIC, BOLD))]),
        ("```*a*``` ~b~", [Run("*a*", (FIXED,)), Run(" "), Run("b", (STRUCK,))]),
        ("2*3*4", [Run("2*3*4")]),
        ("* a *", [Run("* a *")]),
        ("<b>*a*</b>", [Run("<b>"), Run("a", (BOLD,)), Run("</b>")]),
    ],
)
def test_what_is_marked(text: str, found: list[Run]) -> None:
    assert list(runs(text)) == found


@given(st.text(alphabet="ab *_~`\n"))
def test_no_letter_is_lost_and_no_part_is_empty(text: str) -> None:
    found = list(runs(text))
    assert all(run.text for run in found)
    letters = "".join(run.text for run in found)
    assert [c for c in letters if c not in "*_~`"] == [c for c in text if c not in "*_~`"]
