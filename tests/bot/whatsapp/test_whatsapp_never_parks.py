"""Whatever a customer sends, at whatever length: the shipped shop answers and parks nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.address_form import FIELDS
from bot.whatsapp.inbound import InboundMessage, parse
from bot.whatsapp.limits import LIMITS
from flows.engine import events
from flows.engine.conversation import Conversation
from flows.engine.events import Event
from flows.engine.model import RECEIVED, Flow
from flows.language.load import load
from flows.messages import replies
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind, InboxEvent
from payments.simulator.simulator import START, Simulator

_LENGTHS: Final = (0, 1, 63, 64, 65, 200, 255, 256, 257, 1024, 1025, 4096, 4097, 9000)
_LONG: Final = st.builds(
    lambda unit, length: unit * length, st.sampled_from("x1 च😀\u200d\n"), st.sampled_from(_LENGTHS)
)
_TEXT: Final = st.one_of(st.text(max_size=40), _LONG)
_ADDRESSES: Final = st.dictionaries(st.sampled_from([*FIELDS.values()]), _TEXT).map(json.dumps)
_CHATS: Final[dict[str, tuple[str, ...]]] = {
    "new": (),
    "browsing": ("hi",),
    "cart": ("hi", "1"),
    "choosing": ("hi", "1", "change"),
    "changing": ("hi", "1", "change", "1"),
    "asked for a number": ("hi", "1", "change", "1", "1"),
    "checkout": ("hi", "1", "checkout"),
    "awaiting payment": ("hi", "1", "checkout", "yes"),
}


@pytest.fixture(scope="module")
def shop_flow() -> Flow:
    return load(
        (Path(__file__).parents[3] / "flows.yaml").read_text("utf-8"), "flows.yaml", SHOP, limits=LIMITS
    )


def _in(flow: Flow, chat: tuple[str, ...]) -> Simulator:
    simulator = Simulator(flow)
    for text in chat:
        simulator.write(text)
    return simulator


def _tap_ids(flow: Flow, conversation: Conversation) -> st.SearchStrategy[str]:
    """Reply ids: of the conversation's own visits with every trigger, of pages, and arbitrary ones."""
    places = st.sampled_from(
        [replies.place(conversation.id, visit) for visit in (*conversation.visits, 1, 10**17)]
    )
    return st.one_of(
        _TEXT, st.builds(replies.encode, places, st.sampled_from(sorted(flow.offered)), _TEXT),
        st.builds(replies.encode_page, places, st.sampled_from(sorted(flow.messages)), st.integers(0, 99)),
        st.sampled_from([reply for _, reply in conversation.choices] or ["x"]),
    )  # fmt: skip


def _contents(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Mapping[str, Any]]:
    reply = st.fixed_dictionaries({}, optional={"id": ids, "title": _TEXT, "description": _TEXT})
    form = st.fixed_dictionaries(
        {},
        optional={
            "name": _TEXT | st.just("address_message"),
            "body": _TEXT,
            "response_json": _TEXT | _ADDRESSES,
        },
    )
    media = st.fixed_dictionaries({}, optional={"id": _TEXT, "mime_type": _TEXT, "caption": _TEXT})
    place = st.fixed_dictionaries(
        {}, optional={"name": _TEXT, "address": _TEXT, "latitude": st.floats(), "longitude": st.integers()}
    )
    item = st.fixed_dictionaries({"product_retailer_id": _TEXT, "quantity": st.integers()})
    cart = st.fixed_dictionaries({"product_items": st.lists(item, max_size=3)}, optional={"text": _TEXT})
    phone = st.fixed_dictionaries({"phone": _TEXT, "wa_id": _TEXT})
    contents: dict[str, st.SearchStrategy[Any]] = {
        "text": st.fixed_dictionaries({"body": _TEXT}),
        "button": st.fixed_dictionaries({}, optional={"payload": ids, "text": _TEXT}),
        "interactive": st.one_of(
            st.fixed_dictionaries({"type": st.just("button_reply"), "button_reply": reply}),
            st.fixed_dictionaries({"type": st.just("list_reply"), "list_reply": reply}),
            st.fixed_dictionaries({"type": st.just("nfm_reply"), "nfm_reply": form}),
        ),
        "location": place,
        "order": cart,
        "contacts": st.lists(st.fixed_dictionaries({"phones": st.lists(phone, max_size=2)}), max_size=2),
        **dict.fromkeys(("image", "video", "audio", "document", "sticker"), media),
        "unsupported": st.fixed_dictionaries({"type": _TEXT}),
    }
    return st.one_of(
        [
            st.builds(lambda kind, body: {"type": kind, kind: body}, st.just(kind), content)
            for kind, content in contents.items()
        ]
    )


def _received(message: Mapping[str, Any], name: str) -> InboundMessage:
    """The event that the parser makes of a webhook with this message."""
    value = {
        "messages": [{"id": "wamid.1", "from": "919812345601", "timestamp": "1767243600", **message}],
        "contacts": [{"wa_id": "919812345601", "profile": {"name": name}}],
        "metadata": {"phone_number_id": "1"},
    }
    change = {"field": "messages", "value": value}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    [read] = parse(body).messages
    return read


def _answered(flow: Flow, chat: Simulator, event: Event, name: str | None) -> bool:
    """Whether a message is sent, or Razorpay is asked something whose answer brings one."""
    body = {"event": events.to_json(event), "name": name}
    arrived = InboxEvent(1000, EventKind.CHAT, body, START)
    changes = advance(flow, chat.store.given("sim-1", [arrived], "abcdefghij"), chat.now)
    [result] = changes.results
    assert result.outcome is not Outcome.PARKED, result.error
    return bool(changes.messages or changes.calls)


@pytest.mark.parametrize("where", _CHATS)
@settings(max_examples=50)
@given(dice=st.data())
def test_a_message_is_answered_whatever_it_holds(shop_flow: Flow, where: str, dice: st.DataObject) -> None:
    chat = _in(shop_flow, _CHATS[where])
    content = dice.draw(_contents(_tap_ids(shop_flow, chat.conversation)))
    received = _received(content, dice.draw(_TEXT))
    assert received.event is not None
    assert _answered(shop_flow, chat, received.event, received.sender.name)


@pytest.mark.parametrize("where", _CHATS)
@pytest.mark.parametrize("length", [0, 64, 65, 245, 257, 1025])
def test_a_forged_tap_of_any_trigger_and_length_is_answered(shop_flow: Flow, where: str, length: int) -> None:
    chat = _in(shop_flow, _CHATS[where])
    fresh = replies.place(chat.conversation.id, chat.conversation.visit)
    for trigger in sorted(shop_flow.offered):
        forged = {"id": replies.encode(fresh, trigger, "x" * length), "title": "y" * length}
        content = {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": forged}}
        event = _received(content, "Asha").event
        assert event is not None
        assert _answered(shop_flow, chat, event, "Asha"), trigger


def test_every_kind_without_a_word_of_content_is_answered(shop_flow: Flow) -> None:
    for kind in sorted(RECEIVED):
        event = _received({"type": kind}, "Asha").event
        assert event is not None
        assert _answered(shop_flow, _in(shop_flow, ()), event, "Asha"), kind
