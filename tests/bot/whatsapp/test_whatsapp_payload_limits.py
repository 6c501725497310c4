"""Every limit of a payload, at it and one over, and what else Meta would refuse."""

import re
from collections.abc import Callable

import pytest

from bot.whatsapp.payloads import PayloadError, build
from flows.messages.kinds import (
    Document,
    Image,
    List,
    Message,
    Reply,
    Section,
    TemplateMessage,
    Text,
    Video,
)
from tests.bot.whatsapp.sample_messages import MEERA, buttons, content, link, lists, rows

PICTURE = "https://x.example/a.jpg"


LENGTHS: list[tuple[str, int, Callable[[str], Message]]] = [
    ("text.body", 4096, Text),
    ("image.caption", 1024, lambda s: Image(PICTURE, s)),
    ("video.caption", 1024, lambda s: Video(PICTURE, s)),
    ("document.caption", 1024, lambda s: Document(PICTURE, s)),
    ("document.filename", 240, lambda s: Document(PICTURE, filename=s)),
    ("interactive.body.text", 1024, lambda s: buttons(body=s)),
    ("interactive.body.text", 1024, lambda s: lists(Section("A", rows(1)), body=s)),
    ("interactive.body.text", 1024, lambda s: link(body=s)),
    ("interactive.footer.text", 60, lambda s: buttons(footer=s)),
    ("interactive.footer.text", 60, lambda s: lists(Section("A", rows(1)), footer=s)),
    ("interactive.footer.text", 60, lambda s: link(footer=s)),
    ("interactive.action.buttons[0].reply.title", 20, lambda s: buttons(buttons=(Reply("b", s),))),
    ("interactive.action.buttons[0].reply.id", 256, lambda s: buttons(buttons=(Reply(s, "B"),))),
    ("interactive.action.button", 20, lambda s: lists(Section("A", rows(1)), button=s)),
    ("interactive.action.sections[0].title", 24, lambda s: lists(Section(s, rows(1)))),
    ("interactive.action.sections[0].rows[0].title", 24, lambda s: lists(Section("A", (Reply("r", s),)))),
    (
        "interactive.action.sections[0].rows[0].description",
        72,
        lambda s: lists(Section("A", (Reply("r", "R", s),))),
    ),
    ("interactive.action.sections[0].rows[0].id", 200, lambda s: lists(Section("A", (Reply(s, "R"),)))),
    ("interactive.action.parameters.display_text", 20, lambda s: link(title=s)),
]


