"""Order cards as Meta documents them, and what Meta says of their payments."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest import from_whatsapp
from bot.whatsapp.inbound import parse
from bot.whatsapp.payloads import PayloadError, build
from bot.whatsapp.payment_news import Configuration, PaymentHint
from flows.messages.kinds import CardUpdate, Payment
from flows.messages.payment import Bill, BillLine
from payments.ledger.facts import EntityType, FactState
from payments.processing.bodies import FactsTold, read
from payments.processing.step_input import EventKind
from sandbox import meta_rules
from sandbox.meta_cards import check_card, check_update
from tests.bot.whatsapp.sample_messages import MEERA, content
from tests.bot.whatsapp.webhook_body import webhook_body
from tests.payments.card_bills import bill

NOW = 1_790_000_000


def parameters(of: Bill) -> Any:
    payload = build(Payment("Order #1", of.reference, bill=of), MEERA, "send:1")
    meta_rules.check(payload)
    written = payload["interactive"]["action"]["parameters"]
    check_card(written, NOW)
    return written


def test_a_card() -> None:
    written = parameters(bill())
    assert written["reference_id"] == "c-1-1.c1"
    assert written["total_amount"] == {"value": 36_400, "offset": 100}
    [settings] = written["payment_settings"]
    assert settings["payment_gateway"] == {
        "type": "razorpay",
        "configuration_name": "razorpay-main",
        "razorpay": {"receipt": "c-1-1.c1", "notes": {"munshi_order": "c-1-1"}},
    }
    assert written["beneficiaries"] == [
        {
            "name": "Asha",
            "address_line1": "4 Lake Road",
            "city": "Pune",
            "state": "Maharashtra",
            "country": "India",
            "postal_code": "411004",
        }
    ]
    order = written["order"]
    assert order["expiration"]["timestamp"] == "1790001200"
    assert (order["catalog_id"], order["items"][0]["retailer_id"]) == ("3001", "masala-250")
    assert order["discount"] == {"value": 3_600, "offset": 100, "discount_program_name": "FIRST10"}
    assert (order["shipping"]["value"], order["subtotal"]["value"], order["tax"]["value"]) == (
        4_000,
        36_000,
        0,
    )


def test_without_a_catalogue_each_item_says_where_it_comes_from() -> None:
    origin = ("India", "Chai & Co.", "12 FC Road", "Pune", "411004")
    written = parameters(bill(catalogue="", origin=origin, address=(), delivery=0, total=32_400))
    [item] = written["order"]["items"]
    assert (item["country_of_origin"], item["importer_name"]) == ("India", "Chai & Co.")
    assert item["importer_address"]["city"] == "Pune"
    assert not {"beneficiaries"} & written.keys()
    assert not {"catalog_id", "shipping"} & written["order"].keys()


def test_what_is_dearer_than_upi_allows_is_paid_on_the_gateways_page() -> None:
    dear = bill(lines=(BillLine("a", "A", 50_000_001, 1),), goods=50_000_001, discount=0, delivery=0)
    gateway = parameters(bill_of(dear, 50_000_001))["payment_settings"][0]["payment_gateway"]
    assert gateway["enabled_payment_options"] == ["web"]
    cheap = bill(lines=(BillLine("a", "A", 50_000_000, 1),), goods=50_000_000, discount=0, delivery=0)
    gateway = parameters(bill_of(cheap, 50_000_000))["payment_settings"][0]["payment_gateway"]
    assert "enabled_payment_options" not in gateway


def bill_of(of: Bill, total: int) -> Bill:
    return bill(lines=of.lines, goods=of.goods, discount=0, delivery=0, total=total)


_TEXTS = st.text(min_size=1, max_size=150).filter(lambda text: bool(text.strip()))
_LINES = st.lists(
    st.builds(BillLine, _TEXTS, _TEXTS, st.integers(1, 10**7), st.integers(1, 99)), min_size=1, max_size=8
)


@given(
    lines=_LINES,
    discount=st.integers(0, 100),
    delivery=st.integers(0, 10_000),
    name=st.text(max_size=400),
    address=_TEXTS,
    code=st.text(string.ascii_uppercase, min_size=1, max_size=40),
)
def test_any_order_makes_a_card_that_meta_takes(
    lines: list[BillLine], discount: int, delivery: int, name: str, address: str, code: str
) -> None:
    goods = sum(line.price * line.quantity for line in lines)
    off = goods * discount // 100
    of = bill(
        lines=tuple(lines),
        goods=goods,
        discount=off,
        discount_name=code,
        delivery=delivery,
        total=goods - off + delivery,
        address=(name, address, "Pune", "Maharashtra", "411004"),
    )
    assert parameters(of)["total_amount"]["value"] == of.total


def test_a_card_without_a_bill_is_not_sent() -> None:
    with pytest.raises(PayloadError, match="bill"):
        build(Payment("Pay", "c-1-1.c1"), MEERA, "send:1")


def test_news_of_the_goods() -> None:
    written = content(CardUpdate("On its way", "c-1-1.c1", "shipped"))
    check_update(written["action"]["parameters"])
    assert written == {
        "type": "order_status",
        "body": {"text": "On its way"},
        "action": {
            "name": "review_order",
            "parameters": {"reference_id": "c-1-1.c1", "order": {"status": "shipped"}},
        },
    }


# What Meta says


def status(**changed: Any) -> dict[str, Any]:
    payment = {
        "reference_id": "aaaaaaaa-1-1abcdef.c1ghij",
        "amount": {"value": 36_400, "offset": 100},
        "currency": "INR",
        "transaction": {
            "id": "order_1",
            "pg_transaction_id": "pay_1",
            "status": "success",
            "created_timestamp": 1_770_000_250,
        },
    }
    said = {"id": "wamid.1", "type": "payment", "status": "captured", "recipient_id": "919800000001"}
    return {**said, "payment": payment, **changed}


def hints(entry: dict[str, Any]) -> tuple[PaymentHint, ...]:
    return parse(webhook_body({"statuses": [entry]})).hints


def test_a_captured_payment_is_a_hint_at_an_order_of_razorpays_and_no_money() -> None:
    [hint] = hints(status())
    assert (hint.reference, hint.order_id, hint.amount, hint.at) == (
        "aaaaaaaa-1-1abcdef.c1ghij",
        "order_1",
        36_400,
        1_770_000_250,
    )
    [arrival] = from_whatsapp(parse(webhook_body({"statuses": [status()]})), "1", 0)
    assert (arrival.kind, arrival.order_key) == (EventKind.FACTS, "aaaaaaaa-1-1abcdef")
    told = read(arrival.kind, arrival.body)
    assert isinstance(told, FactsTold)
    [fact] = told.facts
    assert (fact.entity, fact.state, fact.entity_id) == (EntityType.ORDER, FactState.PAID, "order_1")
    assert fact.detail.link == hint.reference
    assert "9198" not in (arrival.raw or ""), "who paid is not kept"


@pytest.mark.parametrize(
    "entry",
    [
        status(status="CAPTURED"),
        status(status="pending"),  # a sample calls the order so, and the transaction a success
        status(payment=status()["payment"] | {"transaction": {"id": "order_1", "status": "pending"}}),
    ],
)
def test_spellings_and_samples_differ(entry: dict[str, Any]) -> None:
    assert len(hints(entry)) == 1


@pytest.mark.parametrize(
    "entry",
    [
        status(
            status="pending", payment=status()["payment"] | {"transaction": {"id": "o", "status": "failed"}}
        ),
        status(payment=None),
        status(payment=status()["payment"] | {"reference_id": None}),
        status(payment=status()["payment"] | {"amount": {"value": 364, "offset": 1}}),
        status(payment=status()["payment"] | {"amount": {"value": -1, "offset": 100}}),
        status(payment=status()["payment"] | {"currency": None}),
        status(payment=status()["payment"] | {"transaction": []}),
    ],
)
def test_anything_else_is_kept_and_hints_at_nothing(entry: dict[str, Any]) -> None:
    parsed = parse(webhook_body({"statuses": [entry]}))
    assert (parsed.hints, len(parsed.unread), parsed.receipts) == ((), 1, ())


@pytest.mark.parametrize("reference", ["ORD-1", "aaaaaaaa-1-1abcdef.1ghij", "c1"])
def test_a_card_that_is_not_ours_is_only_kept(reference: str) -> None:
    entry = status(payment=status()["payment"] | {"reference_id": reference})
    [arrival] = from_whatsapp(parse(webhook_body({"statuses": [entry]})), "1", 0)
    assert (arrival.kind, arrival.pending) == (EventKind.OTHER, False)


def test_a_configuration_that_changes_is_told_to_operators_and_switches_cards() -> None:
    value = {"configuration_name": "razorpay-main", "provider_name": "razorpay", "status": "Needs Connecting"}
    change = {"field": "payment_configuration_update", "value": value}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    parsed = parse(body)
    assert parsed.configurations == (Configuration("razorpay-main", active=False),)
    [kept] = parsed.unread
    assert kept.notice is not None
    assert "razorpay-main" in kept.notice.said
    value["status"] = "Active"
    parsed = parse(body)
    assert parsed.configurations == (Configuration("razorpay-main", active=True),)
    assert parsed.unread[0].notice is None
