"""The facts in each of Razorpay's webhooks."""

import copy
import itertools
import json
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.balance import balance
from payments.ledger.facts import Detail, Fact, to_json
from payments.razorpay.webhook import MAX_DEPTH, digest, read, without_personal_data

FIXTURES = Path(__file__).parents[2] / "fixtures" / "razorpay"
KEY = "k3f9-27-4"
PAYMENT = "pay_Ra7TqLw2ZbXk91"
LINK = "plink_Ra7RmPd8KyWe33"
ORDER = "order_Ra7SgHj5NcVu02"
REFUND = "rfnd_Rb2PoLk8HgFd44"
SUCCESS = ("payment.authorized.upi", "payment.captured.upi", "order.paid", "payment_link.paid.raw-order")
Body = dict[str, Any]


def load(name: str) -> Body:
    body: Body = json.loads((FIXTURES / f"{name}.json").read_text())
    return body


def claims(facts: Iterable[Fact]) -> list[tuple[str, str, str, int]]:
    return [(f.entity, f.entity_id, f.state, f.amount) for f in facts]


CAPTURED = ("payment", PAYMENT, "captured", 64550)
AUTHORIZED = ("payment", PAYMENT, "authorized", 64550)
READINGS = [
    ("payment.authorized.upi", [AUTHORIZED]),
    ("payment.authorized.card-says-captured", [AUTHORIZED]),
    ("payment.captured.upi", [CAPTURED]),
    ("payment.captured.card.empty-errors", [CAPTURED]),
    ("payment.failed.card", [("payment", "pay_Ra7PyTr6UiOp10", "failed", 64550)]),
    ("payment.failed.upi.no-vpa", [("payment", "pay_Ra7OkLm3NjHb20", "failed", 64550)]),
    ("order.paid", [CAPTURED, ("order", ORDER, "paid", 64550)]),
    ("order.paid.notes-null", [CAPTURED, ("order", ORDER, "paid", 64550)]),
    ("payment_link.paid", [CAPTURED, ("payment_link", LINK, "paid", 64550)]),
    ("payment_link.paid.raw-order", [CAPTURED, ("payment_link", LINK, "paid", 64550)]),
    (
        "payment_link.partially_paid",
        [("payment", PAYMENT, "captured", 20000), ("payment_link", LINK, "partially_paid", 20000)],
    ),
    ("payment_link.expired", [("payment_link", LINK, "expired", 0)]),
    ("payment_link.cancelled", [("payment_link", LINK, "cancelled", 0)]),
    ("refund.processed", [CAPTURED, ("refund", "rfnd_Rb1XcVn4MqTy55", "processed", 20000)]),
    ("refund.created.ours", [CAPTURED, ("refund", REFUND, "created", 20000)]),
    ("refund.processed.ours", [CAPTURED, ("refund", REFUND, "processed", 20000)]),
    ("refund.failed.ours", [CAPTURED, ("refund", REFUND, "failed", 20000)]),
    ("refund.speed_changed", []),
    ("refund.created.automatic", [("refund", "rfnd_Rb1XcVn4MqTy55", "created", 64550)]),
    ("payment.dispute.created", [("dispute", "disp_Rc2WsEd9JhBn66", "created", 64550)]),
]


@pytest.mark.parametrize(("name", "expected"), READINGS)
def test_each_event_says_its_facts_about_our_order(name: str, expected: list[Any]) -> None:
    notice = read(load(name))
    assert claims(notice.facts) == expected
    assert notice.problems == ()
    assert notice.event == load(name)["event"]
    assert notice.account_id == "acc_Ra0MunshiShop7"
    assert notice.order_key == KEY
    assert {(f.order_key, f.currency) for f in notice.facts} <= {(KEY, "INR")}
    assert {f.detail.link for f in notice.facts if f.entity == "payment"} <= {LINK}
    assert notice.link_id == LINK


