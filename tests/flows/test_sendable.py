"""What WhatsApp would refuse is corrected or refused when it is said, and found by the check."""

from textwrap import dedent

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Severity, StepFailed, Unsendable
from flows.language.load import examine
from flows.messages.kinds import Buttons, Document, Image, Link, List, Message, Reply, Section, Text, Video
from flows.messages.replies import decode
from payments.processing.actions import SHOP
from tests.flows.chat import flow_of

PICTURE = "https://shop.example/a.jpg"
A, B = Reply("k-1.7|add|a", "A"), Reply("k-1.7|add|b", "B")


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (Buttons("x", (A,), image=""), Buttons("x", (A,))),
        (Buttons("x", (A,), image=" "), Buttons("x", (A,))),
        (Link("x", "Go", PICTURE, image=""), Link("x", "Go", PICTURE)),
        (Image("", "x"), Text("x")),
        (Image(PICTURE, ""), Image(PICTURE, "")),
        (Video("", "x"), Text("x")),
        (Video(PICTURE, None), Video(PICTURE)),
        (Document(" ", "x", "a.pdf"), Text("x")),
        (Document(PICTURE, "x", "a.pdf"), Document(PICTURE, "x", "a.pdf")),
    ],
)
def test_a_picture_without_an_address_is_left_out(said: Message, sent: Message) -> None:
    assert said.sendable(LIMITS) == sent


@pytest.mark.parametrize(
    "message",
    [
        Image("", None),
        Image("", " "),
        Image("a.jpg", "x"),
        Image("http://shop.example/a.jpg"),
        Video("", ""),
        Video("http://shop.example/a.mp4", "x"),
        Document("", None, "a.pdf"),
        Document("a.pdf", "x"),
        Buttons("x", (A,), image="https://"),
        Link("x", "Go", ""),
        Link("x", "Go", "https://shop.example/a b"),
        List("x", "See", (Section(" ", (A,)), Section("B", (B,)))),
        List("x", "See", (Section("A", (A,) * 11),)),
    ],
)
def test_what_cannot_be_mended_is_refused(message: Message) -> None:
    with pytest.raises(Unsendable):
        message.sendable(LIMITS)


def test_a_row_in_two_sections_stands_in_both_and_means_the_same() -> None:
    made = List("x", "See", (Section("New", (A, B)), Section("All", (A, A)))).sendable(LIMITS)
    assert isinstance(made, List)
    ids = [row.id for section in made.sections for row in section.rows]
    assert len(set(ids)) == 4
    assert [decode(id) for id in ids] == [decode(A.id), decode(B.id), decode(A.id), decode(A.id)]


def test_titles_that_came_out_equal_are_numbered_within_the_limit() -> None:
    title = "Darjeeling first flu…"
    made = Buttons("x", (A, B, Reply("k-1.7|add|c", "A"))).sendable(LIMITS)
    assert isinstance(made, Buttons)
    assert [button.title for button in made.buttons] == ["A", "B", "A 2"]
    made = Buttons("x", tuple(Reply(f"k-1.7|add|{n}", title) for n in range(3))).sendable(LIMITS)
    assert isinstance(made, Buttons)
    assert [b.title for b in made.buttons] == [title, "Darjeeling first… 2", "Darjeeling first… 3"]


