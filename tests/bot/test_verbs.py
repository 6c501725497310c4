"""What the API and the shell take of each verb of the staff is what its one entry says."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.cli import order
from bot.cli.order import Asked
from bot.http.desk_changes import CHANGES
from bot.staff_words import in_words
from payments.processing.staff_help import help_for
from payments.processing.verb import OrderVerb
from payments.processing.verbs import ORDER_VERBS, VERBS
from payments.shop.staff import Right
from tests.payments.tiffin_shop import flow

DOCS = Path(__file__).parents[2] / "docs"
SAID = {
    "cancel": "", "refuse": "", "less": "kaju 1", "return": "kaju 1", "allowance": "30",
    "cash": "30 surplus", "upi": "", "undo": "2", "refunded": "", "delivery": "keep",
    "address": "Flat 9, Lake Road", "note": "none", "product": "kaju off",
}  # fmt: skip
"""By verb: words that it takes."""
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "why": {"why": "late"},
    "goods": {"goods": "waste"},
    "keep": {"keep_delivery": True},
}
TYPED = {"show": "#10034`", "stage": "#10034 out", "done": "#done", "day": "#day", "orders": "#orders"}
"""How the documents begin what is not typed as an order's number and the verb."""

shell = pytest.mark.parametrize("verb", order._VERBS.values(), ids=lambda verb: verb.name)


def asked(words: str, **options: Any) -> Asked:
    return Asked(tuple(words.split()), **{"why": "", "paid": None, "goods": None, **options})


def test_the_shell_has_each_verb_that_is_posted_and_no_other() -> None:
    posted = {verb.name for verb in ORDER_VERBS.values() if verb.posted in CHANGES}
    assert posted == {*order._READERS, "stage"} == set(ORDER_VERBS) - {"show"}
    assert set(order._ALIASES.values()) < posted


@shell
def test_what_the_shell_reads_is_what_the_api_takes(verb: OrderVerb) -> None:
    """With every option that its entry names, and with none."""
    every = {name: value for option in verb.options for name, value in OPTIONS[option].items()}
    for options in ({}, every):
        change, body = order._change(asked(f"{verb.name} {SAID[verb.name]}", **options))
        action = CHANGES[change].model_validate(body).action(change, "c-1-1")
        assert (change, action.verb) == (verb.posted, verb.name)
        words = action.value.replace(".00", "").split()
        assert set(SAID[verb.name].split()) <= set(words)
        assert ("waste" in words, "late" in words) == ("goods" in options, "why" in options)
        assert ("keep-delivery" in words) == ("keep_delivery" in options)


@shell
def test_the_shell_refuses_an_option_that_the_entry_does_not_name(verb: OrderVerb) -> None:
    for option in set(OPTIONS) - set(verb.options):
        with pytest.raises(order._Unclear, match="belongs to"):
            order._change(asked(f"{verb.name} {SAID[verb.name]}", **OPTIONS[option]))


@shell
def test_the_shell_takes_as_many_words_as_the_entry_shows(verb: OrderVerb) -> None:
    shown = verb.shape.split()
    for count in range(5):
        least = len([word for word in shown if not word.startswith("[")])
        fits = least <= count <= len(shown) or (shown == ["<text>"] and count > 0)
        assert verb.fits(["x"] * count) == fits


def test_help_has_a_line_for_each_verb_of_an_order() -> None:
    lines = help_for(list(Right), flow().sections["shop"]).splitlines()
    for verb in ORDER_VERBS.values():
        start = "#10034 " if verb.name in ("stage", "show") else f"#10034 {verb.name}"
        assert any(re.match(rf"{start}\b", line) for line in lines), verb.name


def test_the_documents_name_each_verb_and_its_right() -> None:
    """Of orders, in the table of what the staff type."""
    rows = [line for line in (DOCS / "flow-format.md").read_text().splitlines() if line.startswith("| `#")]
    for verb in VERBS.values():
        if not verb.help:
            continue
        typed = {
            "show": "#10034`",
            "stage": "#10034 out",
            "done": "#done",
            "day": "#day",
            "orders": "#orders",
            "products": "#products",
            "product": "#product kaju off",
        }
        found = [row for row in rows if f"`{typed.get(verb.name, f'#10034 {verb.name}')}" in row]
        assert found, f"no row of docs/flow-format.md names {verb.name}"
        rights = found[0].rsplit("|", 2)[1]
        assert {Right(word) for word in re.findall("`(.+?)`", rights)} == set(verb.rights), verb.name


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_what_was_done_can_be_told_whatever_the_words_are(verb: OrderVerb) -> None:
    for words in ("", "x", "out cash", SAID.get(verb.name, "")):
        assert in_words(verb.name, words)
    told = in_words(verb.name, SAID.get(verb.name, "out"))
    assert told.startswith("did:") == (verb.told is None), "a verb that people read of has words for it"
