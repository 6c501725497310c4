"""Each invoice and each credit note is named by exactly one event, in the step that issues it."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.kinds import Document
from payments.processing.actions import SHOP
from payments.shop.invoice import InvoiceKind
from payments.shop.kept_documents import DocumentName
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import LUNCH, TEXT, bought_in, told

LEGAL: Final = "  legal: {name: Annapurna Foods, address: 12 FC Road}\n  gst:"
STAGE: Final = """
  stage:
    text: "{{ event.stage }}"
    document: {link: "{{ event.invoice or event.credit_note }}"}
  amended:
    text: "less {{ event.amount | money }}"
    document: {link: "{{ event.credit_note }}"}
"""


@cache
def shop(legal: str = LEGAL) -> Flow:
    plain = [line for line in TEXT.splitlines() if not line.startswith(("  stage: ", "  amended: "))]
    text = "\n".join(plain).replace("  gst:", legal, 1).replace("\n  no:", f"{STAGE}  no:", 1)
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def named(simulator: Simulator) -> list[DocumentName]:
    """The documents in all messages."""
    documents = [say.message for say in simulator.said if isinstance(say.message, Document)]
    return [DocumentName.read(document.stored) for document in documents]


def issued(simulator: Simulator) -> list[DocumentName]:
    """What messages call the documents that were issued."""
    notes = InvoiceKind.CREDIT_NOTE
    return [
        DocumentName(one.value.order_key, one.event if one.value.kind is notes else None)
        for one in simulator.store.invoices
    ]


SAYS: Final = st.lists(
    st.sampled_from(
        [
            "out", "delivered", "delivered cash", "cancel", "refuse", "refuse keep delivery", "keep delivery",
            "less thali 1", "less kaju 1", "return thali 1", "return kaju 1", "allowance 30 late",
            "allowance 5 late", "note hello", "paid cash",
        ]
    ),
    max_size=6,
)  # fmt: skip


@pytest.mark.parametrize("pays", ["Cash", "Pay now"])
@given(says=SAYS)
def test_each_document_is_named_once(pays: str, says: Sequence[str]) -> None:
    simulator = bought_in(shop(), "Thali", LUNCH, pays)
    if pays != "Cash":
        simulator.pay()
    for said in ("out", *says):
        told(simulator, "Meena", f"#10001 {said}")
        assert named(simulator) == issued(simulator), said


@pytest.mark.parametrize(
    ("says", "kinds"),
    [
        (["out", "refuse"], ["invoice", "credit note"]),
        (["out", "cancel"], ["invoice", "credit note"]),
        (["delivered", "return thali 1"], ["invoice", "credit note"]),
        (["delivered", "allowance 30 late", "allowance 5 late"], ["invoice", "credit note", "credit note"]),
        (["less thali 1", "cancel"], []),
        (["cancel"], []),
    ],
)
def test_what_is_taken_back_after_the_goods_left_is_a_credit_note(
    says: Sequence[str], kinds: Sequence[str]
) -> None:
    simulator = bought_in(shop(), "Thali", LUNCH, "Pay now")
    simulator.pay()
    for said in says:
        told(simulator, "Meena", f"#10001 {said}")
    found = named(simulator)
    assert [one.words for one in found] == kinds
    assert len(set(found)) == len(found), "each is found by the event that caused it"


def test_a_shop_without_a_seller_names_none() -> None:
    simulator = bought_in(shop("  gst:"), "Thali", LUNCH, "Pay now")
    simulator.pay()
    for said in ("delivered", "allowance 30 late"):
        told(simulator, "Meena", f"#10001 {said}")
    assert named(simulator) == []
    assert simulator.said[-1].message.words == "less ₹30"


@pytest.mark.parametrize("name", ["invoice/a-1-1", "credit-note/a-1-1/17"])
def test_a_name_is_read_as_it_is_written(name: str) -> None:
    assert str(DocumentName.read(name)) == name


@pytest.mark.parametrize(
    "name",
    ["", "invoice", "invoice/", "invoice/a/1", "credit-note/a", "credit-note/a/x", "credit-note//1", "x/a"],
)
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no document is called"):
        DocumentName.read(name)