def test_a_value_has_no_blanks_at_its_ends_and_half_a_character_fails_the_step_only() -> None:
    flow = flow_of("""
        flow: f
        messages: {m: {text: "{{ customer.name }}", buttons: [{on: go, title: Go, with: " {{ language }} "}]}}
        anywhere: {go: {say: m}, money.came: {say: m}}
        otherwise: {say: m}
        start: s
        states: {s: {enter: {say: m}}}
    """)
    speech = flow.messages["m"]["en"]
    message = speech({"customer": {"name": "x"}, "language": "en"}, "k-1.7")
    assert isinstance(message, Buttons)
    assert message.buttons[0].id == "k-1.7|go|en"
    with pytest.raises(StepFailed):
        speech({"customer": {"name": "\ud83d"}, "language": "en"}, "k-1.7")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("invoice 7.pdf", "invoice 7.pdf"),
        (" two\nlines\t.pdf ", "two lines .pdf"),
        (" ", None),
        ("x" * 300 + ".pdf", "x" * 119 + "…" + "x" * 116 + ".pdf"),
    ],
)
def test_a_documents_name_is_one_line_that_keeps_its_ending(name: str, shown: str | None) -> None:
    flow = flow_of("""
        flow: f
        messages: {m: {document: {link: "https://shop.example/{{ language }}", filename: "{{ event.name }}"}}}
        anywhere: {money.came: {say: m}}
        otherwise: {say: m}
        start: s
        states: {s: {enter: {say: m}}}
    """)
    said = flow.messages["m"]["en"]({"event": {"name": name}, "language": "en"}, "k-1.7")
    assert said == Document("https://shop.example/en", None, shown)


SHOP_FLOW = """
flow: f
languages: [en, hi]
shop:
  name: Chai
  products:
    - {{sku: a, price: 1, name: Assam, image: "{image}"}}
    - {{sku: b, price: 1, name: {{en: Breakfast, hi: "{hindi}"}}}}
variables: {{item: {{type: text, max: 64, default: ""}}}}
messages:
  m: {message}
anywhere:
  order.requested: {{say: m}}
  payment.captured: {{say: m}}
  go: {{words: [go], say: m}}
  hindi: {{words: [hindi], do: {{language: hi}}, say: m}}
otherwise: {{say: m}}
start: s
states: {{s: {{enter: {{say: m}}}}}}
"""
PICTURED = (
    "{image: '{% for p in shop.products %}{% if p.sku == item %}{{ p.image }}{% endif %}{% endfor %}'{text}}"
)


def issues(message: str, image: str = PICTURE, hindi: str = "नाश्ता") -> list[tuple[Severity, str]]:
    text = dedent(SHOP_FLOW).format(message=message, image=image, hindi=hindi)
    found = examine(text, vocabulary=SHOP, limits=LIMITS).issues
    return [(issue.severity, issue.message) for issue in found if issue.message != "nothing reads 'item'"]


@pytest.mark.parametrize(
    ("message", "severity", "parts"),
    [
        (PICTURED.replace("{text}", ""), Severity.WARNING, ["'b' in the cart", "picture"]),
        ("'{{ cart.lines[0].description }}'", Severity.WARNING, ["'a' in the cart", "empty"]),
        ("{text: x, link: {title: Go, url: '{{ cart.lines[0].sku }}'}}", Severity.WARNING, ["absolute URL"]),
        ("{text: x, link: {title: Go, url: '{{ shop.name }}'}}", Severity.ERROR, ["'en'", "absolute URL"]),
        ("{text: '{{ shop.products[0].description }}'}", Severity.ERROR, ["empty"]),
        ("'{{ shop.products[1].name if language == ''hi'' else ''x'' }}'", Severity.ERROR, ["'hi'", "empty"]),
    ],
)
def test_the_check_says_every_message_with_every_product_in_every_language(
    message: str, severity: Severity, parts: list[str]
) -> None:
    hindi = " " if "'hi'" in "".join(parts) else "नाश्ता"
    [(found, said)] = issues(message, hindi=hindi)
    assert found is severity
    assert all(part in said for part in parts)


def test_the_check_has_nothing_to_say_of_what_is_mended() -> None:
    assert issues(PICTURED.replace("{text}", ", text: Yes")) == []
    assert issues("{text: x, buttons: [{on: go, title: Go}]}") == []


def test_a_picture_of_a_product_that_nobody_can_open_is_an_error() -> None:
    [(severity, said)] = issues("x", image="http://shop.example/a.jpg")
    assert severity is Severity.ERROR
    assert "encrypted" in said