def test_a_bare_order_id_gets_its_prefix() -> None:
    body = load("payment_link.paid.raw-order")
    body["event"] = "order.paid"
    del body["payload"]["payment"], body["payload"]["payment_link"]
    notice = read(body)
    assert claims(notice.facts) == [("order", ORDER, "paid", 64550)]
    assert notice.problems == ("payment: missing",)


def test_a_payment_that_is_not_for_us_keeps_its_fact_without_an_order() -> None:
    notice = read(load("payment.captured.notes-list"))
    assert (notice.order_key, notice.link_id) == (None, None)
    assert [f.order_key for f in notice.facts] == [""]
    assert claims(notice.facts) == [CAPTURED]


def test_an_event_that_is_not_about_money_has_no_facts() -> None:
    notice = read(load("payment.downtime.started"))
    assert (notice.event, notice.facts, notice.problems) == ("payment.downtime.started", (), ())


@pytest.mark.parametrize(
    "key", ["", "WA-20260609-0001", "k3f9-27", "k3f9-27-4 ", "k3f9-27-" + "4" * 40, 5, None, []]
)
def test_a_note_that_no_munshi_wrote_names_no_order(key: object) -> None:
    body = load("payment.captured.upi")
    body["payload"]["payment"]["entity"]["notes"]["munshi_order"] = key
    assert read(body).order_key is None


def test_notes_come_before_references_and_two_orders_are_none() -> None:
    body = load("payment_link.paid")
    body["payload"]["payment_link"]["entity"]["reference_id"] = "k3f9-99-1.1"
    assert read(body).order_key == KEY
    body["payload"]["order"]["entity"]["notes"]["munshi_order"] = "k3f9-99-1"
    notice = read(body)
    assert notice.order_key is None
    assert notice.problems == ("the entities name more than one of our orders",)
    assert len(notice.facts) == 2


def test_why_a_payment_failed_is_kept_and_who_paid_is_not() -> None:
    (fact,) = read(load("payment.failed.card")).facts
    assert fact.detail == Detail(
        method="card",
        error_reason="insufficient_funds",
        error_description="The payment was declined: not enough balance in the account.",
        error_source="issuer_bank",
        link=LINK,
    )
    assert fact.at == 1793205570


def test_details_hold_nothing_a_database_refuses() -> None:
    body = load("payment.failed.card")
    body["payload"]["payment"]["entity"]["error_description"] = "a\x00b\ud800c" + "x" * 9000
    (fact,) = read(body).facts
    assert fact.detail.error_description.startswith("a b cxxx")
    assert len(fact.detail.error_description) == 500


OURS = Detail(payment_id=PAYMENT, key=f"{PAYMENT}-1")


@pytest.mark.parametrize("state", ["created", "processed", "failed"])
def test_a_refund_names_its_payment_and_the_key_it_was_made_with(state: str) -> None:
    captured, refund = read(load(f"refund.{state}.ours")).facts
    assert refund.detail == OURS
    assert captured == read(load("payment.captured.upi")).facts[0]


def test_a_refund_that_munshi_did_not_make_has_no_key() -> None:
    assert read(load("refund.processed")).facts[1].detail == Detail(payment_id=PAYMENT)


def test_a_refund_of_what_was_never_captured_is_told_from_one_of_our_money() -> None:
    body = load("refund.created.automatic")
    assert body["payload"]["refund"]["entity"]["status"] == "processed"
    (fact,) = read(body).facts
    assert fact.detail == Detail(payment_id=PAYMENT, captured=False)
    assert balance(64550, "INR", [fact]).paid == 0


@pytest.mark.parametrize("captured", [None, False, "true", 1, "absent"])
def test_a_refund_claims_no_capture_that_its_payment_does_not(captured: object) -> None:
    body = load("refund.processed.ours")
    body["payload"]["payment"]["entity"]["captured"] = captured
    if captured == "absent":
        del body["payload"]["payment"]
    notice = read(body)
    assert claims(notice.facts) == [("refund", REFUND, "processed", 20000)]
    assert notice.facts[0].detail == replace(OURS, captured=captured is not False)
    assert notice.problems == ()


