"""A valid flow file, edits that break it, and the issues that the check must find."""

from textwrap import dedent
from typing import Final

from pydantic import BaseModel, Field

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue
from flows.engine.vocabulary import Action, Result, Vocabulary
from flows.language.load import examine


class _Take(BaseModel):
    sku: str
    quantity: int = Field(default=1, ge=1)


class _Shelf(BaseModel):
    things: list[str]


TOY: Final = Vocabulary(
    sections={"shelf": _Shelf},
    actions={"take": Action(_Take, lambda scene, args: Result(scene.host), raises=("take.refused",))},
    events={"money.came": "money came"},
    required=frozenset({"money.came"}),
    filters={"money": str},
    statics=lambda sections, language, fallback, words: {"shelf": {"things": sections["shelf"].things}},
    view_names=("basket",),
    views=lambda host, statics: {"basket": []},
)

SOUND: Final = dedent("""\
    flow: toy
    languages: [en, hi]
    shelf: {things: [a, b]}
    variables:
      age: {type: integer, min: 1, max: 120}
    messages:
      hello: {en: Hello, hi: नमस्ते}
      ask_age: How old are you?
      choice:
        text: Choose
        buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]
    anywhere:
      greet: {words: [hi], do: {language: hi}, to: home}
      money.came: {to: home}
    otherwise: {say: hello}
    start: home
    states:
      home:
        enter: {say: choice}
        on:
          yes_please: {to: asking}
          no_thanks: {do: {take: {sku: x}}, say: hello}
      asking:
        enter: {say: ask_age}
        ask: age
        on:
          answered: {to: home}
    """)


def issues_of(text: str, vocabulary: Vocabulary = TOY) -> tuple[Issue, ...]:
    return examine(text, "f.yaml", vocabulary, limits=LIMITS).issues


def edited(*edits: tuple[str, str]) -> str:
    """The valid flow file with each old text replaced by the new one."""
    text = SOUND
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


Row = tuple[tuple[tuple[str, str], ...], str, int, int, str]
"""A test case: edits, and the issue's message, line, column and how to mend it."""


def row(old: str, new: str, message: str, line: int, column: int, mend: str) -> Row:
    """A test case of one edit."""
    return ((old, new),), message, line, column, mend


def assert_issue(broken: Row) -> None:
    """Assert that the edited flow is refused with exactly this issue at its place."""
    edits, message, line, column, mend = broken
    examined = examine(edited(*edits), "f.yaml", TOY, limits=LIMITS)
    assert examined.flow is None
    assert Issue("f.yaml", line, column, message, mend) in examined.issues, "\n".join(
        map(str, examined.issues)
    )
