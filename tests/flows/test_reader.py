"""YAML as we read it: everything else is refused with its place, and nothing crashes."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.document import reader, syntax
from flows.document.errors import FlowInvalid, Issue
from flows.document.reader import read, read_on
from flows.document.words import is_invisible


def refused(text: str) -> Issue:
    with pytest.raises(FlowInvalid) as caught:
        read(text, "f.yaml")
    (issue,) = caught.value.issues
    return issue


REFUSALS: dict[str, tuple[str, int, int, str]] = {
    "key twice": ("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' is given twice (first on line 1)"),
    "key twice, nested": ("x:\n  a: 1\n  a: 2\n", 3, 3, "the key 'a' is given twice (first on line 2)"),
    "key twice, quoted": ("on: 1\n'on': 2\n", 2, 1, "the key 'on' is given twice (first on line 1)"),
    "anchor": ("a: &x 1\n", 1, 4, "anchors and aliases are not allowed"),
    "anchor on a key": ("&x a: 1\n", 1, 1, "anchors and aliases are not allowed"),
    "anchor on a mapping": ("a: &x {b: 1}\n", 1, 4, "anchors and aliases are not allowed"),
    "alias": ("a: *x\n", 1, 4, "anchors and aliases are not allowed"),
    "merge": ("a:\n  <<: *x\n", 2, 7, "anchors and aliases are not allowed"),
    "tag": ("a: !!int '3'\n", 1, 4, "the tag tag:yaml.org,2002:int is not allowed"),
    "object tag": (
        "a: !!python/object/apply:os.system ['true']\n",
        1,
        4,
        "the tag tag:yaml.org,2002:python/object/apply:os.system is not allowed",
    ),
    "own tag": ("a: !x y\n", 1, 4, "the tag !x is not allowed"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, 1, "a second document"),
    "list as a key": ("? [a, b]\n: 1\n", 1, 3, "a key must be text"),
    "mapping as a key": ("{{a: 1}: 2}\n", 1, 2, "a key must be text"),
    "cut off": (
        "text: Order #{{ order.number }}\n",
        1,
        7,
        "the text is cut off at ' #', which starts a comment",
    ),
    "all cut off": ("text: #{{ x }}\n", 1, 6, "the text is cut off at ' #', which starts a comment"),
    "tab": ("a:\n\tb: 1\n", 2, 1, "not valid YAML: a tab stands where blanks must"),
    "raw control character": (
        "a: 1\nb: \x07\n",
        2,
        4,
        "a control character (U+0007) is a character that YAML forbids",
    ),
    "raw half surrogate": (
        "a: \ud800\n",
        1,
        4,
        "a control character (U+D800) is a character that YAML forbids",
    ),
    "escaped NUL": ('a: "x\\0y"\n', 1, 4, "a control character or half a surrogate pair in a text"),
    "escaped NUL in a key": ('"x\\0y": 1\n', 1, 1, "a control character or half a surrogate pair in a text"),
    "escaped half": ('a: "\\uD83D"\n', 1, 4, "a control character or half a surrogate pair in a text"),
    "impossible escape": ('a: 1\nb: "\\UFFFFFFFF"\n', 2, 1, "an escape or a number after this that"),
    "impossible version": ("%YAML " + "1" * 5000 + ".1\n---\na: 1\n", 1, 1, "an escape or a number"),
    "unclosed quote": ('a: "x\n', 1, 4, "not valid YAML: a quote is opened and never closed"),
    "unclosed list": ("a: [1\n", 1, 4, "not valid YAML: the end of the file stands where a ','"),
    "bad indentation": ("a: 1\n  b: 2\n", 2, 4, "not valid YAML: a second ': ' in one line"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refuses_with_the_place(name: str) -> None:
    text, line, column, message = REFUSALS[name]
    issue = refused(text)
    assert issue.message.startswith(message)
    assert (issue.file, issue.line, issue.column) == ("f.yaml", line, column)


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "[{a: ", "? ", "{", "[\n", "a:\n"])
def test_endless_nesting_is_an_issue_and_not_a_crash(opener: str) -> None:
    with pytest.raises(FlowInvalid) as caught:
        read((opener * 200_000)[:200_000], "f")
    assert 1 <= len(caught.value.issues) <= 100


def test_depth_has_a_limit_and_up_to_it_is_fine() -> None:
    fits = "[" * syntax.MAX_DEPTH + "x" + "]" * syntax.MAX_DEPTH
    assert read(fits, "f").data is not None
    assert refused(f"[{fits}]").message == "nested over 24 levels deep"


def test_a_file_has_a_limit_in_bytes_and_not_in_characters() -> None:
    assert read("a: " + "x" * (reader.MAX_BYTES - 3), "f").data
    assert refused("a: " + "x" * (reader.MAX_BYTES - 2)).message == "the file is over 512 KiB"
    assert refused("a: " + "च" * (reader.MAX_BYTES // 3)).message == "the file is over 512 KiB"


def test_a_file_has_a_limit_in_values() -> None:
    assert len(read("[" + "1," * (reader.MAX_VALUES - 1) + "]", "f").data) == reader.MAX_VALUES - 1
    assert refused("[" + "1," * reader.MAX_VALUES + "]").message == "over 20000 values in one file"


@pytest.mark.parametrize(
    "text",
    ["on", "off", "yes", "no", "y", "Yes", "True", "NULL", "12:30", "+919800000001", "007", "1_000",
     "0x1F", "0o17", "1e3", ".5", "5.", "2026-01-01", "nan", ".inf", "=", "<<", "१२"],
)  # fmt: skip
def test_what_other_yaml_turns_into_something_stays_text(text: str) -> None:
    assert read(f"a: {text}", "f").data == {"a": text}
    assert list(read(f"{text}: a", "f").data) == [text]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("180", 180),
        ("999999999999999999", 10**18 - 1),
        ("9999999999999999999", "9999999999999999999"),
        ("249.50", Decimal("249.50")),
        ("-0.1", Decimal("-0.1")),
        ("'180'", "180"),
        ('"true"', "true"),
        ("''", ""),
        ("|-\n  12", "12"),
    ],
)
def test_plain_values(text: str, value: Any) -> None:
    found = read(f"a: {text}", "f").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_always_text() -> None:
    assert list(read("1: a\ntrue: b\n~: c\n2.5: d\n", "f").data) == ["1", "true", "~", "2.5"]


def test_comments_and_hashes_inside_words_and_quotes_are_fine() -> None:
    text = "a: one  # a comment\nb: x#y\nc: 'Order #1'\nd: |-\n  Order #2\n#e: f\n"
    assert read(text, "f").data == {"a": "one", "b": "x#y", "c": "Order #1", "d": "Order #2"}


@pytest.mark.parametrize("text", [
    "Order # 5", "Order #5", "Order #", "Order  #5", "# 5", "#5",
    "five\n  six # 7", "five\n  # 6", "five\n  six\n  # 7", "Order # 5\nb: 1", "₹5 # 6", "12:30 # noon",
    "1_000 # as text",
])  # fmt: skip
@pytest.mark.parametrize("before", ["a: ", "- b\n- ", "x:\n  - y: ", "a: {b: ", "a: [c, "])
def test_a_text_that_a_hash_would_cut_is_refused(before: str, text: str) -> None:
    issue = refused(before + text.replace("\n", "\n" + " " * 8) + "\n")
    if text[0] == "#" and ("{" in before or "[" in before):
        assert issue.mend == "close what is open; and put a text that holds ' #' in quotes"
    else:
        assert issue.message.startswith("the text is cut off ")
        assert issue.mend.startswith("put the text in quotes; or ")
        assert issue.line == before.count("\n") + 1
    quoted = "a: '" + text.replace("\n", " ") + "'"
    assert read(quoted, "f").data == {"a": text.replace("\n", " ")}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: one  # two\n", {"a": "one"}),
        ("a: one   ## two\n", {"a": "one"}),
        ("a: 5 # rupees\nb: true # yes\nc: 2.5 # kg\n", {"a": 5, "b": True, "c": Decimal("2.5")}),
        ("a: {b: c} # d\n", {"a": {"b": "c"}}),
        ("a: 'b' # c\n", {"a": "b"}),
        ("a: # c\n  b: 1\n", {"a": {"b": 1}}),
        ("a: |- # c\n  b # d\n", {"a": "b # d"}),
        ("a: b\n# c\nd: e\n", {"a": "b", "d": "e"}),
        ("- a: b\n  # c\n- d\n# e\n", [{"a": "b"}, "d"]),
    ],
)
def test_what_is_clearly_a_comment_is_one(text: str, data: Any) -> None:
    assert read(text, "f").data == data


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("*bold* text", "the text in quotes"), ("*Pay now*", "* or & in quotes"), ("& more", "in quotes"),
        ("&more", "* or & in quotes"), ("! important", "! in quotes"), ("!important", "! in quotes"),
        ("- hello", "the text in quotes"), ("? what", "the text in quotes"),
        ("> hello", "the text in quotes"),
        (">hello", "the text in quotes"), ("| hello", "the text in quotes"),
        ("% off", "the text in quotes"), ("Order\t# 5", "put the text in quotes"),
        ("@home", "the text in quotes"), ("`code`", "the text in quotes"), ("}", "in quotes"),
        (", and", "in quotes"), ("Total: 5", "': ' in quotes"), ("hello:", "': ' in quotes"),
        ('"Hi" there', "the whole text in quotes"), ("'It's'", "the whole text in quotes"),
        ("{{ order.number }}", 'put {{ … }} in quotes: "{{ … }}"'), ("[hi", "in quotes"),
        ("\thello", "not tabs"),
    ],
)  # fmt: skip
def test_a_text_that_yaml_would_take_for_something_else_is_refused_with_its_mend(
    text: str, mend: str
) -> None:
    issue = refused(f"a: {text}\n")
    assert mend in issue.mend
    assert issue.line in (1, 2)
    if "'" not in text and '"' not in text and "\t" not in text:
        assert read(f"a: '{text}'\n", "f").data == {"a": text}


@pytest.mark.parametrize("text", ["{en: Yes, please, hi: x}", "{en: Yes, please}", "{a: {b: x, c}}"])
def test_a_comma_in_a_text_between_braces_is_refused(text: str) -> None:
    issue = refused(f"a: {text}\n")
    assert issue.message in ("'please' is a key without a value", "'c' is a key without a value")
    assert issue.mend == "put a text that holds a comma in quotes"


@pytest.mark.parametrize(
    ("written", "number", "digits"),
    [
        ("1,700", "1,700", "1700"),
        ("₹1,23,456.50", "1,23,456.50", "123456.50"),
        ("Rs. 1,700/-", "1,700", "1700"),
    ],
)
def test_a_number_with_a_comma_between_braces_is_refused_in_words_about_the_number(
    written: str, number: str, digits: str
) -> None:
    issue = refused(f"- {{sku: a, price: {written}, name: A}}\n")
    assert issue.message == f"{number} has a comma, which ends a number here"
    assert issue.mend == f"write {digits} without the comma"


FALSE_BLANKS = [
    c for c in map(chr, range(0x110000))
    if (is_invisible(c) or (c.isspace() and c not in " \t\r\n")) and not reader.UNSENDABLE.search(c)
    and not 0x80 <= ord(c) <= 0x9F and c not in "\u2028\u2029"
]  # fmt: skip


def test_every_character_that_looks_like_a_blank_or_nothing_is_refused_where_yaml_needs_a_blank() -> None:
    assert "\u00a0" in FALSE_BLANKS
    assert "\u200b" in FALSE_BLANKS
    for character in FALSE_BLANKS:
        named = f"(U+{ord(character):04X})"
        for text in (f"a:{character}b", f"a: b{character}# c", f"a: -{character}b", f"x: 1\na{character}: b",
                     f"a:\n{character}{character}b: 1"):  # fmt: skip
            if character == "\ufeff" and "\n" not in text and text.startswith(character):
                continue
            issue = refused(f"{text}\n")
            assert named in issue.message, (text, issue)
        fine = f"a: 'b{character}c'\nd: b{character}c\n"
        assert read(fine, "f").data == {"a": f"b{character}c", "d": f"b{character}c"}


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize(
    "text", ["a: b@c\n", "a: 'b@c'\n", "a: b\n@c: d\n", "# a@b\nc: d\n", "a: |-\n  b@c\n"]
)
def test_a_line_break_that_nobody_sees_is_refused(character: str, text: str) -> None:
    issue = refused(text.replace("@", character))
    assert f"(U+{ord(character):04X}) breaks the line" in issue.message
    before = text[: text.index("@")]
    assert issue.line == before.count("\n") + 1
    assert issue.column == len(before) - before.rfind("\n")


def test_places_are_those_of_keys_and_of_list_items() -> None:
    document = read("a: 1\nb:\n  - x\n  - {c: 2, d: [3, 4]}\n  -\n    e: 5\n", "f")
    assert {path: place[1:] for path, place in document.places.items()} == {
        (): (1, 1),
        ("a",): (1, 1),
        ("b",): (2, 1),
        ("b", 0): (3, 5),
        ("b", 1): (4, 5),
        ("b", 1, "c"): (4, 6),
        ("b", 1, "d"): (4, 12),
        ("b", 1, "d", 0): (4, 16),
        ("b", 1, "d", 1): (4, 19),
        ("b", 2): (6, 5),
        ("b", 2, "e"): (6, 5),
    }


def test_a_path_that_the_file_lacks_is_placed_at_what_is_there_of_it() -> None:
    document = read("a:\n  b:\n    c: 1\n", "f")
    assert document.issue(("a", "b", 0, "c"), "").line == 3
    assert document.issue(("a", "b", "missing"), "").line == 2
    assert document.issue(("missing",), "").line == 1


def test_no_document_is_nothing() -> None:
    assert read("", "f").data is None
    assert read("# only a comment\n", "f").data is None


_YAMLISH = st.text(
    st.sampled_from("ab: -?|>'\"[]{},#&*!%@`\n\t\\uUxX0179~.<=\0\x85\u2028\ufeff\ud800😀च"), max_size=60
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(_YAMLISH, st.text(max_size=80)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = read(text, "f")
    except FlowInvalid as invalid:
        lines = len(text.splitlines()) + 1
        for issue in invalid.issues:
            assert 1 <= issue.line <= lines + 1
            assert issue.column >= 1
            assert issue.message
    else:
        assert all(place.line >= 1 and place.column >= 1 for place in document.places.values())
        assert not any(reader.UNSENDABLE.search(text) for text in _texts(document.data))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (key, *_texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def test_every_error_of_a_long_file_is_told_too() -> None:
    text = f"a: 'x\nb: {{c: 1\n{'# ' + 'x' * 300_000}\nd: it: is\ne: 5\n"
    document = read_on(text, "f")
    assert [issue.line for issue in document.issues] == [1, 2, 4]
    assert document.data == {"a": None, "b": None, "d": None, "e": 5}
