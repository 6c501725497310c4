"""What `munshi check` sees of a shop's terms: contradictions, and flows that leave gaps."""

import re
from pathlib import Path
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Severity
from flows.language.load import examine, load
from payments.processing.actions import SHOP
from payments.shop.legal import check_character
from payments.simulator.simulator import Simulator
from tests.payments.day_shop import SECTIONS, text_of


def _with_template(text: str, message: str) -> str:
    """Give one of the messages an approved template."""
    template = rf"  {message}: {{text: \1, template: {{name: {message}}}}}"
    return re.sub(rf'(?m)^  {message}: (".*")$', template, text)


WHOLE: Final = _with_template(
    _with_template(
        _with_template(text_of(products=SECTIONS["products"].replace("149.50", "149")), "stage"), "amended"
    ),
    "back",
).replace('link: "Pay {{ order.total | money }}"', 'link: "Pay {{ order.total | money }}: {{ order.link }}"')
"""A file with which nothing is wrong."""

GST: Final = "gst: {number: 27ABCDE1234F1Z0, rate: 5}"
ERROR, WARNING = Severity.ERROR, Severity.WARNING

SLIPS: Final[dict[str, tuple[str, str, Severity, str, str, str]]] = {
    # what stands there, what is written instead; severity, line that is named, message, mend
    "coupon for no category": (
        "only: [gifts]", "only: [gift]", ERROR, "{code: GIFT", "there is no category 'gift'",
        "did you mean 'gifts'?",
    ),
    "coupon for no category at all": (
        "only: [gifts]", "only: xyz", ERROR, "{code: GIFT", "there is no category 'xyz'",
        "name it under 'categories' of the shop",
    ),
    "another state without a number": (
        GST, "cancel_: {}".replace("cancel_: {}", "max_quantity: 99"), ERROR, "fee: 40",
        "a shop without a GST number has no taxes of another state",
        "remove it, or add 'gst' with the shop's number",
    ),
    "composition and another state": (
        GST, GST.replace("rate: 5", "scheme: composition"), ERROR, "fee: 40",
        "the composition scheme allows no sale to another state",
        "deliver in the shop's own state only, or be registered under the regular scheme",
    ),
    "a GST number of no state": (
        "27ABCDE", "00ABCDE", ERROR, "gst:",
        "'00ABCDE1234F1Z0' is no GST number: no state has the code 00", "",
    ),
    "a GST number with a slip": (
        "27ABCDE1234F1Z0", "27ABCDE1243F1Z0", WARNING, "gst:",
        "27ABCDE1243F1Z0 is not a GST number that was given out: after 27ABCDE1243F1Z stands Z",
        "compare each character with the registration certificate: one of them is another",
    ),
    "a GST number that is too short": (
        "27ABCDE1234F1Z0", "27ABCDE1234F1Z", ERROR, "gst:",
        "'27ABCDE1234F1Z' is no GST number: it has 15 characters, as in 27ABCDE1234F1Z0", "",
    ),
    "a licence that is too short": (
        "keeps:", 'legal: {name: A, address: B, fssai: "1234"}\n  keeps:', ERROR, "legal:",
        "'1234' is no FSSAI licence: it has 14 digits; write them in quotes", "",
    ),
    "stages upside down": (
        "keeps:", "stages: [accepted, out, ready, delivered]\n  keeps:", ERROR, "stages:",
        "'ready' does not follow 'out'", "the order is accepted, ready, out, delivered, each once",
    ),
    "a stage twice": (
        "keeps:", "stages: [accepted, accepted]\n  keeps:", ERROR, "stages:",
        "'accepted' does not follow 'accepted'", "the order is accepted, each once",
    ),
    "no such stage": (
        "keeps:", "stages: [placed]\n  keeps:", ERROR, "stages:",
        "'placed' is no stage: there are accepted, preparing, ready, out, delivered", "",
    ),
    "a rate that goods do not have": (
        "gst: 18", "gst: 12", WARNING, "categories:", "12 % is no usual rate of GST",
        "goods have one of 0, 0.25, 3, 5, 18, 40",
    ),
    "prices in paise and cash": (
        "price: 149", "price: 149.50", WARNING, "cash:",
        "the price of 'box' has paise, and a rider has no coins for them", "write whole rupees",
    ),
    "a fee in paise and cash": (
        "fee: 40", "fee: 39.50", WARNING, "cash:",
        "a delivery fee has paise, and a rider has no coins for them", "write whole rupees",
    ),
    "a variable that is not there": (
        "keeps: [greeting]", "keeps: [greetings]", ERROR, "keeps:",
        "the flow has no variable 'greetings' to keep", "did you mean 'greeting'?",
    ),
    "a variable that is called as a field of an order": (
        "keeps: [greeting]", "keeps: [total]", ERROR, "keeps:", "'order.total' means something else already",
        "call the variable otherwise",
    ),
    "cancelled before a stage that is not used": (
        "before: out", "before: ready", WARNING, "cancel:", "the shop has no stage 'ready'",
        "it has accepted, out, delivered: name one of them, or add it to 'stages'",
    ),
    "slots that nobody is shown": (
        "each: checkout.slots", "each: shop.products, if: 'false'", WARNING, "slots:",
        "no message offers the slots, and without one nothing can be ordered",
        "add a list with 'each: checkout.slots'",
    ),
    "rupees in a guard": (
        "{say: no}\n  checkout.refused",
        "{if: cart.total > 500, say: no}\n    - {say: no}\n  checkout.refused",
        WARNING, "cart.total > 500", "'cart.total' is in paise, and 500 paise is little",
        "write 50000 for ₹500",
    ),
    "rupees in a condition of a button": (
        "if: cart.cash", "if: 200 <= cart.goods", WARNING, "200 <= cart.goods",
        "'cart.goods' is in paise, and 200 paise is little", "write 20000 for ₹200",
    ),
    "rupees in a text": (
        "text: Menu,",
        'text: "{% if order.due >= 99 %}Menu{% else %}List{% endif %}",', WARNING, "menu: {text",
        "'order.due' is in paise, and 99 paise is little", "write 9900 for ₹99",
    ),
    "a refusal of the checkout that nothing answers": (
        "  checkout.refused: {say: no}\n", "", ERROR, "checkout.set",
        "'checkout.set' may end with 'checkout.refused', which nothing answers in: "
        "browsing, where, when, review, waiting",
        "add 'checkout.refused: {say: …}' under 'anywhere'",
    ),
    "a cancelled order that nobody hears of": (
        "  order.stage: {say: stage}\n", "", ERROR, "do: order.cancel",
        "'order.cancel' may end with 'order.stage', which nothing answers in: "
        "browsing, where, when, review, waiting",
        "add 'order.stage: {say: …}' under 'anywhere'",
    ),
}  # fmt: skip


