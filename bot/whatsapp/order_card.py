"""Writes an order as WhatsApp's order card, which is paid in the chat, and what changes such a card.

Source: Meta, Payments API India, "Payment gateway" (order_details, order_status), 2026.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flows.messages import limits
from flows.messages.payment import Bill, BillLine
from payments.razorpay.entities import ORDER_NOTE

DETAILS: Final = "review_and_pay"
"""What Meta calls the action of an order card."""
STATUS: Final = "review_order"
"""What Meta calls the action that changes one."""
_NAME: Final = 60
"""Length of the name of an item, and of what is written beside a sum."""
_PERSON: Final = 200
"""Length of the name of who gets the goods."""
_ADDRESS: Final = 100
"""Length of one line of an address."""
_MOST_BY_UPI: Final = 50_000_000
"""Paise that can be paid by UPI at once. Dearer orders are paid on the gateway's page."""
_CURRENCY: Final = "INR"
_COUNTRY: Final = "India"


def action(bill: Bill) -> dict[str, Any]:
    """Return the action of an order card. Its reference is the receipt of the orders that are made for it."""
    parameters: dict[str, Any] = {
        "reference_id": bill.reference,
        "type": "physical-goods",
        "currency": _CURRENCY,
        "payment_settings": [{"type": "payment_gateway", "payment_gateway": _gateway(bill)}],
        "total_amount": _sum(bill.total),
        "order": _order(bill),
    }
    if bill.address:
        parameters["beneficiaries"] = [_beneficiary(*bill.address)]
    return {"name": DETAILS, "parameters": parameters}


def update(reference: str, status: str) -> dict[str, Any]:
    """Return the action that changes the status of a card."""
    return {"name": STATUS, "parameters": {"reference_id": reference, "order": {"status": status}}}


def _gateway(bill: Bill) -> dict[str, Any]:
    gateway: dict[str, Any] = {
        "type": "razorpay",
        "configuration_name": bill.configuration,
        "razorpay": {"receipt": bill.reference, "notes": {ORDER_NOTE: bill.order}},
    }
    if bill.total > _MOST_BY_UPI:
        gateway["enabled_payment_options"] = ["web"]
    return gateway


def _order(bill: Bill) -> dict[str, Any]:
    """Return items and sums: subtotal + shipping - discount is the total. The tax lies in the prices."""
    order: dict[str, Any] = {
        "status": "pending",
        "expiration": {"timestamp": str(bill.expires_at // 1000), "description": "The time is over"},
        "items": [_item(line, bill) for line in bill.lines],
        "subtotal": _sum(bill.goods),
        "tax": {**_sum(0), "description": "Taxes are in the prices"},
    }
    if bill.catalogue:
        order["catalog_id"] = bill.catalogue
    if bill.delivery:
        order["shipping"] = _sum(bill.delivery)
    if bill.discount:
        order["discount"] = {**_sum(bill.discount), "discount_program_name": _cut(bill.discount_name, _NAME)}
    return order


def _item(line: BillLine, bill: Bill) -> dict[str, Any]:
    item = {
        "retailer_id": line.sku,
        "name": _cut(line.name, _NAME),
        "amount": _sum(line.price),
        "quantity": line.quantity,
    }
    return item if bill.catalogue else {**item, **_origin(bill.origin)}


def _origin(origin: Sequence[str]) -> Mapping[str, Any]:
    """Return what Meta asks of goods that are in no catalogue."""
    country, importer, address, city, pincode = origin
    lines = {"address_line1": address, "city": city, "postal_code": pincode, "country_code": "IN"}
    return {"country_of_origin": country, "importer_name": importer, "importer_address": lines}


def _beneficiary(name: str, address: str, city: str, state: str, pincode: str) -> dict[str, Any]:
    lines = {"address_line1": address[:_ADDRESS], "address_line2": address[_ADDRESS : 2 * _ADDRESS]}
    return {
        "name": _cut(name or "-", _PERSON),
        **{line: text for line, text in lines.items() if text},
        "city": city,
        "state": state,
        "country": _COUNTRY,
        "postal_code": pincode,
    }


def _sum(paise: int) -> dict[str, int]:
    return {"value": paise, "offset": 100}


def _cut(text: str, limit: int) -> str:
    return limits.clip(text, limit)
