"""The terminal: how messages look, and what a typed line means."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.terminal import commands
from bot.terminal.commands import (
    Choose,
    Fail,
    Pay,
    Send,
    Wait,
    Write,
    Wrong,
    choices,
    form_example,
    parse_command,
    pick,
)
from bot.terminal.drawing import WIDTH, draw, draw_all, draw_trace, rich_text
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Document,
    Image,
    Link,
    List,
    Message,
    Payment,
    Reply,
    Section,
    Text,
    Video,
)
from tests.payments.card_bills import bill
from tests.payments.tiffin_shop import flow as flow_of

BUTTONS = Buttons("Your *cart*", (Reply("1|a|", "Check out"), Reply("1|b|", "Add more")), footer="small")
LIST = List(
    "Choose",
    "Products",
    (
        Section("Chai", (Reply("1|c|x", "Masala", "₹180"), Reply("1|c|y", "Ginger"))),
        Section("Cups", (Reply("1|c|z", "Kulhad"),)),
    ),
)


def shown(
    *messages: Message, terminal: bool = False, width: int = 80, form: str = commands.FORM_EXAMPLE
) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=width, no_color=True, highlight=False)
    for drawn in draw_all(messages, form):
        console.print(drawn)
    return out.getvalue()


def test_plain_text_where_there_is_no_terminal() -> None:
    assert shown(BUTTONS, LIST) == (
        "Your cart\nsmall\n   1 Check out\n   2 Add more\n\n"
        "Choose\n  ☰ Products\n  Chai\n   3 Masala  ₹180\n   4 Ginger\n  Cups\n   5 Kulhad\n\n"
    )


def test_a_bubble_in_a_terminal() -> None:
    lines = shown(BUTTONS, terminal=True).splitlines()
    assert lines[0].count("─") == WIDTH - 2
    assert any("│" in line and "cart" in line for line in lines)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    long = Link("word " * 60, "Open", "https://example.com/" + "x" * 100)
    for line in shown(long, LIST, width=width).splitlines():
        assert len(line) <= width


def test_every_kind_of_message_shows_what_it_holds() -> None:
    assert shown(Text("[bold]not markup[/bold]")) == "[bold]not markup[/bold]\n\n"
    assert shown(Image("https://x/y.png", "A cup")) == "[picture: https://x/y.png]\nA cup\n\n"
    assert shown(Video("https://x/a.mp4", "Chai")) == "[video: https://x/a.mp4]\nChai\n\n"
    assert shown(Document("https://x/a.pdf", "Prices")) == "[document: https://x/a.pdf]\nPrices\n\n"
    assert shown(Document("https://x/a.pdf", None, "p.pdf")) == "[document: p.pdf: https://x/a.pdf]\n\n"
    assert shown(Document("stored:credit-note/a-1-1/7", None)) == "[document: credit note]\n\n"
    form = "Where?\n  [Address form] /address house=4; address=Lake Road; city=Pune; pincode=411001\n\n"
    assert shown(AddressForm("Where?", "Asha"), width=90) == form
    here = form_example(flow_of().sections["shop"])
    assert here == "/address house=4; address=Lake Road; pincode=411001"
    assert shown(AddressForm("Where?", "Asha"), width=90, form=here) == f"Where?\n  [Address form] {here}\n\n"
    card = "Pay\n  2 × Masala chai 250 g: ₹180\n  Delivery: ₹40\n  FIRST10: -₹36\n  Total: ₹364\n"
    assert shown(Payment("Pay", "c-1-1.c1", bill=bill())) == f"{card}  [Review and pay: /pay]\n\n"
    assert shown(CardUpdate("On its way", "c-1-1.c1", "shipped")) == "On its way\n\n"
    assert shown(Link("Pay", "Open", "https://rzp.io/a_b_c")) == "Pay\n  [Open] https://rzp.io/a_b_c\n\n"


@pytest.mark.parametrize(
    ("body", "plain", "styles"),
    [
        ("a *bold* word", "a bold word", ["bold"]),
        ("_it_ and ~no~", "it and no", ["italic", "strike"]),
        ("*_both_*", "both", ["bold italic"]),
        ("```a *b* c```", "a *b* c", ["cyan"]),
        ("2 * 3 * 4", "2 * 3 * 4", []),
        ("snake_case_name", "snake_case_name", []),
        ("https://x/a_b_c", "https://x/a_b_c", []),
        ("*open\nend*", "*open\nend*", []),
        ("type *मेनू* now", "type मेनू now", ["bold"]),
        ("a\x1b[2Jb\x00", "a\\x1b[2Jb\\x00", []),
    ],
)
def test_whatsapp_marks(body: str, plain: str, styles: list[str]) -> None:
    text = rich_text(body)
    assert text.plain == plain
    assert [str(span.style) for span in text.spans] == styles


@given(st.text(alphabet="*_~` ab\n[]", max_size=60))
def test_any_text_can_be_drawn(body: str) -> None:
    shown(Text(body))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("hello there ", Write("hello there")),
        ("a\0b", Write("ab")),
        ("3", Choose(3, "3")),
        ("03", Choose(3, "03")),
        ("560001", Write("560001")),
        ("३", Write("३")),
        ("/say 2", Write("2")),
        ("/pay", Pay()),
        ("/PAY", Pay()),
        ("/fail", Fail("")),
        ("/fail no money", Fail("no money")),
        ("/wait 20m", Wait(1_200_000)),
        ("/wait 10 min", Wait(600_000)),
        ("/wait 2h", Wait(7_200_000)),
        ("/send sticker", Send("sticker")),
        ("/trace", commands.Trace()),
        ("/state", commands.State()),
        ("/help", commands.Help()),
        ("/quit", commands.Quit()),
    ],
)
def test_what_a_line_means(line: str, command: commands.Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/pya", "'/pya' is not a command: did you mean '/pay'?"),
        ("/xyzzy", "'/xyzzy' is not a command: there are /pay /fail"),
        ("/", "'/' is not a command: there are /pay"),
        ("/wait", "'' is not a span of time"),
        ("/wait long", "'long' is not a span of time"),
        ("/send stiker", "/send takes one of audio, "),
        ("/send", "/send takes one of audio, "),
        ("/say", "/say needs words"),
        ("/pay now", "'now' is too much"),
    ],
)
def test_a_wrong_command_says_what_there_is(line: str, said: str) -> None:
    command = parse_command(line)
    assert isinstance(command, Wrong)
    assert command.message.startswith(said)


@given(st.text(min_size=1))
def test_any_line_means_something(line: str) -> None:
    assert parse_command(line)


def test_every_command_has_its_line_of_help() -> None:
    assert {name for name in commands.COMMANDS if "is not a command" in str(parse_command(name))} == set()


def test_choices_are_numbered_through_the_answer() -> None:
    offered = choices((BUTTONS, Text("and"), LIST))
    assert [reply.id for reply in offered] == ["1|a|", "1|b|", "1|c|x", "1|c|y", "1|c|z"]
    assert pick(Choose(4, "4"), offered) == offered[3]
    assert pick(Write(" CHECK out!"), offered) == offered[0]
    thanks = Reply("x", "🙏")
    assert pick(Write("🙏"), (thanks,)) == thanks


@pytest.mark.parametrize("command", [Choose(0, "0"), Choose(7, "7"), Write("what?"), Write("🤝"), Pay()])
def test_what_chooses_nothing(command: commands.Command) -> None:
    assert pick(command, choices((BUTTONS, LIST, Buttons("", (Reply("x", "🙏"),))))) is None


def test_a_trace_says_what_was_decided_and_why() -> None:
    trace = (
        {
            "event": "pay_now",
            "state": "awaiting",
            "passed": [{"rule": "awaiting: pay_now", "line": 5, "because": "not order.link"}],
            "taken": {"rule": "awaiting: pay_now", "line": 6},
            "did": ["a", "b"],
            "entered": ["paid"],
            "said": ["thanks"],
        },
        {"event": "payment.failed", "state": "paid", "unanswered": True, "raised": False},
    )
    out = io.StringIO()
    Console(file=out, width=80).print(draw_trace(trace))
    assert out.getvalue().splitlines() == [
        "pay_now  in awaiting",
        "  passed   line 5, awaiting: pay_now: not order.link",
        "  took     line 6, awaiting: pay_now",
        "  did      a, b",
        "  entered  paid",
        "  said     thanks",
        "payment.failed  in paid",
        "  unanswered: no rule here answers it",
    ]


def test_numbers_start_where_they_are_told() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(draw(BUTTONS, 4))
    assert "   4 Check out\n   5 Add more\n" in out.getvalue()
