"""Issues of a flow that is well-formed but cannot work: dead ends, claims, WhatsApp's limits."""

import string
from typing import Final

import pytest

from flows.document.errors import Severity
from tests.flows.sound_flow import SOUND, Row, assert_issue, edited, issues_of, row

ERRORS: Final[dict[str, Row]] = {
    "word twice": row(
        "greet: {words: [hi], do: {language: hi}, to: home}",
        "greet: {words: [hi], do: {language: hi}, to: home}\n  wave: {words: [Hi!], to: home}",
        "the word 'Hi!' already means 'greet'", 14, 10, "choose another word",
    ),
    "word without letters": row("[hi]", "['👋']", "'👋' has no letters", 13, 11, "choose another word"),
    "word for an outside event": row(
        "money.came: {to: home}", "money.came: {words: [paid], to: home}",
        "no word can fire 'money.came': customers could claim what didn't happen", 14, 16, "use another name",
    ),
    "button for an outside event": row(
        "on: yes_please, title", "on: money.came, title",
        "a button can't fire 'money.came': customers could claim what only the outside may say", 11, 16,
        "use another name",
    ),
    "button for an action's event": row(
        "on: yes_please, title", "on: take.refused, title",
        "a button can't fire 'take.refused': customers could claim what only the outside may say", 11, 16,
        "use another name",
    ),
    "button for a built-in event": row(
        "on: yes_please, title", "on: answered, title",
        "a button can't fire 'answered': customers could claim what only the outside may say", 11, 16,
        "use another name",
    ),
    "offer nobody answers": row(
        "on: no_thanks, title", "on: no_thank, title", "no rule answers a tap on 'no_thank'", 11, 46,
        "did you mean 'no_thanks'?",
    ),
    "offer without a rule": row(
        "{on: no_thanks, title: No}", "{on: no_thanks, title: No}, {on: yes_thanks, title: Thanks}",
        "no rule answers a tap on 'yes_thanks'", 11, 74, "add 'yes_thanks: …' under 'on' of 'home'",
    ),
    "offer without a rule, said in two states": row(
        "title: No}]",
        "title: No}, {on: gift, title: Gift}]\n  more: {text: a, buttons: [{on: gift, title: x}]}",
        "no rule answers a tap on 'gift'", 11, 74, "add 'gift: …' under 'on' of 'home'",
    ),
    "rule of a button that there is not": row(
        "no_thanks: {do", "no_thank_you: {words: [no], to: home}\n      no_thanks_: {do",
        "no rule answers a tap on 'no_thanks'", 11, 46, "did you mean 'no_thanks_'?",
    ),
    "apology that is a rule": row(
        "start: home", "start: home\napology: {say: hello}", "'say' is not a language of this flow", 17, 11,
        "write the text itself behind 'apology:'",
    ),
    "apology that holds messages": row(
        "start: home", "start: home\napology:\n  sorry_for: that",
        "'sorry_for' is not the code of a language", 18, 3, "write the text itself behind 'apology:'",
    ),
    "empty apology": row(
        "start: home", "start: home\napology: ''", "the text is empty", 17, 1,
        "write the text itself behind 'apology:'",
    ),
    "offer not answered there": row(
        "enter: {say: ask_age}", "enter: {say: choice}",
        "'choice' offers 'no_thanks', but 'asking' doesn't answer it", 23, 3,
        "add 'on: {no_thanks: …}' to 'asking'",
    ),
    "no otherwise": row(
        "otherwise: {say: hello}\n", "", "'home' can leave a customer without an answer", 17, 3,
        "add 'otherwise: {say: …}' here or for the whole flow; its last alternative without 'if'",
    ),
    "guarded otherwise": row(
        "otherwise: {say: hello}", "otherwise: {if: age, say: hello}",
        "'asking' can leave a customer without an answer", 23, 3,
        "add 'otherwise: {say: …}' here or for the whole flow; its last alternative without 'if'",
    ),
    "required event": row(
        "  money.came: {to: home}\n", "", "'money.came' is not always answered in: home, asking", 12, 1,
        "add 'money.came' under 'anywhere', its last alternative without 'if'",
    ),
    "required event, only guarded": row(
        "money.came: {to: home}", "money.came: {if: age, to: home}",
        "'money.came' is not always answered in: home, asking", 12, 1,
        "add 'money.came' under 'anywhere', its last alternative without 'if'",
    ),
    "ask without answered": row(
        "answered: {to: home}", "invalid: {to: home}", "'asking' asks but doesn't take the answer", 25, 5,
        "add 'on: {answered: …}'",
    ),
    "form that is not answered": row(
        "ask_age: How old are you?", "ask_age: {text: Where, address: true}",
        "'ask_age' shows a form, but 'asking' doesn't answer 'address'", 23, 3,
        "add 'on: {address: …}' to 'asking'",
    ),
    "unreachable": row(
        "{to: asking}", "{say: hello}", "nothing leads to 'asking'", 23, 3,
        "add a 'to' somewhere, or remove it"
    ),
    "dead alternative": row(
        "otherwise: {say: hello}", "otherwise:\n  - {say: hello}\n  - {say: hello, if: age}",
        "never taken: the alternative on line 16 has no 'if' and always is", 17, 5,
        "put it first, or give that one an 'if'",
    ),
    "dead alternative of a tap": row(
        "{to: asking}", "\n        - {to: asking}\n        - {say: hello}",
        "never taken: the alternative on line 22 has no 'if' and always is", 23, 11,
        "put it first, or give that one an 'if'",
    ),
    "dead stale alternative of an event": row(
        "answered: {to: home}", "answered:\n        - {to: home}\n        - {to: home, stale: true}",
        "never taken: the alternative on line 28 has no 'if' and always is", 29, 11,
        "put it first, or give that one an 'if'",
    ),
    "group without a start": row(
        "    ask: age\n    on:\n      answered: {to: home}\n",
        "    states: {inner: {on: {greet: {to: home}}}}\n",
        "the group 'asking' doesn't say where to start", 23, 3,
        "add 'start: inner' (or another of its states)",
    ),
    "group with a wrong start": row(
        "    ask: age\n    on:\n      answered: {to: home}\n",
        "    start: iner\n    states: {inner: {on: {greet: {to: home}}}}\n",
        "the group 'asking' doesn't say where to start", 25, 5,
        "add 'start: inner' (or another of its states)",
    ),
    "ask on a group": row(
        "      answered: {to: home}\n",
        "      answered: {to: home}\n    start: inner\n    states: {inner: {on: {greet: {to: home}}}}\n",
        "'asking' holds states, so no customer rests in it to be asked", 25, 5,
        "move 'ask' to the one of its states that asks",
    ),
    "start on a state": row(
        "    ask: age\n", "    ask: age\n    start: inner\n",
        "'asking' says where to start, but holds no states", 26, 5, "remove 'start', or give it 'states'",
    ),
    "bad duration": row(
        "    ask: age\n", "    ask: age\n    after: {10 minuts: {to: home}}\n",
        "'10 minuts' is not a span of time: write for example '15 s', '10 min', '2 h' or '1 day'", 26, 13, "",
    ),
    # Limits of WhatsApp
    "long button": row(
        "title: Yes}", "title: 'Yes, I would like that'}", "22 characters, and WhatsApp takes 20 here", 11,
        32,
        "shorten it (emoji count twice)",
    ),
    "long button in emoji": row(
        "title: Yes}", "title: 👍👍👍👍👍👍👍👍👍👍👍}", "22 characters, and WhatsApp takes 20 here", 11, 32,
        "shorten it (emoji count twice)",
    ),
    "long body": row(
        "text: Choose", f"text: {'x' * 1025}", "1025 characters, and WhatsApp takes 1024 here", 10, 5,
        "shorten it (emoji count twice)",
    ),
    "long text": row(
        "How old are you?", "x" * 4097, "4097 characters, and WhatsApp takes 4096 here", 8, 3,
        "shorten it (emoji count twice)",
    ),
    "empty title": row("title: Yes}", "title: ' '}", "the text is empty", 11, 32, "write something"),
    "empty text": row("How old are you?", "''", "the text is empty", 8, 3, "write something"),
    "four buttons": row(
        "{on: no_thanks, title: No}",
        "{on: no_thanks, title: No}, {on: greet, title: C}, {on: greet, title: D, with: d}",
        "4 buttons, and WhatsApp takes 3", 11, 5, "use a list, or give some of them an 'if'",
    ),
    "same title twice": row(
        "title: No}", "title: Yes}", "two buttons are called 'Yes'", 11, 5, "WhatsApp refuses that"
    ),
    "same title but for what is not seen": row(
        "title: Yes}, {on: no_thanks, title: No}", "title: 'Sho\u200bp!'}, {on: no_thanks, title: 🛍️ shop}",
        "two buttons are called '🛍️ shop'", 11, 5, "WhatsApp refuses that",
    ),
    "word twice but for what is not seen": row(
        "greet: {words: [hi], do: {language: hi}, to: home}",
        "greet: {words: [hi], do: {language: hi}, to: home}\n  wave: {words: [h\u00adi ✔️], to: home}",
        "the word 'h\u00adi ✔️' already means 'greet'", 14, 10, "choose another word",
    ),
    "word of nothing that is seen": row(
        "[hi]", "['\u200d\ufe0f']", "'\u200d\ufe0f' has no letters", 13, 11, "choose another word",
    ),
    "interrupts without words": row(
        "greet: {words: [hi], do: {language: hi}, to: home}", "greet: {interrupts: true, to: home}",
        "'interrupts' says which words interrupt a question: add 'words' beside it", 13, 3, "",
    ),
    "same title in the fallback": row(
        "{on: yes_please, title: Yes}, {on: no_thanks, title: No}",
        "{on: yes_please, title: {en: A, hi: B}}, {on: no_thanks, title: B}",
        "two buttons are called 'B'", 11, 5, "WhatsApp refuses that",
    ),
    "same answer twice": row(
        "{on: no_thanks, title: No}", "{on: no_thanks, title: No}, {on: no_thanks, title: Never}",
        "this fires 'no_thanks' just as one above it does: WhatsApp refuses that", 11, 73,
        "give one of them another 'with'",
    ),
    "ten products and one more row": row(
        "buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
        "list: {button: x, rows: [{on: yes_please, each: shelf.things, as: t, title: t}"
        + "".join(f", {{on: no_thanks, with: '{n}', title: t}}" for n in range(9)) + "]}",
        "11 rows, and WhatsApp takes 10 in all sections together", 11, 5,
        "add 'pages: true' beside 'button', or split the list over two messages",
    ),
    "eleven rows": row(
        "buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
        "list: {button: x, rows: [{on: yes_please, title: y}"
        + "".join(f", {{on: no_thanks, with: '{n}', title: t}}" for n in range(10)) + "]}",
        "11 rows, and WhatsApp takes 10 in all sections together", 11, 5,
        "add 'pages: true' beside 'button', or split the list over two messages",
    ),
    "eleven sections": row(
        "buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
        "list: {button: x, sections: [{title: s, rows: [{on: yes_please, title: y}]}"
        + "".join(
            f", {{title: s, rows: [{{on: no_thanks, with: '{n}', title: t, if: language}}]}}"
            for n in range(10)
        ) + "]}",
        "11 sections, and WhatsApp takes 10", 11, 23, "split the list over two messages",
    ),
    "a document's name is long": row(
        "ask_age: How old are you?", f"ask_age: {{document: {{link: 'https://x', filename: {'y' * 241}}}}}",
        "241 characters, and WhatsApp takes 240 here", 8, 43, "shorten it (emoji count twice)",
    ),
    "a document's name is empty": row(
        "ask_age: How old are you?", "ask_age: {document: {link: 'https://x', filename: ''}}",
        "the text is empty", 8, 43, "write something",
    ),
    "a document's caption is long": row(
        "ask_age: How old are you?", f"ask_age: {{document: {{link: 'https://x'}}, text: {'y' * 1025}}}",
        "1025 characters, and WhatsApp takes 1024 here", 8, 44, "shorten it (emoji count twice)",
    ),
    "a video's caption is long": row(
        "ask_age: How old are you?", f"ask_age: {{video: 'https://x', text: {'y' * 1025}}}",
        "1025 characters, and WhatsApp takes 1024 here", 8, 33, "shorten it (emoji count twice)",
    ),
    "a video's caption is empty": row(
        "ask_age: How old are you?", "ask_age: {video: 'https://x', text: ''}",
        "the text is empty", 8, 33, "write something",
    ),
    "a button's link is long": row(
        "ask_age: How old are you?", f"ask_age: {{text: Pay, link: {{title: {'y' * 21}, url: 'https://x'}}}}",
        "21 characters, and WhatsApp takes 20 here", 8, 31, "shorten it (emoji count twice)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    assert_issue(ERRORS[name])


PICTURE: Final = "write the picture's whole address, like 'https://shop.example/chai.jpg'"
DOCUMENT: Final = "write the document's whole address, like 'https://shop.example/prices.pdf'"
VIDEO: Final = "write the video's whole address, like 'https://shop.example/chai.mp4'"
PAGE: Final = "write the page's whole address, like 'https://shop.example/page'"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("chai.jpg", "is not an absolute URL"),
        ("/chai.jpg", "is not an absolute URL"),
        ("//shop.example/chai.jpg", "is not an absolute URL"),
        ("https://", "is not an absolute URL"),
        ("https:///chai.jpg", "is not an absolute URL"),
        ("https://shop.example:port/", "is not an absolute URL"),
        ("https://[::1/", "is not an absolute URL"),
        ("https://shop.example/a b", "is not an absolute URL"),
        ("ftp://shop.example/chai.jpg", "is not an absolute URL"),
        ("javascript:alert(1)", "is not an absolute URL"),
        (" https://shop.example", "is not an absolute URL"),
        ("http://shop.example/chai.jpg", "is not encrypted: only https will do"),
        ("HTTP://shop.example", "is not encrypted: only https will do"),
        ("http://localhost.example", "is not encrypted: only https will do"),
        ("http://10.0.0.1", "is not encrypted: only https will do"),
    ],
)
def test_a_fixed_url_that_cannot_be_opened(url: str, fault: str) -> None:
    old = "How old are you?"
    (picture,) = issues_of(edited((old, f"{{text: x, image: '{url}'}}")))
    assert (picture.message, picture.line, picture.column) == (f"'{url}' {fault}", 8, 22)
    assert picture.mend == PICTURE
    (page,) = issues_of(edited((old, f"{{text: x, link: {{title: Go, url: '{url}'}}}}")))
    assert (page.message, page.line, page.column) == (f"'{url}' {fault}", 8, 40)
    assert page.mend == PAGE
    (document,) = issues_of(edited((old, f"{{document: {{link: '{url}'}}}}")))
    assert (document.message, document.line, document.column) == (f"'{url}' {fault}", 8, 24)
    assert document.mend == DOCUMENT
    (video,) = issues_of(edited((old, f"{{video: '{url}'}}")))
    assert (video.message, video.line, video.column) == (f"'{url}' {fault}", 8, 13)
    assert video.mend == VIDEO


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example", "HTTPS://shop.example:8443/चाय?a=1#b", "http://localhost:8080/a.jpg",
        "http://127.0.0.1/a", "http://[::1]/a", "{{ event.value }}", "https://shop.example/{{ event.value }}",
        "http://{{ event.value }}", "{% if event.value %}x{% endif %}",
    ],
)  # fmt: skip
def test_a_url_that_can_be_opened_or_is_not_fixed(url: str) -> None:
    message = f"{{text: x, image: '{url}', link: {{title: Go, url: '{url}'}}}}"
    assert issues_of(edited(("How old are you?", message))) == ()
    for message in (f"{{document: {{link: '{url}'}}}}", f"{{video: '{url}'}}"):
        assert issues_of(edited(("How old are you?", message))) == ()


