"""The normal form in which words are compared: invisible characters are dropped, symbols stay."""

import unicodedata
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.document.errors import StepFailed
from flows.document.words import has_words, is_invisible, normalise
from flows.engine.events import TextReceived
from flows.engine.model import Flow
from flows.engine.step import step
from tests.flows.chat import NOW, Chat, flow_of

_ALL: Final = [chr(code) for code in range(0x110000)]
FORMAT: Final = [c for c in _ALL if unicodedata.category(c) == "Cf"]
SELECTORS: Final = [c for c in _ALL if "VARIATION SELECTOR" in unicodedata.name(c, "")]
OTHERS: Final = list("\u034f\u115f\u1160\u17b4\u17b5\u20e3\u3164\uffa0\U000e0041\x00\x07\x7f\x80")
INVISIBLE: Final = sorted({*FORMAT, *SELECTORS, *OTHERS})
_TYPED: Final = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["paid ✔️", "cancel ❤️", "हाँ", "क़ीमत", "رد", "🛍️ Shop", "1️⃣", "👩‍🍳", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "ÅÅ", "ﬁx"]),
)


def test_the_classes_are_whole() -> None:
    assert len(FORMAT) > 150
    assert len(SELECTORS) == 256 + 4
    assert all(is_invisible(character) for character in INVISIBLE)


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda c: f"U+{ord(c):04X}")
def test_an_invisible_character_splits_no_word_and_adds_nothing(character: str) -> None:
    for text in ("paid", "हाँ", "क़", "✔", "12"):
        for place in range(len(text) + 1):
            assert normalise(text[:place] + character + text[place:]) == normalise(text)
    assert normalise(character * 3) == ""


@given(text=_TYPED, dice=st.data())
def test_invisible_characters_anywhere_change_nothing(text: str, dice: st.DataObject) -> None:
    hidden = text
    for _ in range(dice.draw(st.integers(1, 4))):
        place = dice.draw(st.integers(0, len(hidden)))
        hidden = hidden[:place] + dice.draw(st.sampled_from(INVISIBLE)) + hidden[place:]
    assert normalise(hidden) == normalise(text)


@given(_TYPED)
def test_the_form_is_stable_and_composed_alike(text: str) -> None:
    form = normalise(text)
    assert normalise(form) == form
    assert normalise(unicodedata.normalize("NFD", text)) == form
    assert form == " ".join(form.split())


_MARKS: Final = [c for c in _ALL if unicodedata.category(c) in ("Mn", "Mc") and not is_invisible(c)]


def test_signs_of_vowels_and_other_marks_carry_meaning() -> None:
    """Except those that compose with a letter: each makes another word."""
    assert len(_MARKS) > 1500
    for mark in _MARKS:
        assert normalise(f"क{mark}") != normalise("क"), f"U+{ord(mark):04X}"


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("paid ✔️", "paid"), ("cancel ❤️", "cancel"), ("yes ❤️", "yes"), ("Shop", "🛍️ Shop"),
        ("ℹ️ Help", "help"), ("Chai™", "chai"), ("Ⓜ️ Menu", "menu"),
        ("㊗️ Party", "party"), ("🈁 here", "HERE"), ("e\u0301", "é"), ("don\u2019t", "don't"),
        ("STRASSE", "straße"),         ("ｍｅｎｕ", "menu"), ("𝐏𝐚𝐲", "pay"),
        ("२ पैक", "2 पैक"), ("✔️", "✔"), ("pay\u00a0now", "pay now"), ("❤̈ yes", "yes"), ("हि\u200dंदी", "हिंदी"),
        ("co\u00adop", "coop"), ("\u202eshop\u202c", "shop"), ("...Shop!!", "shop"),
    ],
)  # fmt: skip
def test_these_are_one_word(typed: str, word: str) -> None:
    assert normalise(typed) == normalise(word)