@pytest.mark.parametrize(("field", "limit", "message"), LENGTHS)
def test_length_at_its_limit_and_one_over(field: str, limit: int, message: Callable[[str], Message]) -> None:
    content(message("x" * limit))
    content(message("😀" * (limit // 2)))
    for too_long in ("x" * (limit + 1), "😀" * (limit // 2) + "x" * (1 + limit % 2)):
        with pytest.raises(PayloadError) as caught:
            content(message(too_long))
        assert str(caught.value) == f"{field}: {limit + 1} UTF-16 units, but at most {limit} are allowed"


def test_opaque_at_its_limit_and_one_over() -> None:
    build(Text("Hello"), MEERA, "x" * 512)
    with pytest.raises(PayloadError, match=r"biz_opaque_callback_data: 513 .* at most 512"):
        build(Text("Hello"), MEERA, "x" * 513)


def one_row_each(n: int) -> List:
    return lists(*(Section(f"S{i}", (Reply(f"r{i}", "R"),)) for i in range(n)))


COUNTS: list[tuple[str, int, Callable[[int], Message]]] = [
    ("interactive.action.buttons", 3, buttons),
    ("interactive.action.sections", 10, one_row_each),
    ("interactive.action.sections: rows in all", 10, lambda n: lists(Section("A", rows(n)))),
]


@pytest.mark.parametrize(("field", "most", "message"), COUNTS)
def test_count_at_its_limits_and_one_beyond(field: str, most: int, message: Callable[[int], Message]) -> None:
    content(message(1))
    content(message(most))
    for n in (0, most + 1):
        with pytest.raises(PayloadError) as caught:
            content(message(n))
        assert str(caught.value) == f"{field}: {n} given, but 1 to {most} are needed"


def test_rows_are_counted_over_all_sections() -> None:
    last = Section("B", (Reply("last", "Last"),))
    content(lists(Section("A", rows(9)), last))
    with pytest.raises(PayloadError, match="rows in all: 11 given"):
        content(lists(Section("A", rows(10)), last))


def test_a_section_without_rows_is_refused() -> None:
    with pytest.raises(PayloadError, match=re.escape("interactive.action.sections[1].rows: 0 given")):
        content(lists(Section("A", rows(1)), Section("B", ())))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("text.body", Text("")),
        ("text.body", Text(" \n")),
        ("interactive.body.text", buttons(body=" ")),
        ("interactive.action.buttons[0].reply.title", buttons(buttons=(Reply("b", ""),))),
        ("interactive.action.buttons[0].reply.id", buttons(buttons=(Reply("", "B"),))),
        ("interactive.action.button", lists(Section("A", rows(1)), button="")),
        (
            "interactive.action.sections[0].title",
            lists(Section("", rows(1)), Section("B", (Reply("x", "X"),))),
        ),
        ("interactive.action.sections[0].rows[0].title", lists(Section("A", (Reply("r", ""),)))),
        ("interactive.action.parameters.display_text", link(title="")),
    ],
)
def test_empty_text_is_refused(field: str, message: Message) -> None:
    with pytest.raises(PayloadError) as caught:
        content(message)
    assert str(caught.value).startswith(f"{field}: is empty")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (buttons(buttons=(Reply("a", "Yes"), Reply("b", "Yes"))), "title 'Yes' is used twice"),
        (buttons(buttons=(Reply("a", "Yes"), Reply("a", "No"))), "id 'a' is used twice"),
        (lists(Section("A", rows(1)), Section("B", rows(1))), "row id 'r0' is used twice"),
        (buttons(buttons=(Reply(" a", "Yes"),)), "starts or ends with a blank"),
        (lists(Section("A", (Reply("a ", "Yes"),))), "starts or ends with a blank"),
        (Text("caf\ud83d"), "half of a surrogate pair"),
    ],
)
def test_what_meta_would_refuse(message: Message, words: str) -> None:
    with pytest.raises(PayloadError, match=words):
        content(message)


@pytest.mark.parametrize(
    "url",
    ["https://rzp.example/i/x", "http://localhost:8080/pay", "http://127.0.0.1/pay", "http://[::1]:8080/pay"],
)
def test_url_that_is_allowed(url: str) -> None:
    assert content(link(url=url))["action"]["parameters"]["url"] == url
    assert content(Image(url))["link"] == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/pay",
        "rzp.example/i/x",
        "//rzp.example/x",
        "https://",
        "https:///x",
        "ftp://rzp.example/x",
        "javascript:alert(1)",
        "http://rzp.example/x",
        "http://localhost.example/x",
        "http://0.0.0.0/x",
        "https://rzp.example/a b",
        " https://rzp.example/x",
        "https://rzp.example/x\n",
        "https://rzp.example:port/x",
        "https://[::1/x",
    ],
)
@pytest.mark.parametrize(
    "message",
    [lambda u: link(url=u), lambda u: link(image=u), lambda u: buttons(image=u), Image, Document, Video],
)
def test_url_that_is_refused(message: Callable[[str], Message], url: str) -> None:
    with pytest.raises(PayloadError, match=r"(url|link): "):
        content(message(url))


@pytest.mark.parametrize("ids", [("x" * 129,), ("a", ""), tuple("abcdefghijk")])
def test_quick_replies_that_meta_may_refuse(ids: tuple[str, ...]) -> None:
    with pytest.raises(PayloadError, match="template button"):
        build(TemplateMessage("new_order", "en", (), ids), MEERA, "c.7")


@pytest.mark.parametrize("value", ["", "   ", "a\nb", "a\tb", "a  b", " a", "x" * 1025])
def test_a_template_that_meta_would_refuse(value: str) -> None:
    with pytest.raises(PayloadError, match=r"parameters\[1\]\.text: "):
        build(TemplateMessage("order_paid", "en", ("fine", value)), MEERA, "c.7")
