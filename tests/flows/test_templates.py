"""The language of texts and guards: closed, bounded, and strict about missing values."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.document.errors import StepFailed
from flows.templates.expressions import MAX_RENDERED, TemplateError, TemplateLanguage, language_of

LANGUAGE = TemplateLanguage({"money": lambda amount: f"₹{amount}"})
CONTEXT: dict[str, Any] = {
    "event": {"value": "{{ 7*7 }}", "n": 3, "__class__": "data", "items": [1, 2]},
    "customer": {"name": "<b>{% x %}</b>"},
    "lines": [{"name": "a", "total": 5}, {"name": "b", "total": 7}],
    "big": "x" * 10_000,
    "null": None,
}


def render(source: str) -> str:
    return LANGUAGE.template(source).render(CONTEXT)


def value(source: str) -> Any:
    return LANGUAGE.expression(source).value(CONTEXT)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ("Hi {# a note to myself #}you", "Hi you"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ event.n + 1 }}", "4"),
        ("{{ event['n'] * 2 }}", "6"),
        ("{{ event.items }}", "[1, 2]"),
        ("{{ event.items[:1] }}", "[1]"),
        ("{% for l in lines %}{{ loop.index }}.{{ l.name }}={{ l.total | money }} {% endfor %}",
        "1.a=₹5 2.b=₹7 "),
        ("{% if event.n == 3 %}three{% else %}other{% endif %}", "three"),
        ("{{ 'one' if event.n == 1 else 'many' }}", "many"),
        ("{{ event.gone | default('none') }}", "none"),
        ("{{ 'yes' if event.gone is defined else 'no' }}", "no"),
        ("{{ lines | length }} {{ big | length }}", "2 10000"),
        ("{{ [1, 2] | join(', ') }}", "1, 2"),
    ],
)  # fmt: skip
def test_renders(source: str, text: str) -> None:
    assert render(source) == text


def test_a_text_is_compiled_once_for_all_flows_with_the_same_filters() -> None:
    filters = {"money": str}
    one, other = language_of(filters), language_of(dict(filters))
    assert one.template("{{ 1 | money }}") is other.template("{{ 1 | money }}")
    assert one.expression("1 | money") is other.expression("1 | money")
    with pytest.raises(TemplateError):
        language_of({}).template("{{ 1 | money }}")


def test_what_is_read_of_a_text_is_as_written_also_when_it_was_compiled() -> None:
    tree, expression = repr(LANGUAGE.tree("{{ 3 + 4 }}")), repr(LANGUAGE.value("3 + 4"))
    assert (LANGUAGE.template("{{ 3 + 4 }}").render({}), LANGUAGE.expression("3 + 4").value({})) == ("7", 7)
    assert (repr(LANGUAGE.tree("{{ 3 + 4 }}")), repr(LANGUAGE.value("3 + 4"))) == (tree, expression)
    assert "Add" in tree
    assert "Add" in expression


def test_what_a_customer_wrote_is_shown_as_it_is() -> None:
    assert render("{{ event.value }} {{ customer.name }}") == "{{ 7*7 }} <b>{% x %}</b>"


def test_dots_read_data_and_never_attributes() -> None:
    assert render("{{ event.__class__ }}") == "data"
    for source in ("{{ customer.__class__ }}", "{{ big.upper }}", "{{ lines.append }}", "{{ event.keys }}"):
        with pytest.raises(StepFailed, match="in the template"):
            render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ event.items() }}", "{{ customer.name.format(1) }}", "{{ '%s' % event }}", "{{ 9 ** 9 }}",
        "{{ 1 / 3 }}", "{{ 7 % 2 }}", "{% set x.y = 1 %}", "{% include 'a' %}",
        "{% import 'a' as a %}", "{% extends 'a' %}", "{% block a %}{% endblock %}",
        "{% macro m() %}{% endmacro %}", "{% call m() %}{% endcall %}", "{% filter upper %}a{% endfilter %}",
        "{% with %}{% endwith %}", "{% set x %}a{% endset %}", "{% autoescape true %}{% endautoescape %}",
        "{% do x %}", "{% trans %}{% endtrans %}", "{{ event | attr('n') }}", "{{ event | tojson }}",
        "{{ lines | map(attribute='name') }}", "{{ '%s' | format(1) }}", "{{ event | pprint }}",
        "{{ event is callable }}", "{{ event is filter }}", "{{", "{{ }}", "{% if %}", "{% endif %}",
        "{{ a b }}",
        '{{ "\\ud800" }}', '{{ "\\x00" }}',
    ],
)  # fmt: skip
def test_refuses_what_is_not_in_the_language(source: str) -> None:
    with pytest.raises(TemplateError):
        LANGUAGE.template(source)


def test_an_unknown_filter_or_test_is_named_with_those_that_exist() -> None:
    with pytest.raises(
        TemplateError, match=r"there is no filter 'rupees'; there are abs, .*, money, .*, upper"
    ):
        LANGUAGE.template("{{ 5 | rupees }}")
    with pytest.raises(TemplateError, match=r"there is no test 'prime'; there are defined, .*, undefined"):
        LANGUAGE.expression("5 is prime")


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 5000 + " }}",
        "{{ event" + ".b" * 3000 + " }}",
        "{{ 1" + "+1" * 5000 + " }}",
        "{{ " + "not " * 5000 + "1 }}",
        "{{ " + "9" * 5000 + " }}",
        "{% for a in lines %}" * 30 + "{% endfor %}" * 30,
        "{% if event %}" * 200 + "{% endif %}" * 200,
    ],
)
def test_what_no_compiler_can_take_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        LANGUAGE.template(source)


def test_a_missing_value_fails_and_quotes_the_template() -> None:
    with pytest.raises(StepFailed) as caught:
        render("Total {{ event.total }}")
    assert "'Total {{ event.total }}'" in str(caught.value)
    assert "total" in str(caught.value)
    for source in ("{{ gone }}", "{{ gone.x }}", "{{ lines[5] }}", "{{ event.gone.more }}", "{{ null.x }}"):
        with pytest.raises(StepFailed):
            render(source)
    with pytest.raises(StepFailed, match=r"in the expression 'event.gone == 1'"):
        value("event.gone == 1")


def test_output_is_bounded_while_it_is_made() -> None:
    with pytest.raises(StepFailed, match="grew over"):
        render("{% for a in big %}{% for b in big %}{{ big }}{% endfor %}{% endfor %}")
    assert len(render("{{ big }}" * 6)) == 60_000 < MAX_RENDERED


@pytest.mark.parametrize(
    "source", ["{{ big * 1000000 }}", "{{ lines * 5 }}", "{{ 3 * 'x' }}", "{{ 1.5 * 2 }}"]
)
def test_only_whole_numbers_are_multiplied(source: str) -> None:
    with pytest.raises(StepFailed, match="only whole numbers"):
        render(source)


def test_a_filter_that_fails_is_a_failed_step() -> None:
    with pytest.raises(StepFailed, match=r"in the template '\{\{ event.n // 0 \}\}'"):
        render("{{ event.n // 0 }}")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("lines", CONTEXT["lines"]), ("not lines", False), ("event.n > 2 and lines", CONTEXT["lines"]),
        ("event.gone is defined", False), ("event.n in [1, 3]", True), ("- event.n", -3), ("'}}'", "}}"),
    ],
)  # fmt: skip
def test_expressions(source: str, expected: Any) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    "source", ["", "{{ a }}", "a }} b {{ c", "a }}", "a }}{# x", "{% if a %}", "a; b", "a = 1"]
)
def test_refuses_what_is_no_expression(source: str) -> None:
    with pytest.raises(TemplateError):
        LANGUAGE.expression(source)


def test_roots_are_the_names_that_are_read() -> None:
    template = LANGUAGE.template("{% for l in cart.lines %}{{ l.name ~ shop.name }}{% endfor %}")
    assert {read[0] for read in template.reads} == {"cart", "shop"}
    assert LANGUAGE.template("Hello").constant == "Hello"
    assert LANGUAGE.template("{{ 'a' }}").constant is None
    assert LANGUAGE.expression("order.link and event.n").reads == {("order", "link"), ("event", "n")}


def test_rendering_changes_nothing() -> None:
    before = repr(CONTEXT)
    render("{% set event = 5 %}{% for lines in lines %}{{ lines.name }}{% endfor %}")
    assert repr(CONTEXT) == before
    assert render("{{ event.n }}") == "3"


_BITS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", " ", "event", "lines", "null", ".", "n", "[", "]", "(", ")", "|",
     "money", "join", "if ", "endif", "for ", "x", " in ", "endfor", "set ", "=", "'", '"', "\\", "0", "-",
     "+",
     "*", "//", "~", "not ", "is ", "defined", "else", "loop", "__class__", ",", ":", "{", "}", "\n"],
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_BITS, max_size=14).map("".join))
def test_any_template_compiles_or_is_refused_and_renders_or_fails(source: str) -> None:
    try:
        template = LANGUAGE.template(source)
    except TemplateError:
        return
    try:
        text = template.render(CONTEXT)
    except StepFailed:
        return
    assert len(text) <= MAX_RENDERED


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_value_is_ever_run(text: str) -> None:
    assert LANGUAGE.template("<{{ v }}>").render({"v": text}) == f"<{text}>"
