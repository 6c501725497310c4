"""Scenario files: how they are read, and how a mismatch is reported."""

from functools import cache
from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.processing.changes import Outcome
from payments.simulator.runner import Played, matches, play
from payments.simulator.scenario import Expectation, ScenarioAction, parse


@cache
def shipped() -> Flow:
    return load(Path("flows.yaml").read_text("utf-8"), "flows.yaml", SHOP, limits=LIMITS)


def played(chat: str, head: str = "scenario: x") -> Played:
    return play(shipped(), parse(f"{head}\nchat:\n{chat}", "x.yaml"))


def issues(text: str) -> list[str]:
    with pytest.raises(FlowInvalid) as raised:
        parse(text, "x.yaml")
    return [str(issue) for issue in raised.value.issues]


FILES = """
flow: papers
shop:
  name: Papers
  products: [{sku: a, price: 30, name: A}]
variables: {page: {type: text, default: ""}}
messages:
  prices:
    document: {link: "{{ page if page != 'no' else '' }}", filename: "{{ shop.name }}.pdf"}
    text: "Prices of {{ shop.name }}"
  film: {video: "https://shop.example/{{ event.text }}.mp4", text: "How {{ shop.name }} is made"}
  other: Hello.
anywhere:
  prices: {words: [prices], do: {set: {page: "https://shop.example/a.pdf"}}, say: prices}
  film: {words: [film], say: film}
  none: {words: [none], do: {set: {page: "no"}}, say: prices}
  broken: {words: [broken], do: {set: {page: "http://shop.example/a.pdf"}}, say: prices}
  order.requested: {say: other}
  payment.captured: {say: other}
otherwise: {say: other}
apology: Sorry.
start: desk
states: {desk: {}}
"""


def test_a_chat_with_files() -> None:
    chat = parse(
        """
scenario: A file is asked for
chat:
  - customer: prices
  - shop: Prices of Papers
    buttons: []
    documents: [Papers.pdf]
  - customer: none
  - shop: Prices of Papers
    documents: []
  - customer: film
  - shop: How Papers is made
""",
        "x.yaml",
    )
    flow = load(FILES, "papers.yaml", SHOP, limits=LIMITS)
    ended = play(flow, chat)
    assert ended.mismatch is None, str(ended)
    assert "          [document: Papers.pdf]" in ended.transcript
    refused = play(flow, parse("scenario: x\nchat:\n  - customer: broken\n", "x.yaml"))
    assert refused.mismatch is not None
    assert "the document can't be opened" in str(refused.mismatch)