def issues_of(text: str) -> list[tuple[Severity, str, str, str]]:
    """(severity, the line, message, mend) of each issue."""
    lines = text.split("\n")
    found = examine(text, "day.yaml", SHOP, limits=LIMITS).issues
    return [(one.severity, lines[one.line - 1], one.message, one.mend) for one in found]


def test_nothing_is_wrong_with_it() -> None:
    assert issues_of(WHOLE) == []


@pytest.mark.parametrize("slip", SLIPS)
def test_each_slip_is_named_in_its_place(slip: str) -> None:
    old, new, severity, line, message, mend = SLIPS[slip]
    text = WHOLE.replace("fee: 40,", "fee: 40, state: 29,") if "state" in slip else WHOLE
    assert old in text
    found = issues_of(text.replace(old, new))
    matching = [one for one in found if one[2:] == (message, mend)]
    assert [one[0] for one in matching] == [severity], found
    assert line in matching[0][1]


_SILENT = """
flow: tea
shop: {name: A, products: [{sku: t, name: T, price: 10, stock: 1}]}
messages: {hi: {text: Hi, buttons: [{on: add, title: Add}, {on: buy, title: Buy}, {on: rate, title: Good}]}}
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment.captured: {say: hi}
  payment_link.created: {say: hi}
  payment_link.refused: {say: hi}
  order: {do: cart.fill, say: hi}
  forget: {words: [forget], do: customer.forget, say: hi}
  person: {words: [agent], do: handover, say: hi}
otherwise: {say: hi}
start: s
states:
  s:
    enter: {say: hi}
    on:
      add: {do: {cart.add: {sku: t}}, say: hi}
      drop: {words: [drop], do: {cart.set: {sku: t, quantity: 0}}, say: hi}
      one: {words: [one], do: {cart.set: {sku: t, quantity: 1}}, say: hi}
      buy: {do: [order.place, payment.request], say: hi}
      rate: {do: {order.rate: 5}, say: hi}
      again: {words: [again], do: cart.repeat, say: hi}
"""


def test_each_action_whose_refusal_nothing_answers_is_named() -> None:
    silent = {issue[2].split(", which")[0] for issue in issues_of(_SILENT) if "may end with" in issue[2]}
    assert silent == {
        f"'{action}' may end with '{event}'"
        for action, event in [
            ("cart.add", "cart.refused"),
            ("cart.set", "cart.refused"),
            ("cart.set", "cart.emptied"),
            ("cart.repeat", "cart.refused"),
            ("cart.repeat", "cart.incomplete"),
            ("cart.fill", "order.refused"),
            ("order.place", "order.refused"),
            ("payment.request", "order.refused"),
            ("order.rate", "order.refused"),
            ("customer.forget", "customer.refused"),
            ("handover", "handover.ended"),
        ]
    }