def test_a_refund_of_all_there_was_tells_of_the_capture_too() -> None:
    body = load("refund.processed.ours")
    body["payload"]["payment"]["entity"] |= {"status": "refunded", "amount_refunded": 64550}
    assert claims(read(body).facts) == [CAPTURED, ("refund", REFUND, "processed", 20000)]


def test_a_capture_that_a_refund_tells_of_and_that_cannot_be_read_is_named() -> None:
    body = load("refund.processed.ours")
    del body["payload"]["payment"]["entity"]["amount"]
    notice = read(body)
    assert claims(notice.facts) == [("refund", REFUND, "processed", 20000)]
    assert notice.problems == ("payment: amount is NoneType, not a whole number",)


def test_a_refund_of_no_payment_is_no_fact() -> None:
    body = load("refund.processed.ours")
    del body["payload"]["refund"]["entity"]["payment_id"]
    notice = read(body)
    assert claims(notice.facts) == [CAPTURED]
    assert notice.problems == ("refund: payment_id is missing or malformed",)


@pytest.mark.parametrize("status", ["authorized", "refunded", "failed", None])
def test_a_payment_is_what_its_own_event_says_whenever_the_snapshot_was_taken(status: object) -> None:
    body = load("payment.captured.upi")
    body["payload"]["payment"]["entity"]["status"] = status
    assert claims(read(body).facts) == [CAPTURED]


@pytest.mark.parametrize("description", [None, "", "Order", "#", "# x", 5, []])
def test_a_payment_that_names_no_link_has_none(description: object) -> None:
    body = load("payment.captured.upi")
    body["payload"]["payment"]["entity"]["description"] = description
    (fact,) = read(body).facts
    assert fact.detail.link == ""


def test_the_link_itself_comes_before_what_the_payment_says_of_it() -> None:
    body = load("payment_link.paid")
    body["payload"]["payment"]["entity"]["description"] = "#Another"
    assert [f.detail.link for f in read(body).facts] == [LINK, ""]


WRONG: list[object] = [None, "64550", True, 64550.0, -1, 2**63, [64550], {}]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", ["amount", "created_at"])
def test_a_wrong_number_leaves_the_fact_out_and_says_why(field: str, wrong: object) -> None:
    body = load("payment_link.paid")
    body["payload"]["payment"]["entity"][field] = wrong
    notice = read(body)
    assert claims(notice.facts) == [("payment_link", LINK, "paid", 64550)]
    (problem,) = notice.problems
    assert problem.startswith(f"payment: {field} is ")


@pytest.mark.parametrize("field", ["id", "currency", "amount", "status"])
def test_a_missing_field_leaves_the_fact_out_and_says_why(field: str) -> None:
    body = load("order.paid")
    del body["payload"]["payment"]["entity"][field]
    notice = read(body)
    assert claims(notice.facts) == [("order", ORDER, "paid", 64550)]
    assert field in notice.problems[0]


def test_an_order_paid_by_a_payment_that_is_not_captured_is_no_capture() -> None:
    body = load("order.paid")
    body["payload"]["payment"]["entity"]["status"] = "authorized"
    notice = read(body)
    assert claims(notice.facts) == [("order", ORDER, "paid", 64550)]
    assert notice.problems == ("payment: status is not 'captured'",)


def test_the_success_events_say_the_very_same_fact() -> None:
    captures = [f for name in SUCCESS[1:] for f in read(load(name)).facts if f.entity == "payment"]
    assert len(captures) == 3
    assert captures[0] == captures[1] == captures[2]