def test_eleven_products_in_one_list() -> None:
    list_ = (
        "list: {button: x, rows: {each: shelf.things, as: t, on: greet, with: '{{ t }}', title: '{{ t }}'}}"
    )
    ten, eleven = (f"[{', '.join(string.ascii_lowercase[:n])}]" for n in (10, 11))
    offered = ("buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]", list_)
    words = ("yes_please: {to", "yes_please: {words: x, to"), ("no_thanks: {do", "no_thanks: {words: y, do")
    assert issues_of(edited(("[a, b]", ten), offered, *words)) == ()
    (issue,) = issues_of(edited(("[a, b]", eleven), offered, *words))
    assert issue.message == "'shelf.things' has 11 items, and a WhatsApp list takes 10 rows"
    mend = "add 'pages: true' beside 'button', or offer them in several lists"
    assert (issue.line, issue.mend) == (11, mend)


def test_a_state_wide_answer_for_fresh_taps_and_another_for_stale_ones_is_no_mistake() -> None:
    both = "\n        - {to: asking}\n        - {say: hello, stale: true}"
    assert issues_of(edited(("{to: asking}", both))) == ()


def test_of_a_language_that_is_only_begun_each_gap_is_named_in_its_place() -> None:
    texts = "".join(f"  m{n}: {{en: x}}\n" for n in range(7))
    text = SOUND.replace("messages:\n", f"messages:\n{texts}", 1)
    found = [issue for issue in issues_of(text) if issue.message == "no text in 'hi': customers see 'en'"]
    assert [(issue.line, issue.column, issue.mend) for issue in found] == [
        (line, 3, "add 'hi: …'") for line in range(7, 14)
    ]


def test_rows_that_are_called_alike_get_a_warning() -> None:
    rows = (
        "list: {button: Pick, rows: [{on: yes_please, title: Sm\u200dall}, {on: no_thanks, title: SMALL ☕️}]}"
    )
    text = edited(("buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]", rows))
    (issue,) = issues_of(text)
    assert (issue.severity, issue.message) == (Severity.WARNING, "two rows are called 'SMALL ☕️'")
    assert (issue.line, issue.column) == (11, 66)
    assert issue.mend == "give one of them another title: who types it chooses neither"
    assert issues_of(text.replace("☕️", "cup")) == ()
