"""Issues inside long templates: the line of the block that is wrong, and how to mend it."""

from textwrap import indent
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import examine
from tests.flows.sound_flow import TOY, edited, issues_of

BLOCK: Final = "|-\n{}"
FOLDED: Final = ">-\n{}"
LETTER: Final = """\
Dear {{ customer.name }}, 👍️

{% if age %}
You are {{ age }} years old. क्‍ष
{% endif %}
Bye!"""
FAULTS: Final[dict[str, tuple[str, str, str, str, str]]] = {
    "no endif": (
        "{% endif %}\n", "", "{% if age %}", "'{% if age %}' is never closed",
        "write {% endif %} where it ends",
    ),
    "no endif of the inner one": (
        "You are", "{% for one in shelf.things %}",
        "{% endif %}", "'{% endif %}' stands where '{% for one in shelf.things %}' is open",
        "write {% endfor %} before it",
    ),
    "no endfor": (
        "Bye!", "{% for one in shelf.things %}{{ one }}", "{% for",
        "'{% for one in shelf.things %}' is never closed", "write {% endfor %} where it ends",
    ),
    "endif alone": (
        "{% if age %}\n", "", "{% endif", "'{% endif %}' stands where no {% if %} is open",
        "remove it, or write that before it",
    ),
    "elseif": (
        "You are", "{% elseif language %}", "{% elseif", "there is no '{% elseif language %}'",
        "write {% elif language %}",
    ),
    "else if": (
        "You are", "{% else if language %}", "{% else if", "there is no '{% else if language %}'",
        "write {% elif language %}",
    ),
    "end": ("{% endif %}", "{% end %}", "{% end %}", "there is no '{% end %}'", "write {% endif %}"),
    "end if": ("{% endif %}", "{% end if %}", "{% end", "there is no '{% end if %}'", "write {% endif %}"),
    "endfi": ("{% endif %}", "{% endfi %}", "{% endfi", "there is no '{% endfi %}'", "write {% endif %}"),
    "no }}": ("{{ age }}", "{{ age", "{{ age", "'{{' is never closed", "write '}}' where it ends"),
    "one }": ("{{ age }}", "{{ age }", "{{ age", "'{{' is never closed", "write '}}' for '}'"),
    "no }} at the end": ("Bye!", "{{ age", "{{ age", "'{{' is never closed", "write '}}' where it ends"),
    "no %}": ("{% if age %}", "{% if age", "{% if", "'{%' is never closed", "write '%}' where it ends"),
    "}} for %}": ("{% if age %}", "{% if age }}", "{% if", "'{%' is never closed", "write '%}' for '}}'"),
    "%} for }}": ("{{ age }}", "{{ age %}", "{{ age", "'{{' is never closed", "write '}}' for '%}'"),
    "nothing": (
        "{{ age }}", "{{ }}", "{{ }}", "in the template '{{ }}': nothing stands in it",
        "write what is to be read",
    ),
    "half an expression": (
        "{{ age }}", "{{ age + }}", "{{ age", "in the template '{{ age + }}': it is not finished",
        "write what belongs behind its last sign, or remove that",
    ),
    "two words": (
        "{{ age }}", "{{ age years }}", "{{ age",
        "in the template '{{ age years }}': 'years' can't stand there",
        "join two values with a sign (and, or, ==, <, +, ~), and put a text in quotes",
    ),
    "an emoji": (
        "{{ age }}", "{{ '❤️' ❤️ }}", "{{ '❤", "in the template \"{{ '❤️' ❤️ }}\": '❤' can't stand in it",
        "join two values with a sign (and, or, ==, <, +, ~), and put a text in quotes",
    ),
    "what nobody sees": (
        "{{ age }}", "{{ age\u200b }}", "{{ age",
        "in the template '{{ age\\u200b }}': '\\u200b' can't stand in it",
        "a zero width space (U+200B) stands in it: write a blank there, or nothing",
    ),
    "a filter": (
        "{{ age }}", "{{ age | mony }}", "{{ age",
        "in the template '{{ age | mony }}': there is no filter 'mony'; there are abs, default, first, int, "
        "join, last, length, lower, money, round, title, upper", "did you mean 'money'?",
    ),
    "a sum in rupees": (
        "{{ age }}", "{{ age / 100 }}", "{{ age",
        "in the template '{{ age / 100 }}': '/' can't be used in it",
        "show a sum of money by '| money'; whole numbers are divided by '//'",
    ),
    "a power": (
        "{{ age }}", "{{ age ** 2 }}", "{{ age", "in the template '{{ age ** 2 }}': '**' can't be used in it",
        "multiply by '*'",
    ),
    "a remainder": (
        "{{ age }}", "{{ age % 2 }}", "{{ age", "in the template '{{ age % 2 }}': '%' can't be used in it",
        "ask 'is even', or divide by '//'",
    ),
    "a call": (
        "{{ age }}", "{{ age.upper() }}", "{{ age",
        "in the template '{{ age.upper() }}': nothing can be called in it",
        "write a field without brackets, or a filter behind a '|', as in cart.lines | length",
    ),
    "digits of another script": (
        "{% if age %}", "{% if age == १० %}", "{% if",
        "in the template '{% if age == १० %}': a character can't stand in it",
        "a devanagari digit one (U+0967) stands in it: write 10",
    ),
    "a question mark": (
        "{{ age }}", "{{ age ? 1 }}", "{{ age", "in the template '{{ age ? 1 }}': '?' can't stand in it",
        "write 'a if test else b' for 'test ? a : b'",
    ),
    "an exclamation mark": (
        "{% if age %}", "{% if !age %}", "{% if", "in the template '{% if !age %}': '!' can't stand in it",
        "write 'not' for '!'",
    ),
    "three equals signs": (
        "{% if age %}", "{% if age === 1 %}", "{% if",
        "in the template '{% if age === 1 %}': '=' can't stand there", "write '==' for '==='",
    ),
    "a bracket": (
        "{{ age }}", "{{ (age + 1 }}", "{{ (age", "in the template '{{ (age + 1 }}': a ')' is missing",
        "count the brackets",
    ),
    "a curly quote": (
        "{% if age %}", "{% if language == ‘en’ %}", "{% if",
        "in the template '{% if language == ‘en’ %}': '‘' can't stand in it",
        "a left single quotation mark (U+2018) stands in it: write a straight quote, '",
    ),
    "a quote": (
        "{% if age %}", "{% if language == 'en %}", "{% if",
        'in the template "{% if language == \'en %}": the quote \' is not closed',
        "write a second ' behind the text",
    ),
    "an equals sign": (
        "{% if age %}", "{% if age = 1 %}", "{% if",
        "in the template '{% if age = 1 %}': '=' can't stand there",
        "write '==' to compare",
    ),
    "a for without a list": (
        "Bye!", "{% for one %}{% endfor %}", "{% for",
        "in the template '{% for one %}': a 'for' goes through a list", "write {% for line in cart.lines %}",
    ),
    "a name": ("{{ age }}", "{{ agee }}", "agee", "there is no 'agee' to read here", "did you mean 'age'?"),
    "a field": (
        "{{ age }}", "{{ shelf.thing }}", "thing", "'shelf' has no 'thing'", "did you mean 'things'?"
    ),
    "a value": (
        "{{ age }}", "{{ age + 'x' }}", "{{ age", "'age' is a number and 'x' is text: '+' takes no such two",
        "write '~' between texts",
    ),
}  # fmt: skip
"""What is written, the part at which the caret stands, the message and the mend."""
STYLES: Final = {
    "literal": lambda text: "|-\n" + indent(text, " " * 6),
    "folded": lambda text: ">-\n" + indent(text, " " * 6),
    "single quotes": lambda text: "'" + indent(text.replace("'", "''"), " " * 6).lstrip() + "'",
    "double quotes": lambda text: '"Eh\\u00e9\\n\\\n' + indent(text.replace('"', '\\"'), " " * 6) + '"',
    "plain": lambda text: indent(text, " " * 6).lstrip(),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_line_of_a_long_text_is_named_that_is_wrong(fault: str, style: str) -> None:
    old, new, at, message, mend = FAULTS[fault]
    assert old in LETTER
    text = edited(("ask_age: How old are you?", f"ask_age: {STYLES[style](LETTER.replace(old, new))}"))
    [issue] = [one for one in issues_of(text) if one.severity == "error"]
    assert (issue.message, issue.mend) == (message, mend)
    line = text.split("\n")[issue.line - 1]
    assert line[issue.column - 1 :].startswith(at.replace("'", "''") if style == "single quotes" else at)
    assert issue.source == line
    assert "U+FE0F" not in issue.mend


def test_the_line_of_a_text_is_named_in_a_fragment_and_in_an_included_file() -> None:
    fragment = "fragments:\n  long:\n    footer: |-\n      a\n      b {{ agee }}\n"
    text = edited(("messages:\n", f"{fragment}messages:\n"), ("text: Choose", "use: long\n    text: Choose"))
    [issue] = [one for one in issues_of(text) if one.severity == "error"]
    assert (issue.line, issue.column, issue.source) == (10, 12, "      b {{ agee }}")
    included = {"texts.yaml": "messages:\n  ask_age: |-\n    a\n    b {{ agee }}\n"}
    files = edited(("  ask_age: How old are you?\n", ""), ("flow: toy", "flow: toy\ninclude: texts.yaml"))
    [issue] = [
        one
        for one in examine(files, "f.yaml", TOY, limits=LIMITS, included=included).issues
        if one.severity == "error"
    ]
    assert (issue.file, issue.line, issue.column) == ("texts.yaml", 4, 10)