SYMBOLS: Final = ["✔️", "✖️", "☹️", "❤️", "♥️", "👍", "👎", "?", "!", "№⃝", "ℹ️", "→", "…", "+", "-", "½⁄"]


def test_a_text_without_letters_and_digits_is_no_other_symbol() -> None:
    forms = [normalise(symbol) for symbol in SYMBOLS]
    assert len(set(forms)) == len(SYMBOLS)
    assert all(forms)


@given(st.text(st.characters(categories=("S", "P")), min_size=1, max_size=3))
def test_symbols_and_words_never_meet(symbols: str) -> None:
    form = normalise(symbols)
    assert form
    if not has_words(form):
        assert form == unicodedata.normalize("NFC", "".join(c for c in symbols if not is_invisible(c)))


SIGNS = """
    flow: signs
    messages:
      offer:
        text: Well?
        buttons: [{on: buy, title: ✔️}, {on: leave, title: ✖️}, {on: shop, title: 🛍️ Shop}]
      ordered: ordered
      left: left
      out: "what?"
    anywhere: {open_up: {words: [open], to: counter}}
    otherwise: {say: out}
    start: counter
    states:
      counter:
        enter: {say: offer}
        on: {buy: {say: ordered}, leave: {say: left}, shop: {say: offer}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [("✔️", "ordered"), ("✔", "ordered"), ("✖️", "left"), ("✖", "left"), ("Shop", "offer"), ("shop 🛍", "offer"),
     ("1️⃣", "ordered"), ("☹️", "out"), ("❤️", "out"), ("✅", "out"), ("✓", "out"), ("\ufe0f", "out"),
     ("✔✔", "out")],
)  # fmt: skip
def test_a_typed_symbol_chooses_itself_and_nothing_else(text: str, said: str) -> None:
    chat = Chat(flow_of(SIGNS))
    chat.write("open")
    assert chat.write(text) == [said]


def test_a_title_that_two_choices_have_chooses_neither() -> None:
    buttons = "buttons: [{on: buy, title: ✔️}, {on: leave, title: ✖️}, {on: shop, title: 🛍️ Shop}]"
    rows = "{on: buy, title: Small}, {on: leave, title: SMALL!}, {on: shop, title: Large}"
    sizes = SIGNS.replace(buttons, f"list: {{button: Sizes, rows: [{rows}]}}")
    assert sizes != SIGNS
    chat = Chat(flow_of(sizes))
    chat.write("open")
    assert chat.write("small") == ["out"]
    chat.write("open")
    assert chat.write("2") == ["left"]
    assert chat.write("large") == ["offer"]


_CHATS: Final = st.lists(
    st.sampled_from(["hi", "1", "2", "checkout", "yes", "cart", "change", "Change quantity", "5", "paid",
    "हिंदी", "मेनू", "हाँ", "कार्ट", "cancel", "Masala chai 250 g", "gibberish", "❤"]),
    min_size=1, max_size=8,
)  # fmt: skip


@given(texts=_CHATS, dice=st.data())
def test_a_chat_of_the_shipped_flow_goes_the_same_way(
    shop_flow: Flow, texts: list[str], dice: st.DataObject
) -> None:
    plain, hidden = Chat(shop_flow), Chat(shop_flow)
    for text in texts:
        place = dice.draw(st.integers(0, len(text)))
        odd = text[:place] + dice.draw(st.sampled_from(INVISIBLE)) + text[place:]
        try:
            plain.last = step(shop_flow, plain.conversation, TextReceived(text), NOW, 7, plain.host)
        except StepFailed:
            continue
        hidden.last = step(shop_flow, hidden.conversation, TextReceived(odd), NOW, 7, hidden.host)
        plain.conversation, hidden.conversation = plain.last.conversation, hidden.last.conversation
        plain.host, hidden.host = plain.last.host, hidden.last.host
        assert (hidden.conversation, hidden.host) == (plain.conversation, plain.host)
        assert hidden.last.trace == plain.last.trace
        assert hidden.last.effects == plain.last.effects
