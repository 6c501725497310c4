"""A sum that a text shows without `| money` is a warning where it stands, and its mend is taken."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue, Severity
from flows.language.load import examine
from payments.processing.actions import SHOP

STALL: Final = """\
flow: lemonade
shop:
  name: Lemonade
  products: [{sku: glass, price: 30, name: A glass}]
variables:
  many: {type: integer}
  whole: {type: integer}
  noted: {}
messages:
  hello: "Hello, you said {{ many }}."
  pay:
    text: "Pay TEXT"
    link: {title: Pay, url: "{{ order.link }}"}
  shown: "{{ whole | money }}{{ noted | int | money }}"
  paid: "{{ event.amount | money }}"
  sorry: That did not work.
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created:
    do: {set: {whole: "{{ order.total }}", noted: "{{ order.total }}"}}
    say: [pay, shown]
  payment_link.refused: {say: sorry}
  order.refused: {say: sorry}
  cart.refused: {say: sorry}
  payment.captured: {do: cart.settle, say: paid}
otherwise: {say: hello}
start: counter
states:
  counter:
    ask: many
    on:
      answered: {do: [{cart.set: {sku: glass, quantity: 1}}, order.place, payment.request]}
      buy: {words: buy, say: hello}
"""


def issues_of(text: str) -> tuple[Issue, ...]:
    return examine(text, "f.yaml", SHOP, limits=LIMITS).issues


def test_the_stall_is_sound() -> None:
    assert issues_of(STALL.replace("TEXT", "now")) == ()


SHOWN: Final = {
    "{{ order.total }}": ("order.total", "{{ order.total | money }}"),
    "{{ order.due }}": ("order.due", "{{ order.due | money }}"),
    "{{ order.total - cart.total }}": (
        "order.total - cart.total",
        "{{ (order.total - cart.total) | money }}",
    ),
    "{{ -order.due }}": ("-order.due", "{{ (-order.due) | money }}"),
    "{{ many * order.lines[0].price }}": (
        "many * order.lines[0].price",
        "{{ (many * order.lines[0].price) | money }}",
    ),
    "{{ order.due or order.total }}": (
        "order.due or order.total",
        "{{ (order.due or order.total) | money }}",
    ),
    "{{ (order.lines | first).total }}": (
        "(order.lines | first).total",
        "{{ (order.lines | first).total | money }}",
    ),
    "{{ shop.product['glass'].price }}": (
        "shop.product.glass.price",
        "{{ shop.product.glass.price | money }}",
    ),
    "{{ order.due | default('') }}": (
        "order.due",
        "{{ order.due | money if order.due is defined else '' }}",
    ),
    "{{ order.due or 'free' }}": ("order.due", "{{ order.due | money if order.due else 'free' }}"),
    "{{ noted or 'free' }}": ("noted", "{{ noted | int | money if noted else 'free' }}"),
    "{{ order.due | int or 'free' }}": ("order.due", "{{ order.due | money if order.due else 'free' }}"),
    "{{ order.due or order.total or many }}": (
        "order.due or order.total",
        "{{ (order.due or order.total) | money if (order.due or order.total) else many }}",
    ),
    "{{ order.total // 2 }}": ("order.total // 2", "{{ (order.total // 2) | money }}"),
    "{{ whole }}": ("whole", "{{ whole | money }}"),
    "{{ noted }}": ("noted", "{{ noted | int | money }}"),
}
"""What is shown alone: what the warning names, and its mend."""


@pytest.mark.parametrize("written", SHOWN)
def test_a_sum_that_is_shown_as_it_is(written: str) -> None:
    named, mend = SHOWN[written]
    text = STALL.replace("TEXT", written)
    [issue] = issues_of(text)
    assert (issue.severity, issue.line, issue.column) == (Severity.WARNING, 12, 5)
    assert issue.message == f"'{named}' shows paise: customers read 18000 for ₹180"
    assert issue.mend == f"write {mend}"
    assert issues_of(STALL.replace("TEXT", mend)) == ()


@pytest.mark.parametrize(
    ("written", "instead_of", "mend"),
    [
        ("{{ 'in all ' ~ order.total }}", "order.total", "order.total | money"),
        ("{{ order.total if order.total > 50000 else '-' }}", "order.total if", "order.total | money"),
        ("{% for a in order.lines %}{{ a.total }} {% endfor %}", "{{ a.total }}", "{{ a.total | money }}"),
        ("{% set all = order.total %}{{ all }}", "{{ all }}", "{{ all | money }}"),
        (
            "{{ 'fee: ' ~ (order.due or 'none') }}", "(order.due or 'none')",
            "(order.due | money if order.due else 'none')",
        ),
        ("{{ order.total | int }}", "order.total | int", "order.total | money"),
    ],
)  # fmt: skip
def test_a_sum_within_what_is_shown(written: str, instead_of: str, mend: str) -> None:
    [issue] = issues_of(STALL.replace("TEXT", written))
    assert issue.mend == f"write {mend}"
    more = " if" if instead_of.endswith(" if") else ""
    assert issues_of(STALL.replace("TEXT", written.replace(instead_of, f"{mend}{more}", 1))) == ()


@pytest.mark.parametrize(
    "written",
    [
        "{{ order.total | money }}",
        "{% if order.total > 50000 %}much{% else %}little{% endif %}",
        "{{ 'much' if order.total > 50000 else 'little' }}",
        "{{ order.total // 100 }}",
        "{{ order.total // 180 }} boxes{{ ', many' if order.total // 180 > 5 }}",
        "{{ order.total // 100 or 'free' }}",
        "{% set boxes = order.total // 18050 %}{{ boxes }}",
        "{% set rupees = order.total // 100 %}{{ rupees }}",
        "{{ order.total // 100 ~ '.' ~ (order.total - order.total // 100 * 100) }}",
        "{{ order.total > 50000 and 'much' or 'little' }}",
        "{{ order.count }} {{ order.number }} {{ order.lines | length }}",
        "{{ many }}",
        "{{ order.total | upper }}",
    ],
)
def test_what_shows_no_paise(written: str) -> None:
    assert issues_of(STALL.replace("TEXT", f"now {written}")) == ()


PLACES: Final = {
    "title of a button": ("{title: Pay, url", '{title: "{{ order.total }}", url'),
    "footer": ("text: \"Pay TEXT\"", 'text: Pay\n    footer: "{{ order.total }}"'),
    "title of a button that is tapped": (
        "  hello: \"Hello, you said {{ many }}.\"",
        '  hello: {text: "You said {{ many }}", buttons: [{on: buy, title: "{{ cart.total }}"}]}',
    ),
    "row of a list": (
        "  hello: \"Hello, you said {{ many }}.\"",
        '  hello: {text: "You said {{ many }}", list: {button: See, rows: {each: shop.products, as: one, '
        'on: buy, with: "{{ one.sku }}", title: "{{ one.name }}", description: "{{ one.price }}"}}}',
    ),
    "value of a template": (
        "text: \"Pay TEXT\"",
        'text: Pay\n    template: {name: pay_now, values: ["{{ order.total }}"]}',
    ),
    "text that is set": (
        "{words: buy, say: hello}",
        '{words: buy, do: {set: {noted: "in all {{ cart.total }}"}}, say: hello}',
    ),
    "another language": ("text: \"Pay TEXT\"", 'text: {en: "{{ order.total }}"}'),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_wherever_people_read_it(place: str) -> None:
    old, new = PLACES[place]
    text = STALL.replace(old, new, 1)
    found = [one for one in issues_of(text) if "shows paise" in one.message]
    assert [one.severity for one in found] == [Severity.WARNING]
    mend = found[0].mend.removeprefix("write ")
    mended = issues_of(STALL.replace(old, new.replace(mend.replace(" | money", ""), mend), 1))
    assert [one for one in mended if "shows paise" in one.message] == []


@pytest.mark.parametrize(
    "old_and_new",
    [
        ("{words: buy, say: hello}", '{words: buy, do: {set: {noted: "{{ order.total }}"}}, say: hello}'),
        ('url: "{{ order.link }}"', 'url: "https://pay.example/{{ order.total }}/{{ order.link }}"'),
        (
            '  hello: "Hello, you said {{ many }}."',
            '  hello: {text: "So {{ many }}", buttons: [{on: buy, with: "{{ cart.total }}", title: Buy}]}',
        ),
    ],
)
def test_what_nobody_reads(old_and_new: tuple[str, str]) -> None:
    text = STALL.replace("TEXT", "now").replace(*old_and_new, 1)
    assert text != STALL.replace("TEXT", "now")
    assert issues_of(text) == ()


@pytest.mark.parametrize("more", ["{set: {whole: 7}}", "{set: {whole: '{{ order.count }}'}}"])
def test_a_variable_that_holds_more_than_sums_is_not_judged(more: str) -> None:
    text = STALL.replace("{words: buy, say", f"{{words: buy, do: {more}, say", 1)
    text = text.replace("{{ whole | money }}", "").replace("TEXT", "{{ whole }}")
    assert issues_of(text) == ()


def test_a_variable_of_a_sum_is_compared_with_sums() -> None:
    text = STALL.replace("TEXT", "now").replace("buy: {words", "buy: {if: whole and whole > 500, words", 1)
    [issue] = issues_of(text)
    assert issue.message == "'whole' is in paise, and 500 paise is little"
    assert issues_of(text.replace("500", "50000")) == ()


def test_rupees_are_compared_with_rupees() -> None:
    text = STALL.replace("TEXT", "now").replace("buy: {words", "buy: {if: cart.total // 100 > 500, words", 1)
    assert issues_of(text) == ()


def test_a_part_of_the_cash_is_a_sum_too() -> None:
    text = STALL.replace("TEXT", "now").replace(
        "  payment.captured:", "  payment.taken: {say: paid}\n  payment.captured:", 1
    )
    assert issues_of(text) == ()
    issues = issues_of(text.replace("event.amount | money", "event.amount"))
    assert [one.message for one in issues] == ["'event.amount' shows paise: customers read 18000 for ₹180"]
