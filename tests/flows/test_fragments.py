"""Fragments: where `use` may stand, what wins, whose place is told, and what is refused."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import examine, load
from tests.flows.chat import TOY, Chat

FRAGMENTS: Final = """\
fragments:
  with_help:
    use: with_menu
    on:
      help: {words: [help], say: help}
    after:
      1 h: {say: still_there}
  with_menu:
    on:
      menu: {words: [menu], to: first}
  signed: {footer: Chai & Co., buttons: [{on: menu, title: Menu}]}
  spoken:
    use: signed
    text: "from {{ state }}"
  noted: {do: {note: noted}}
"""
REST: Final = """\
flow: f
messages:
  help: {use: spoken}
  still_there: {use: signed, text: Still there}
  hello: Hello!
otherwise: {use: noted, say: hello}
start: first
states:
  first:
    use: with_help
    enter: {use: noted, say: hello}
    on: {next: {words: [next], to: second}}
  second:
    use: [with_help]
    on:
      help: {words: [help], say: hello}
      use: {words: [use], say: help}
"""


def said(text: str) -> list[str]:
    issues = examine(text, "f.yaml", TOY, limits=LIMITS).issues
    return [f"{one.line}: {one.message} / {one.mend}" for one in issues]


def test_fragments_stand_wherever_use_names_them() -> None:
    chat = Chat(load(REST + FRAGMENTS, "f.yaml", TOY, limits=LIMITS))
    assert (chat.write("anything"), chat.notes) == (["hello"], ["noted"])
    assert chat.write("help") == ["help"]
    [help] = chat.messages
    assert (help.body, help.footer) == ("from first", "Chai & Co.")  # type: ignore[union-attr]
    chat.write("next")
    assert [timer.timer for timer in chat.timers] == ["1 h"]
    assert chat.write("help") == ["hello"], "what the state says itself wins"
    assert chat.write("use") == ["help"], "'use' is a trigger like any other"
    assert (chat.write("menu"), chat.state) == (["hello"], "first")


def test_fragments_are_no_part_of_a_version() -> None:
    written_out = (
        REST.replace(
            "{use: spoken}",
            '{text: "from {{ state }}", footer: Chai & Co., buttons: [{on: menu, title: Menu}]}',
        )
        .replace("{use: signed, text", "{footer: Chai & Co., buttons: [{on: menu, title: Menu}], text")
        .replace("use: noted", "do: {note: noted}")
        .replace("use: with_help\n", "after: {1 h: {say: still_there}}\n")
        .replace("use: [with_help]\n", "after: {1 h: {say: still_there}}\n")
        .replace("on: {next", "on: {help: {words: [help], say: help}, menu: {words: [menu], to: first}, next")
        .replace("      use: {words", "      menu: {words: [menu], to: first}\n      use: {words")
    )
    plain, used = (load(text, "f.yaml", TOY, limits=LIMITS) for text in (written_out, REST + FRAGMENTS))
    assert plain.version == used.version


def test_a_rule_has_the_line_of_its_fragment() -> None:
    flow = load(FRAGMENTS + REST, "f.yaml", TOY, limits=LIMITS)
    lines = {(rule.owner, rule.trigger): rule.line for rule in flow.rules}
    assert lines["first", "help"] == 5
    assert lines["first", "menu"] == lines["second", "menu"] == 10
    assert lines["second", "help"] == 31


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("use: spoken", "use: spokn", ["18: there is no fragment 'spokn' / did you mean 'spoken'?"]),
        ("use: spoken", "use: zzz", ["18: there is no fragment 'zzz' / add 'zzz:' under 'fragments'"]),
        ("use: spoken", "use: 7", ["18: '7' is no name of a fragment / write names: use: [first, second]"]),
        ("on:\n      menu", "use: with_help\n    on:\n      menu",
         ["9: the fragment 'with_help' uses itself: with_help → with_menu → with_help / remove one of"
          " these"]),
        ("{words: [menu], to: first}", "{words: [menu], to: firts}",
         ["10: there is no state 'firts' / did you mean 'first'?"]),
        ("footer: Chai", "foter: Chai", ["11: unknown key 'foter' / did you mean 'footer'?"]),
        ("noted: {do", "spare: {say: help}\n  noted: {do",
         ["15: nothing uses the fragment 'spare' / name it under 'use', or remove it"]),
        ("use: [with_help]", "use: [with_help, noted]\n    enter: {use: [noted, other]}",
         ["15: unknown key 'do' / remove it",
          "30: there is no fragment 'other' / did you mean 'noted'?"]),
        ("use: spoken", "use: [spoken, other]",
         ["19: the fragments 'spoken' and 'other' both give 'text' / write 'text' here: what stands here"
          " wins"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_once_and_in_its_place(old: str, new: str, expected: list[str]) -> None:
    extra = "  other: {text: other}\n" if "spoken, other" in new else ""
    text = FRAGMENTS.replace(old, new) + extra + REST.replace(old, new)
    assert said(text) == expected


def test_what_two_fragments_give_may_be_settled_by_the_state() -> None:
    both = REST.replace("[with_help]", "[with_help, loud]")
    loud = "  loud:\n    on: {help: {words: [shout], say: hello}}\n    after: {1 h: {say: hello}}\n"
    assert said(FRAGMENTS + loud + both) == [
        "32: the fragments 'with_help' and 'loud' both give '1 h' / write '1 h' here: what stands here wins"
    ]


def test_fragments_that_grow_without_end_are_refused() -> None:
    grown = "".join(f"  f{n}: {{a: {{use: f{n + 1}}}, b: {{use: f{n + 1}}}}}\n" for n in range(20))
    found = said(f"fragments:\n{grown}  f20: {{a: x}}\n{REST.replace('use: spoken', 'use: f0')}")
    assert any("the flow has over 20000 values, with all fragments" in one for one in found)
    nested = "".join(f"  f{n}: {{a: {{use: f{n + 1}}}}}\n" for n in range(22))
    found = said(f"fragments:\n{nested}  f22: {{a: x}}\n{REST.replace('use: spoken', 'use: f0')}")
    assert any("the flow is nested over 24 levels deep, with all" in one for one in found)
    chain = "".join(f"  f{n}: {{use: f{n + 1}}}\n" for n in range(3000))
    assert any("over 24 deep" in one for one in said(f"fragments:\n{chain}  f3000: {{text: x}}\n{REST}"))


def test_a_variable_may_be_called_use() -> None:
    text = REST.replace("enter: {use: noted, say: hello}", "enter: {do: {set: {use: noted}}, say: hello}")
    text = text.replace("hello: Hello!", "hello: '{{ use }}'") + "variables: {use: {}}\n"
    assert said(FRAGMENTS + text) == []
    chat = Chat(load(FRAGMENTS + text, "f.yaml", TOY, limits=LIMITS))
    chat.write("menu")
    assert chat.messages[0].words == "noted"


def test_what_cannot_be_read_in_a_fragment_is_told_once() -> None:
    broken = FRAGMENTS.replace('text: "from {{ state }}"', "text: {en: [}")
    [issue] = said(broken + REST)
    assert "not valid YAML" in issue