STAGES: Final = WHOLE.replace("keeps:", "stages: [accepted, out, delivered]\n  keeps:")


@pytest.mark.parametrize(
    ("rule", "unsaid"),
    [
        ("{say: stage}", []),
        ("{if: event.stage == 'out', say: stage}", ["accepted", "delivered"]),
        ("\n    - {if: event.stage == 'out', say: stage}\n    - {ignore: no news}", []),
        ("{if: \"event.stage in ['out', 'delivered']\", say: stage}", ["accepted"]),
        ("{if: event.stage != 'out', say: stage}", []),
        ("{if: order.total, say: stage}", []),
        ("{if: \"event.stage == 'out' or order.total\", say: stage}", []),
    ],
)
def test_a_stage_that_no_customer_hears_of(rule: str, unsaid: list[str]) -> None:
    found = issues_of(STAGES.replace("order.stage: {say: stage}", f"order.stage: {rule}"))
    hear = "customers do not hear that their order is "
    messages = [message for _, _, message, _ in found if message.startswith(hear)]
    assert messages == [f"{hear}{stage}" for stage in unsaid]


@pytest.mark.parametrize(
    "guard",
    [
        "cart.total > 50000",
        "cart.total > 0",
        "cart.count > 5",
        "cart.total",
        "order.total > 500 * 100",
        "cart.total > 1000",
        "shop.products | length > 5",
        "cart.total > cart.delivery",
    ],
)
def test_sums_that_are_meant_raise_no_alarm(guard: str) -> None:
    assert issues_of(WHOLE.replace("if: cart.cash", f'if: "{guard}"')) == []


def test_a_shop_that_only_sells_has_to_answer_no_refusal() -> None:
    text = text_of(hours="", minimum="", coupons="", cash="", cancel="", slots="", areas="")
    text = text.replace("  delivery:\n    ahead: 1 day\n    pickup: true\n", "")
    text = text.replace("  checkout.refused: {say: no}\n", "").replace("  order.stage: {say: stage}\n", "")
    errors = [message for severity, _, message, _ in issues_of(text) if severity is ERROR]
    assert sorted(errors) == [
        # An address is taken as it is, but a code may be wrong.
        "'checkout.set' may end with 'checkout.refused', which nothing answers in: review",
        "'order.cancel' may end with 'order.stage', which nothing answers in: "
        "browsing, where, when, review, waiting",
        "no event that comes here has 'event.field'",  # none that 'no' is said on has it any more
    ]


def test_the_shop_of_the_manual_has_no_fault_and_sells() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "flow-format.md").read_text(encoding="utf-8")
    [text] = [block for block in manual.split("```") if block.startswith("yaml\nflow: annapurna")]
    assert issues_of(text.removeprefix("yaml\n")) == []
    chat = Simulator(load(text.removeprefix("yaml\n"), "manual.yaml", SHOP, limits=LIMITS))
    chat.write("hi")
    chat.tap("Yes")
    chat.write("Flat 4, Lake Road, Pune 411005")
    chat.tap("Tomorrow, Lunch")
    chat.tap("Coupon")
    [summary] = chat.write("first10")
    lines = summary.words.split("\n")
    assert lines[0] == "₹120, FIRST10 −₹12, delivery ₹40"
    assert lines[1].startswith("₹148 in all. Tomorrow, Lunch 12:00-14:00, Flat 4")
    [placed] = chat.tap("Cash")
    assert placed.words == "Order #10001: ₹148 in cash, Fri 2 Jan, Lunch 12:00-14:00."
    [off] = chat.write("cancel")
    assert off.words == "Order #10001: cancelled."


def test_a_product_that_is_called_as_a_word_of_the_flow_gets_a_warning() -> None:
    shipped = (Path(__file__).parents[2] / "flows.yaml").read_text("utf-8")
    found = examine(shipped.replace("en: Kulhad cups (6)", "en: Cash!"), "f", SHOP, limits=LIMITS).issues
    line = next(at for at, text in enumerate(shipped.splitlines(), 1) if "sku: kulhad-6" in text)
    assert [(one.line, one.severity, one.message) for one in found] == [
        (line, WARNING, "'Cash!' is a word of this flow: who types it does not get the product")
    ]


@pytest.mark.parametrize("number", ["27AAPFU0939F1ZV", "27ABCDE1234F1Z0", "33ABCDE1234F1Z7"])
def test_the_last_character_of_a_gst_number_follows_from_the_others(number: str) -> None:
    assert check_character(number) == number[-1]
    slips = [f"{number[:at]}{number[at + 1]}{number[at]}{number[at + 2 :]}" for at in range(13)]
    assert all(check_character(one) != number[-1] for one in slips if one != number), "a slip shows"