@given(st.lists(st.sampled_from(SUCCESS), max_size=6), st.permutations(SUCCESS))
def test_success_events_collapse_in_any_order_and_number(more: list[str], once: list[str]) -> None:
    facts = [fact for name in [*more, *once, *more] for fact in read(load(name)).facts]
    by_identity: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        assert by_identity.setdefault(fact.identity, fact) == fact
    payments = [i for i in by_identity if i[0] == "payment"]
    assert sorted(payments) == [("payment", PAYMENT, "authorized"), ("payment", PAYMENT, "captured")]
    assert balance(64550, "INR", facts).paid_in_full


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([KEY, f"{KEY}.2", LINK, PAYMENT, "INR", "captured", "#Ab1", "\ud800", "\x00", 10**400])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
notes = st.fixed_dictionaries({}, optional=dict.fromkeys(("munshi_order", "munshi_refund"), json_values))
FIELDS = ("id", "status", "amount", "amount_paid", "currency", "created_at", "order_id", "reference_id")
entities = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*FIELDS, "receipt", "description", "error_reason"), json_values),
        **dict.fromkeys(("captured", "payment_id"), json_values),
        "notes": notes | json_values,
    },
)
payloads = st.dictionaries(
    st.sampled_from(["payment", "order", "payment_link", "refund", "dispute"]) | st.text(max_size=4),
    json_values | st.fixed_dictionaries({"entity": entities | json_values}),
    max_size=5,
)
EVENTS = sorted({load(name)["event"] for name, _ in READINGS})
bodies = st.dictionaries(st.text(max_size=8), json_values, max_size=4) | st.fixed_dictionaries(
    {"event": st.sampled_from(EVENTS) | json_values},
    optional={"payload": payloads | json_values, "account_id": json_values},
)


@given(bodies)
def test_no_json_object_makes_reading_raise(body: Body) -> None:
    before = copy.deepcopy(body)
    notice = read(body)
    assert repr(body) == repr(before)
    for fact in notice.facts:
        assert type(fact.amount) is int
        assert fact.amount >= 0
        json.dumps(to_json(fact), ensure_ascii=False).encode()
    without_personal_data(body)


def every_place(value: Any, path: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from every_place(item, (*path, key))


WORST: list[Any] = [None, True, 0, -1, 1.5, 10**400, "", "text", "\ud800", [], ["x"], [[]], {}, {"a": 1}]


@pytest.mark.parametrize("name", [name for name, _ in READINGS])
def test_no_place_of_a_real_body_may_be_spoiled_into_an_exception(name: str) -> None:
    for *above, last in list(every_place(load(name)))[1:]:
        body = load(name)
        place: Any = body
        for key in above:
            place = place[key]
        for wrong in WORST:
            place[last] = wrong
            json.dumps([fact.amount for fact in read(body).facts])
            without_personal_data(body)
        del place[last]
        read(body)


def test_digest_is_the_content_s() -> None:
    assert digest(b"{}") == sha256(b"{}").hexdigest() != digest(b"{ }")


KEYS = {
    "card",
    "card_id",
    "vpa",
    "upi",
    "email",
    "contact",
    "acquirer_data",
    "token_id",
    "customer",
    "wallet",
    "bank_account",
}
PAYER = [
    "meera",
    "Meera",
    "7000000042",
    "1007",
    "okbank",
    "731204558811",
    "514203",
    "card_Ra7Q",
    "token_Ra7Q",
]


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_what_we_keep_reads_the_same_and_says_nothing_of_the_payer(path: Path) -> None:
    body = json.loads(path.read_text())
    kept = without_personal_data(body)
    assert read(kept) == read(body)
    text = json.dumps(kept)
    assert not {key for *_, key in list(every_place(kept))[1:]} & KEYS
    assert [p for p in PAYER if p in text] == []


def test_keeping_copies_deeply_and_to_a_bounded_depth() -> None:
    deep: Any = "bottom"
    for _ in range(20_000):
        deep = [deep]
    body: Body = {"notes": {"a": [1, {"card": 2, "b": 3}]}, "deep": deep}
    kept = without_personal_data(body)
    assert kept["notes"] == {"a": [1, {"b": 3}]}
    assert kept["notes"]["a"] is not body["notes"]["a"]
    levels = itertools.takewhile(lambda _: isinstance(kept["deep"], list), itertools.count())
    for level in levels:
        assert level <= MAX_DEPTH
        kept["deep"] = kept["deep"][0]
    assert kept["deep"] is None
