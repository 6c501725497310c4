"""A sound flow, the ways to break it, and what must be said about a break."""

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
    statics=lambda sections, language, fallback: {"shelf": {"things": sections["shelf"].things}},
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
      greet: {words: [hi], to: home}
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
    text = SOUND
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


Row = tuple[tuple[tuple[str, str], ...], str, int, int, str]


def row(old: str, new: str, message: str, line: int, column: int, mend: str) -> Row:
    return ((old, new),), message, line, column, mend


def assert_said(broken: Row) -> None:
    """The flow so edited is refused, and its issue said word by word at its place."""
    edits, message, line, column, mend = broken
    examined = examine(edited(*edits), "f.yaml", TOY, limits=LIMITS)
    assert examined.flow is None
    assert Issue("f.yaml", line, column, message, mend) in examined.issues, "\n".join(
        map(str, examined.issues)
    )
