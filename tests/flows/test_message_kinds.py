"""Every kind of message is compiled, checked and stored, with all of its fields."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final, get_args

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.language.load import load
from flows.messages import kinds
from flows.messages.kinds import (
    AddressForm,
    CardUpdate,
    Message,
    Payment,
    TemplateMessage,
    Text,
    from_json,
    to_json,
)
from flows.messages.payment import Bill, BillLine
from tests.flows.sound_flow import TOY

ROW: Final = {"on": "go", "with": "w", "title": "T", "description": "d", "if": "true"}
WRITTEN: Final[dict[str, Any]] = {
    "text": {"text": "Hello"},
    "image": {"image": "https://shop.example/a.jpg", "text": "Chai"},
    "video": {"video": "https://shop.example/chai.mp4", "text": "How we make it"},
    "document": {
        "document": {"link": "https://shop.example/prices.pdf", "filename": "prices.pdf"},
        "text": "Our prices",
    },
    "buttons": {
        "text": "Choose",
        "footer": "small",
        "image": "https://shop.example/a.jpg",
        "buttons": [{"on": "go", "with": "w", "title": "Go", "if": "true"}],
    },
    "list": {
        "text": "Choose",
        "footer": "small",
        "list": {"button": "See", "title": "All", "rows": [{**ROW, "each": "shelf.things", "as": "t"}]},
    },
    "link": {
        "text": "Look",
        "footer": "small",
        "image": "https://shop.example/a.jpg",
        "link": {"title": "Open", "url": "https://shop.example"},
    },
    "address": {"text": "Where shall we deliver?", "address": True},
}
"""One message of each kind that a flow can have, with all of its fields."""
BILL: Final = Bill(
    reference="k-1.c1",
    order="k-1",
    configuration="main",
    expires_at=1,
    lines=(BillLine("a", "A", 100, 2),),
    goods=200,
    discount=50,
    discount_name="TEN",
    delivery=40,
    total=190,
    catalogue="",
    origin=("India", "Chai & Co.", "12 FC Road", "Pune", "411004"),
    address=("Asha", "4 Lake Road", "Kochi", "Kerala", "682001"),
)
MADE: Final[dict[str, Message]] = {
    "payment": Payment("Pay", "k-1.c1", "small", "https://shop.example/a.jpg", BILL),
    "card_update": CardUpdate("On its way", "k-1.c1", "shipped"),
}
"""One message of each kind that others are made into where customers pay in the chat."""
SECTIONS: Final[Any] = {
    "text": "Choose",
    "list": {"button": "See", "sections": [{"title": "A", "rows": [ROW]}, {"title": "B", "rows": [ROW]}]},
}
NO_TEMPLATE: Final = {"on", "as"}
"""Keys whose values are names; every other text is a template or an expression."""
NAME: Final = {"template": {"name": "told", "values": ["v"]}}


def flow(message: Any) -> str:
    return json.dumps(
        {
            "flow": "f",
            "shelf": {"things": ["a", "b"]},
            "messages": {"m": message},
            "anywhere": {
                "money.came": {"say": "m"},
                "go": {"words": ["go"], "say": "m"},
                "address": {"say": "m"},
            },
            "otherwise": {"say": "m"},
            "start": "s",
            "states": {"s": {"enter": {"say": "m"}}},
        }
    )


def said(message: Any) -> Message:
    loaded = load(flow(message), "f.yaml", TOY, limits=LIMITS)
    return loaded.messages["m"]["en"](loaded.statics["en"], "k-1.7")


def texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each template of a message is written."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key in value.keys() - NO_TEMPLATE:
            yield from texts(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


def with_text(message: Any, path: tuple[str | int, ...], text: str) -> Any:
    changed = deepcopy(message)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = text
    return changed


def test_every_kind_is_here() -> None:
    assert WRITTEN.keys() == {kind.KIND for kind in get_args(kinds.Message)} - MADE.keys()
    assert {type(said(message)).KIND for message in WRITTEN.values()} == WRITTEN.keys()


@pytest.mark.parametrize("message", [*WRITTEN.values(), SECTIONS], ids=[*WRITTEN, "sections"])
def test_each_template_of_a_message_is_compiled_and_checked(message: dict[str, Any]) -> None:
    whole = {**message, **NAME}
    found = [path for path in texts(whole) if path != ("template", "name")]
    assert len(found) > 1
    for path in found:
        broken = with_text(whole, path, "zzz" if path[-1] in ("if", "each") else "{{ zzz }}")
        with pytest.raises(FlowInvalid, match="there is no 'zzz' to read here"):
            load(flow(broken), "f.yaml", TOY, limits=LIMITS)
        broken = with_text(whole, path, "1 +" if path[-1] in ("if", "each") else "{{ 1 + }}")
        with pytest.raises(FlowInvalid, match=r"in the (expression|template) '"):
            load(flow(broken), "f.yaml", TOY, limits=LIMITS)


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_message_survives_json(kind: str) -> None:
    message = said(WRITTEN[kind])
    assert message.fallback is None
    for one in (message, replace(message, fallback=TemplateMessage("told", "en", ("v",)))):
        stored = json.loads(json.dumps(to_json(one)))
        assert stored["kind"] == kind
        assert from_json(stored) == one
    with pytest.raises(KeyError):
        from_json({**to_json(message), "kind": "hologram"})


@pytest.mark.parametrize("message", [*MADE.values(), Payment("Pay", "k-1.c1")])
def test_a_message_of_a_card_survives_json_and_has_plain_words(message: Message) -> None:
    for one in (message, replace(message, fallback=TemplateMessage("told", "en", ("v",)))):
        assert from_json(json.loads(json.dumps(to_json(one)))) == one
        assert (one.plain(), one.replies) == (Text(message.words, fallback=one.fallback), ())


@pytest.mark.parametrize("kind", WRITTEN)
def test_its_words_are_what_is_left_in_its_plain_form(kind: str) -> None:
    message = said(WRITTEN[kind])
    assert message.words == WRITTEN[kind]["text"]
    left = replace(message, fallback=TemplateMessage("told", "en")).plain()
    assert (left is None) == (kind in ("text", "list"))
    if left is not None:
        assert (left.words, left.replies) == (message.words, message.replies)
        assert left.fallback == TemplateMessage("told", "en")
        assert left.plain() is None


@pytest.mark.parametrize("customer", [{}, {"customer": {"name": ""}}, {"customer": {"name": " Asha "}}])
def test_an_address_form_is_given_the_customers_name(customer: dict[str, Any]) -> None:
    loaded = load(flow(WRITTEN["address"]), "f.yaml", TOY, limits=LIMITS)
    said = loaded.messages["m"]["en"]({**loaded.statics["en"], **customer}, "k-1.7")
    name = str(customer.get("customer", {}).get("name", "")).strip()
    assert said == AddressForm("Where shall we deliver?", name)
