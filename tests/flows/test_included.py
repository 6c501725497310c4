"""A flow in several files: what is put together, whose place is told, and what is refused."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.document.errors import StepFailed
from flows.document.included import MAX_FILES, included_by, put_together
from flows.document.reader import MAX_BYTES
from flows.engine.model import Flow
from flows.language.load import Examined, examine, load, load_checked
from tests.flows.chat import Chat

FLOW: Final = """\
flow: house
include: [texts.yaml, rooms/kitchen.yaml]
messages: {hello: Hello!}
anywhere:
  home: {words: [home], to: hall}
otherwise: {say: hello}
start: hall
states:
  hall:
    enter: {say: hello}
    on:
      cook: {words: [cook], to: kitchen}
"""
TEXTS: Final = """\
messages:
  cooking: "cooked!"
"""
KITCHEN: Final = """\
never: {if: "state == 'kitchen' and state == 'hall'"}
states:
  kitchen:
    on:
      eat:
        - {if: event.text == 'never', words: [eat], to: hall}
        - {say: cooking}
"""
FILES: Final = {"shop/texts.yaml": TEXTS, "shop/rooms/kitchen.yaml": KITCHEN}
ONE: Final = """\
flow: house   # in one file
states:
  kitchen:
    on:
      eat:
        - {if: event.text == 'never', words: [eat], to: hall}
        - {say: cooking}
  hall:
    enter: {say: hello}
    on:
      cook: {words: [cook], to: kitchen}
start: hall

never: {if: "state == 'kitchen' and state == 'hall'"}
messages:
  cooking: "cooked!"
  hello: Hello!
otherwise: {say: hello}
anywhere:
  home: {words: [home], to: hall}