def test_a_scenario_is_read_with_its_lines() -> None:
    text = (
        "scenario: Hello\nflow: a.yaml\nlanguage: hi\nchat:\n  - customer: 2\n  - shop: a\n    state: cart\n"
    )
    scenario = parse(text, "x.yaml")
    assert (scenario.name, scenario.flow, scenario.language) == ("Hello", "a.yaml", "hi")
    deed, expectation = scenario.steps
    assert isinstance(deed, ScenarioAction)
    assert (deed.line, deed.said) == (5, "customer: 2")
    assert expectation == Expectation(line=6, shop=("a",), state="cart")


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        (
            "scenario: x\nchat:\n  - custmer: hi\n",
            "x.yaml:3:5: error: unknown key 'custmer'\n"
            "  3 |   - custmer: hi\n    |     ^\n    did you mean 'customer'?",
        ),
        ("scenario: x\ncaht: []\nchat: [{customer: hi}]\n", "x.yaml:2:1: error: unknown key 'caht'"),
        ("chat: [{customer: hi}]\n", "x.yaml:1:1: error: 'scenario' is missing"),
        ("scenario: x\nchat: []\n", "x.yaml:2:1: error: the chat has no steps"),
        ("- a\n", "x.yaml:1:1: error: nothing that can be read here"),
        (
            "scenario: x\nchat:\n  - customer: hi\n    shop: hello\n",
            "x.yaml:3:5: error: one step holds customer and shop",
        ),
        ("scenario: x\nchat:\n  - customer: true\n", "x.yaml:3:5: error: true is not text"),
        ("scenario: x\nchat:\n  - shop: [a, [b]]\n", "x.yaml:3:15: error: b is not text"),
        ("scenario: x\nchat:\n  - sends: stiker\n", "x.yaml:3:5: error: WhatsApp has no 'stiker'"),
        ("scenario: x\nchat:\n  - waits: soon\n", "x.yaml:3:5: error: 'soon' is not a span of time"),
        ("scenario: x\nchat:\n  - pays: -5\n", "x.yaml:3:5: error: -5 is not a price"),
        ("scenario: x\nchat:\n  - pays: 5 rupees\n", "x.yaml:3:5: error: 'rupees' is no currency"),
        (
            "scenario: x\nchat:\n  - pays: yes\n",
            "x.yaml:3:5: error: 'yes' is not an amount in rupees: write 'pays: true' for all that is due",
        ),
        ("scenario: x\nchat:\n  - pays: lots\n", "x.yaml:3:5: error: 'lots' is not an amount in rupees"),
        ("scenario: x\nchat:\n  - payment_fails: false\n", "x.yaml:3:5: error: false is not text"),
        (
            "scenario: x\nchat:\n  - order: [{sku: a, quantity: 0}]\n",
            "x.yaml:3:5: error: write 'order: [{sku: …, quantity: 1}]'",
        ),
        ("scenario: x\nchat:\n  - razorpay: sleeps\n", "x.yaml:3:5: error: write 'razorpay: …' with answers"),
        ("scenario: x\nchat:\n  - razorpay: [answers]\n", "x.yaml:3:5: error: write 'razorpay: …'"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, issue: str) -> None:
    assert any(said.startswith(issue) for said in issues(text)), issues(text)


def test_all_issues_are_said_at_once() -> None:
    assert len(issues("scenario: x\nchat:\n  - waits: soon\n  - taps: a\n  - {}\n")) == 3


@pytest.mark.parametrize(
    ("expected", "said", "fits"),
    [
        ("Hello", " Hello\n", True),
        ("Hello", "Hello!", False),
        ("He…", "Hello\nthere", True),
        ("…#… is paid", "Order #10004 is paid", True),
        ("#… is paid", "Order #10004 is paid", False),
        ("₹1.50", "₹1x50", False),
        ("🛒 Your cart …", "🛒 Your cart\n2 × Chai", True),
        ("… is paid", "Order 7\nis paid", True),
        ("… is paid", "Order 7is paid", False),
        ("a … b … c", "a\n\n1 b\n2 c", True),
    ],
)
def test_an_ellipsis_stands_for_anything(expected: str, said: str, fits: bool) -> None:
    assert matches(expected, said) is fits


def test_a_mismatch_of_blanks_alone_is_said_to_be_one() -> None:
    chat = "  - customer: prices\n  - shop: Prices  of Papers\n"
    flow = load(FILES, "flows.yaml", SHOP, limits=LIMITS)
    alike = play(flow, parse(f"scenario: x\nchat:\n{chat}", "x.yaml")).mismatch
    assert alike is not None
    assert "only blanks and line breaks differ" in alike.said
    other = play(flow, parse(f"scenario: x\nchat:\n{chat.replace('of', 'in')}", "x.yaml")).mismatch
    assert other is not None
    assert "only blanks" not in other.said


def line_of(text: str) -> int:
    return Path("flows.yaml").read_text("utf-8").partition(f"\n{text}")[0].count("\n") + 2


