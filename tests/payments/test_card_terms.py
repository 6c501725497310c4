"""Payment in the chat: what the check finds in a flow, and how news of the goods change a card."""

from dataclasses import replace

import pytest

from flows.document.errors import FlowInvalid
from flows.engine.effects import Say
from flows.engine.events import Happened
from flows.messages.kinds import CardUpdate, Image, Text
from payments.processing import sale_faults
from payments.processing.card_messages import on_card
from payments.shop.delivery import Area
from payments.shop.fulfilment import Stage
from payments.shop.whatsapp_pay import WhatsAppPay
from tests.builders import chat, payments_fetched
from tests.payments.card_shop import captured_on, card_flow, card_of, cards_of, with_cards
from tests.payments.memory_shop import MemoryShop


def faults_of(text: str) -> list[str]:
    try:
        flow = card_flow(text)
    except FlowInvalid as invalid:
        return [str(invalid)]
    return [f"{'.'.join(map(str, fault.place))}: {fault.message}" for fault in sale_faults.faults(flow)]


def test_a_shop_with_cards_checks_clean(shop_text: str) -> None:
    assert not [fault for fault in faults_of(with_cards(shop_text)) if "pay" in fault]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("{configuration: main}", "Meta wants to know where the goods come from"),
        ('{configuration: "", catalogue: "3"}', "configuration"),
        ("{configuration: main, origin: {importer: Chai & Co., address: 12 FC Road, city: Pune}}", "pincode"),
        ('{configuration: main, catalogue: "3", colour: red}', "colour"),
    ],
)
def test_what_meta_needs_is_asked_for(shop_text: str, terms: str, said: str) -> None:
    [found] = faults_of(with_cards(shop_text, terms))
    assert said in found


def test_a_shop_that_delivers_names_its_town(shop_text: str) -> None:
    delivers = "delivery:\n    areas: [{pincodes: 411001-411030, fee: 40}]\n  payment_link_life:"
    text = with_cards(shop_text).replace("payment_link_life:", delivers, 1)
    [found] = faults_of(text)
    assert "Meta wants the town of goods that are delivered" in found
    assert "town" not in str(
        faults_of(text.replace("catalogue:", "city: Pune, state: Maharashtra, catalogue:"))
    )


def test_a_card_that_nothing_shows_and_pay_without_a_configuration_are_found(shop_text: str) -> None:
    text = with_cards(shop_text)
    [found] = [fault for fault in faults_of(text.replace(", pay: true", "")) if "card" in fault]
    assert found == "shop.whatsapp_pay: no message shows the order card, so everybody gets a link"
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("  whatsapp_pay:"))
    [found] = [fault for fault in faults_of(bare) if "chat" in fault]
    assert found == "messages.complete_payment.link.pay: nobody can pay in the chat of this shop"


@pytest.mark.parametrize("state", ["Maharashtra", "maharashtra", "27", 27])
def test_a_state_is_written_by_name_or_code_here_and_in_an_area(state: str | int) -> None:
    area = Area.model_validate({"pincodes": "411001", "fee": 40, "state": state})
    assert area.state == WhatsAppPay.model_validate({"configuration": "main", "state": state}).state == "27"


def test_an_answer_that_asks_for_a_link_where_a_card_may_be_is_found(shop_text: str) -> None:
    asks = "      - {if: order.status == 'unpaid' and order.card, say: [not_while_paying, card_is_above]}\n"
    assert asks in shop_text
    text = with_cards(shop_text).replace(asks, "", 1)
    [found] = [fault for fault in faults_of(text) if "order.card" in fault]
    assert found.startswith("states.awaiting_payment.otherwise.1.if: 'order.link' is empty while")
    assert not [fault for fault in faults_of(shop_text.replace(asks, "")) if "order.card" in fault]


# News of the goods


def paid_by_card(store: MemoryShop) -> str:
    card = card_of(store)
    store.take(payments_fetched(card, captured_on(card)))
    return card


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        (Stage.PLACED, None),
        (Stage.ACCEPTED, "processing"),
        (Stage.PREPARING, "processing"),
        (Stage.READY, "processing"),
        (Stage.OUT, "shipped"),
        (Stage.DELIVERED, "completed"),
        (Stage.CANCELLED, None),
        (Stage.RETURNED, None),
    ],
)
def test_the_first_text_about_a_stage_changes_the_card_that_paid(
    asha: MemoryShop, stage: Stage, status: str | None
) -> None:
    card = paid_by_card(asha)
    state = replace(asha.order_state, stage=stage)
    says = (
        Say("picture", Image("https://shop.example/a.jpg")),
        Say("news", Text("News")),
        Say("more", Text("More")),
    )
    found = on_card(says, state, Happened("order.stage", {"stage": str(stage)}))
    expected = Text("News") if status is None else CardUpdate("News", card, status)
    assert [say.message for say in found] == [says[0].message, expected, says[2].message]
    assert on_card(says, state, Happened("payment.captured")) == says


def test_what_was_paid_by_a_link_has_no_card_to_change(asha: MemoryShop) -> None:
    del asha.phones["c-1"]
    key = asha.order_with_link()
    paid = replace(asha.orders[key], stage=Stage.OUT)
    says = (Say("news", Text("News")),)
    assert on_card(says, paid, Happened("order.stage")) == says


def test_a_second_offer_of_a_card_is_its_text_alone(asha: MemoryShop) -> None:
    card_of(asha)
    asha.take(chat("hindi"))
    assert cards_of(asha) == []
    said = [say.message for say in asha.last.messages if say.name == "complete_payment"]
    assert all(isinstance(message, Text) for message in said)
