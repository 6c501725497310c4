"""What the API takes about an order is read by the staff's grammar as it was meant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.http.desk_changes import CHANGES
from bot.staff_words import in_words
from payments.processing import order_request
from payments.processing.bodies import StaffAction
from payments.processing.order_request import Request
from payments.processing.verbs import ORDER_VERBS
from tests.builders import order_state

WORDS = st.lists(st.sampled_from(["waste", "Restock", "sold", "out", "₹30", "कल", "1"]), max_size=4).map(
    " ".join
)


def read(change: str, **body: Any) -> tuple[str, tuple[str, ...], bool | None]:
    """The verb, its words, and whether the goods can be sold again."""
    action = CHANGES[change].model_validate(body).action(change, "c-1-1")
    found = requested(action)
    return action.verb, found.words, found.shelf


def requested(action: StaffAction) -> Request:
    goods_after = ORDER_VERBS[action.verb].goods_after
    return order_request.read(None, order_state(), action, goods_after)  # type: ignore[arg-type]


@given(why=WORDS, waste=st.booleans(), change=st.sampled_from(["less", "return"]))
def test_a_reason_cannot_say_what_becomes_of_the_goods(why: str, waste: bool, change: str) -> None:
    verb, words, shelf = read(change, sku="kaju-250", quantity=3, why=why, waste=waste)
    assert (verb, words, shelf) == (change, ("kaju-250", "3", *why.split()), not waste)


@given(text=WORDS.filter(bool), change=st.sampled_from(["address", "note"]))
def test_a_text_is_kept_whole(text: str, change: str) -> None:
    assert read(change, **{change: text}) == (change, tuple(text.split()), None)


@given(paise=st.integers(1, 10**11), why=WORDS)
def test_amounts_are_paise(paise: int, why: str) -> None:
    verb, words, _ = read("allowance", amount=paise, why=why)
    assert (verb, order_request.rupees(words[:1]), words[1:]) == ("allowance", paise, tuple(why.split()))
    assert read("hand", method="upi", amount=paise)[:2] == ("upi", (words[0],))


def test_the_others() -> None:
    assert read("stage", to="delivered", paid="owed") == ("stage", ("delivered", "owed"), None)
    assert read("cancel", goods="waste") == ("cancel", (), False)
    assert read("refuse", goods="restock") == ("refuse", (), True)
    assert read("cancel") == ("cancel", (), None)
    assert read("hand", method="cash") == ("cash", (), None)
    assert read("hand", method="cash", amount=500, surplus=True)[1] == ("5.00", "surplus")
    assert read("refunded", by="Meena") == ("refunded", (), None)
    assert read("undo") == ("undo", (), None)
    assert read("undo", payment=12) == ("undo", ("12",), None)
    assert read("delivery", decision="keep") == ("delivery", ("keep",), None)
    for goods, shelf in ((None, None), ("waste", False), ("restock", True)):
        body = {"keep_delivery": True} | ({} if goods is None else {"goods": goods})
        assert read("refuse", **body) == ("refuse", ("keep-delivery",), shelf)
    action = CHANGES["cancel"].model_validate({"by": " Meena  Rao ", "from": "out"}).action("cancel", "c-1-1")
    assert (action.who, action.expected, action.money) == ("Meena Rao", "out", True)


@pytest.mark.parametrize(
    ("verb", "value", "words", "shelf"),
    [
        ("less", "kaju 1 sold out", "kaju 1 sold out", None),
        ("less", "kaju 1 waste fell down", "kaju 1 fell down", False),
        ("less", "kaju 1 fell down Waste", "kaju 1 fell down", False),
        ("return", "kaju 1 a waste of time", "kaju 1 a waste of time", None),
        ("return", "waste 1", "waste 1", None),
        ("stage", "cancelled restock", "cancelled", True),
        ("refuse", "waste", "", False),
        ("refuse", "keep-delivery waste", "keep-delivery", False),
        ("stage", "refused keep-delivery", "refused keep-delivery", None),
        ("stage", "refused waste keep-delivery", "refused keep-delivery", False),
        ("allowance", "30 waste", "30 waste", None),
        ("note", "restock", "restock", None),
    ],
)
def test_where_a_typed_word_speaks_of_the_goods(
    verb: str, value: str, words: str, shelf: bool | None
) -> None:
    found = requested(StaffAction("c-1-1", "Meena", verb, value))
    assert (" ".join(found.words), found.shelf) == (words, shelf)


def test_every_verb_can_be_posted() -> None:
    bodies: dict[str, dict[str, Any]] = {
        "stage": {"to": "out"}, "less": {"sku": "a", "quantity": 1}, "return": {"sku": "a", "quantity": 1},
        "allowance": {"amount": 1}, "address": {"address": "x"}, "note": {"note": ""},
        "delivery": {"decision": "refund"},
    }  # fmt: skip
    posted = {read(change, **bodies.get(change, {}))[0] for change in CHANGES if change != "hand"}
    assert posted | {"cash", "upi", "show"} == set(ORDER_VERBS), "an order is shown by GET"
    assert set(CHANGES) == {verb.posted for verb in ORDER_VERBS.values() if verb.name != "show"}


@pytest.mark.parametrize(
    ("change", "body", "place"),
    [
        ("stage", {}, "to"),
        ("stage", {"to": "cancelled"}, "to"),
        ("stage", {"to": "out", "paid": "card"}, "paid"),
        ("stage", {"to": "out", "from": "flying"}, "from"),
        ("stage", {"to": "out", "by": ""}, "by"),
        ("stage", {"to": "out", "by": 7}, "by"),
        ("stage", {"to": "out", "expected": "placed"}, "expected"),
        ("hand", {"method": "card"}, "method"),
        ("cancel", {"by": "customer"}, "by"),
        ("hand", {"method": "cash", "amount": 0}, "amount"),
        ("hand", {"method": "cash", "amount": 1.5}, "amount"),
        ("hand", {"method": "cash", "amount": True}, "amount"),
        ("less", {"sku": "a b", "quantity": 1}, "sku"),
        ("less", {"sku": "a", "quantity": 0}, "quantity"),
        ("less", {"sku": "a", "quantity": "1"}, "quantity"),
        ("less", {"sku": "a", "quantity": 1, "waste": "yes"}, "waste"),
        ("allowance", {"amount": 1, "why": "x" * 501}, "why"),
        ("allowance", {"amount": 1, "why": "a\0b"}, "why"),
        ("cancel", {"goods": "gone"}, "goods"),
        ("refunded", {"amount": 1}, "amount"),
        ("address", {"address": ""}, "address"),
    ],
)
def test_what_it_does_not_take(change: str, body: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CHANGES[change].model_validate(body)
    assert refused.value.errors()[0]["loc"] == (place,)


@pytest.mark.parametrize(
    ("verb", "value", "said"),
    [
        ("stage", "out", "moved it to out"),
        ("stage", "delivered cash", "moved it to delivered, paid in cash"),
        ("stage", "delivered owed", "moved it to delivered, money is owed for it"),
        ("stage", "cancelled waste", "moved it to cancelled: the goods are waste"),
        ("cancel", "", "cancelled it"),
        ("refuse", "restock", "said that it was refused at the door: the goods can be sold again"),
        ("less", "kaju 1 waste fell down", "took 1 × kaju out of it: fell down; the goods are waste"),
        ("less", "kaju 2 restock", "took 2 × kaju out of it"),
        ("return", "kaju 1 cold", "took 1 × kaju back: cold"),
        ("allowance", "30.00 late", "took ₹30 off: late"),
        ("cash", "", "took all that was due in cash"),
        ("upi", "470.50", "took ₹470.50 by UPI"),
        ("refunded", "", "gave back by hand what had to go back"),
        ("note", "no onions", "changed the note to: no onions"),
        ("less", "kaju", "did: less kaju"),
        ("reply", "On its way!", "wrote: On its way!"),
    ],
)
def test_a_move_in_words(verb: str, value: str, said: str) -> None:
    assert in_words(verb, value) == said