def test_a_broken_promise_shows_place_expectation_answer_and_chat() -> None:
    result = played("  - customer: hi\n  - shop: Good evening\n")
    assert result.mismatch is not None
    assert result.mismatch.line == 4
    assert str(result).splitlines() == [
        "x.yaml:4: x",
        "  expected",
        "    the shop to say:",
        "    - Good evening",
        "  but",
        "    it said:",
        "    - Namaste Asha! Welcome to Chai & Co.! What would you like today?",
        "  to mend it",
        "    if the shop is right, change line 4 of x.yaml",
        "    if the chat is right, change the flow file, where this answered:",
        f"    flows.yaml:{line_of('  menu:')}: anywhere: menu",
        "  the chat so far",
        "    customer: hi",
        "        shop: Namaste Asha! Welcome to Chai & Co.! What would you like today?",
        "              [Masala chai 250 g] [Ginger chai 250 g] [Assam leaf 500 g] [Kulhad cups (6)]"
        " [Gift box]",
    ]


@pytest.mark.parametrize(
    "expectation",
    [
        "shop: []",
        'shop: ["Namaste…", "Namaste…"]',
        "rows: [Masala chai 250 g]",
        "buttons: [Help]",
        "documents: [invoice]",
        "state: cart",
        "state: brow",
    ],
)
def test_each_expectation_can_be_broken(expectation: str) -> None:
    assert played(f"  - customer: hi\n  - {expectation}\n").mismatch is not None


def test_a_state_may_be_named_by_its_group() -> None:
    chat = "  - customer: hi\n  - tap: Masala chai 250 g\n  - state: {}\n"
    assert played(chat.format("cart")).mismatch is None
    assert played(chat.format("cart.review")).mismatch is None
    assert played(chat.format("cart.choose")).mismatch is not None


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("tap: Nothing", "nothing is called 'Nothing'"),
        ("pays: true", "there is no payment link to pay"),
        ("razorpay: cancels the link", "there is no payment link to pay"),
    ],
)
def test_what_cannot_be_done_ends_the_scenario(deed: str, said: str) -> None:
    mismatch = played(f"  - {deed}\n").mismatch
    assert mismatch is not None
    assert said in mismatch.said


def test_a_paid_link_cannot_be_paid_again() -> None:
    chat = "  - order: [{sku: masala-250, quantity: 1}]\n  - pays: true\n  - state: paid\n  - pays: true\n"
    mismatch = played(chat).mismatch
    assert mismatch is not None
    assert (mismatch.line, mismatch.said) == (6, "there is no payment link to pay")


def test_an_event_that_could_not_be_handled_ends_the_scenario() -> None:
    text = (
        Path("flows.yaml")
        .read_text("utf-8")
        .replace("en: Your cart is empty.", 'en: "{{ 1 // (cart.count - cart.count) }}"')
    )
    scenario = parse("scenario: x\nchat:\n  - customer: cart\n", "x.yaml")
    mismatch = play(load(text, vocabulary=SHOP, limits=LIMITS), scenario).mismatch
    assert mismatch is not None
    assert mismatch.said.startswith("the shop could not handle it: StepFailed: flows.yaml:")
    assert " (message 'cart_empty'), flows.yaml:" in mismatch.said
    assert " (rule 'anywhere: view_cart'): in the template " in mismatch.said


def test_an_unknown_language_is_said() -> None:
    result = played("  - customer: hi\n", "scenario: x\nlanguage: fr")
    assert result.mismatch is not None
    assert (result.mismatch.line, result.mismatch.said) == (2, "the flow speaks en, hi")
    assert result.answered == ()
    assert "    if the chat is right, change the flow file\n" in str(result)


def test_what_cannot_be_done_names_what_answered_before() -> None:
    result = played("  - customer: hi\n  - tap: Masala chai 250 g\n  - tap: Nothing\n")
    assert result.answered == (
        f"flows.yaml:{line_of('        - {stale: true, do: {cart.add')}: browsing: add",
    )


def test_what_became_of_every_event_is_kept() -> None:
    handled = played("  - customer: hi\n  - tap: Masala chai 250 g\n").results
    assert [each.outcome for each in handled] == [Outcome.APPLIED, Outcome.APPLIED]
    assert handled[1].trace[0]["taken"]["rule"] == "browsing: add"