"""


def examined(text: str = FLOW, **files: str) -> Examined:
    return examine(text, "shop/flows.yaml", limits=LIMITS, included=FILES | files)


def loaded(text: str = FLOW, **files: str) -> Flow:
    return load(text, "shop/flows.yaml", limits=LIMITS, included=FILES | files)


def said(text: str = FLOW, **files: str) -> list[str]:
    """Return what is wrong, in one line each: place, message and mend."""
    return [
        f"{one.file}:{one.line}: {one.message} / {one.mend}".removeprefix("shop/")
        for one in examined(text, **files).issues
    ]


def test_a_flow_in_files_is_the_flow_in_one_file() -> None:
    flow = loaded()
    assert list(flow.texts) == ["shop/flows.yaml", *FILES]
    chat = Chat(flow)
    assert chat.write("cook") == []
    assert chat.write("eat") == ["cooking"]
    assert chat.write("home") == ["hello"]


def test_a_version_is_what_the_files_say_not_how_they_say_it() -> None:
    version = loaded().version
    turned = FLOW.replace("[texts.yaml, rooms/kitchen.yaml]", "[rooms/kitchen.yaml, texts.yaml]")
    assert load(ONE, limits=LIMITS).version == version
    assert loaded(turned).version == version
    assert loaded(**{"shop/texts.yaml": f"# texts\n\n{TEXTS}"}).version == version
    assert loaded(**{"shop/texts.yaml": TEXTS.replace("!", "?")}).version != version
    assert load(ONE.replace("Hello!", "Hello?"), limits=LIMITS).version != version


def test_the_order_of_what_is_done_is_part_of_a_version() -> None:
    text = (
        "flow: f\notherwise: {do: {language: en, set: {a: x}}, to: s}\nvariables: {a: {}}\n"
        "messages: {m: '{{ a }}'}\nstart: s\nstates: {s: {enter: {say: m}}}\n"
    )
    turned = text.replace("language: en, set: {a: x}", "set: {a: x}, language: en")
    assert load(text, limits=LIMITS).version != load(turned, limits=LIMITS).version


def test_what_was_served_is_read_again_from_its_files() -> None:
    flow = loaded()
    again = load_checked(flow.texts, limits=LIMITS)
    assert (again.version, dict(again.texts)) == (flow.version, dict(flow.texts))
    assert [(rule.file, rule.line) for rule in again.rules] == [(rule.file, rule.line) for rule in flow.rules]


def test_each_rule_knows_its_file() -> None:
    flow = loaded()
    places = {(rule.trigger, rule.file, rule.line) for rule in flow.rules if rule.owner}
    kitchen = "shop/rooms/kitchen.yaml"
    assert places == {("cook", "", 12), ("eat", kitchen, 6), ("eat", kitchen, 7)}
    assert [(one.file, one.line) for one in flow.truths] == [(kitchen, 1)]
    chat = Chat(flow)
    chat.write("cook")
    chat.write("eat")
    [entry] = chat.last.trace
    assert entry["passed"][0]["file"] == kitchen
    assert entry["taken"] == {"rule": "kitchen: eat", "line": 7, "file": kitchen}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("texts.yaml,", "text.yaml,", "flows.yaml:2: there is no file shop/text.yaml / write"),
        ("texts.yaml,", "../texts.yaml,", "flows.yaml:2: '../texts.yaml' is not the path of a"),
        ("texts.yaml,", "/etc/texts.yaml,", "flows.yaml:2: '/etc/texts.yaml' is not the path of a file"),
        ("texts.yaml,", "rooms//texts.yaml,", "flows.yaml:2: 'rooms//texts.yaml' is not the path of a file"),
        ("texts.yaml,", "'c:\\texts.yaml',", "flows.yaml:2: 'c:\\texts.yaml' is not the path of a file"),
        ("texts.yaml,", "'te\u200dxts.yaml',", "flows.yaml:2: the name of the file has a"),
        ("texts.yaml,", "texts.txt,", "flows.yaml:2: 'texts.txt' does not end with .yaml"),
        ("texts.yaml,", "7,", "flows.yaml:2: 7 is no name of a file"),
        ("texts.yaml,", "texts.yaml, texts.yaml,", "flows.yaml:2: 'texts.yaml' is included twice"),
        ("texts.yaml,", "flows.yaml,", "flows.yaml:2: a flow file can't include itself / remove it"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_included_is_refused_in_its_place(old: str, new: str, expected: str) -> None:
    [issue] = said(FLOW.replace(old, new))
    assert issue.startswith(expected)


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("texts.yaml", f"{TEXTS}  hello: Hi\n",
         "texts.yaml:3: 'hello' is given twice (first in shop/flows.yaml:3) / remove one of them"),
        ("texts.yaml", f"{TEXTS}  cooking2: no\nstates: {{kitchen: {{}}}}\n",
         "rooms/kitchen.yaml:3: 'kitchen' is given twice (first in shop/texts.yaml:4) / remove one of them"),
        ("texts.yaml", f"{TEXTS}otherwise: {{say: cooking}}\n",
         "texts.yaml:3: 'otherwise' is given twice (first in shop/flows.yaml:6) / remove one of them"),
        ("texts.yaml", f"{TEXTS}start: kitchen\n",
         "texts.yaml:3: 'start' stands in the flow file only / move it to shop/flows.yaml"),
        ("texts.yaml", f"{TEXTS}include: more.yaml\n",
         "texts.yaml:3: 'include' stands in the flow file only / move it to shop/flows.yaml"),
        ("texts.yaml", "- cooking\n", "texts.yaml:1: the file holds no part of a flow / begin with"),
        ("texts.yaml", "", "texts.yaml:1: the file holds no part of a flow / begin with"),
        ("texts.yaml", f"{TEXTS}  open: 'never closed\n", "texts.yaml:3: not valid YAML"),
        ("texts.yaml", TEXTS.replace("cooked", "{{ 1 | nope }}"),
         "texts.yaml:2: in the template '{{ 1 | nope }}': there is no filter 'nope'"),
        ("rooms/kitchen.yaml", KITCHEN.replace("to: hall", "to: hal"),
         "rooms/kitchen.yaml:6: there is no state 'hal' / did you mean 'hall'?"),
        ("rooms/kitchen.yaml", KITCHEN.replace("say: cooking", "sya: cooking"),
         "rooms/kitchen.yaml:7: unknown key 'sya' / did you mean 'say'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_told_with_its_name(file: str, text: str, expected: str) -> None:
    issues = said(FLOW, **{f"shop/{file}": text})
    assert any(issue.startswith(expected) for issue in issues), issues


def test_the_line_of_an_included_file_is_shown() -> None:
    [issue] = examined(**{"shop/texts.yaml": TEXTS.replace("cooked", "{{ 1 | nope }}")}).issues
    assert issue.source == '  cooking: "{{ 1 | nope }}!"'


def test_the_limits_are_of_all_files_together() -> None:
    half = f"# {'x' * (MAX_BYTES // 2)}\n"
    assert said(half + FLOW) == []
    [issue] = said(half + FLOW, **{"shop/texts.yaml": half + TEXTS})
    assert "the files are over 512 KiB together" in issue
    many = "variables: {" + ", ".join(f"a{n}: [1, 2, 3, 4]" for n in range(2_600)) + "}\n"
    [issue] = said(FLOW, **{"shop/texts.yaml": many, "shop/rooms/kitchen.yaml": many.replace("a", "b")})
    assert "the files have over 20000 values together" in issue
    names = [f"t{n}.yaml" for n in range(MAX_FILES + 1)]
    assert any(
        "over 40 files are included" in one
        for one in said(FLOW.replace("texts.yaml,", f"{', '.join(names)},"))
    )


def test_the_files_are_found_without_reading_on() -> None:
    assert included_by(FLOW) == ("texts.yaml", "rooms/kitchen.yaml")
    assert included_by("include: a.yaml\nmessages: {x: 'not closed\n") == ("a.yaml",)
    assert included_by("messages: {include: a.yaml}\n'include': [b.yml]\n") == ("b.yml",)
    assert included_by("include: [../a.yaml, /b.yaml, c.yaml]\n") == ("c.yaml",)
    assert included_by("messages: {x: do not include me}\n") == ()
    assert included_by("- include\n") == included_by("include") == included_by("a: 'include\n") == ()


@given(st.text(alphabet="include: [].ymla-{}\n'\"#&*!|>%", max_size=60))
def test_nothing_that_a_file_holds_stops_the_search(text: str) -> None:
    assert isinstance(included_by(f"{text}include"), tuple)


def test_a_key_that_is_empty_in_the_flow_file_is_given_by_another() -> None:
    document = put_together(
        "flow: f\ninclude: a.yaml\nmessages:\n", "f.yaml", {"a.yaml": "messages: {m: hi}\n"}
    )
    assert document.data["messages"] == {"m": "hi"}
    assert document.place(("messages", "m")).file == "a.yaml"


def test_a_step_that_fails_names_the_files_of_its_rule_and_its_message() -> None:
    texts = TEXTS.replace("cooked!", "{{ 1 // (customer.name | length) }}")
    chat = Chat(loaded(**{"shop/texts.yaml": texts}))
    chat.write("cook")
    with pytest.raises(StepFailed) as failed:
        chat.write("eat")
    message, rule = "shop/texts.yaml:2 (message 'cooking')", "shop/rooms/kitchen.yaml:7 (rule 'kitchen: eat')"
    assert failed.value.where == (message, rule)
