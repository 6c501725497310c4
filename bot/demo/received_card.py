"""Reads an order card that arrived on the customer's phone."""

from collections.abc import Mapping
from typing import Any

from flows.messages.payment import Bill, BillLine


def bill_of(parameters: Mapping[str, Any]) -> Bill:
    """Return what a card shows, from the `parameters` of its action."""
    order = parameters["order"]
    gateway = parameters["payment_settings"][0]["payment_gateway"]
    discount = order.get("discount", {"value": 0, "discount_program_name": ""})
    return Bill(
        reference=parameters["reference_id"],
        order=next(iter(gateway["razorpay"]["notes"].values())),
        configuration=gateway["configuration_name"],
        expires_at=int(order["expiration"]["timestamp"]) * 1000,
        lines=tuple(_line(item) for item in order["items"]),
        goods=order["subtotal"]["value"],
        discount=discount["value"],
        discount_name=discount["discount_program_name"],
        delivery=order.get("shipping", {"value": 0})["value"],
        total=parameters["total_amount"]["value"],
        catalogue=order.get("catalog_id", ""),
        origin=_origin(order["items"][0]),
        address=_address(parameters),
    )


def _line(item: Mapping[str, Any]) -> BillLine:
    return BillLine(item["retailer_id"], item["name"], item["amount"]["value"], item["quantity"])


def _origin(item: Mapping[str, Any]) -> tuple[str, ...]:
    if "importer_address" not in item:
        return ()
    lines = item["importer_address"]
    where = (lines["address_line1"], lines["city"], lines["postal_code"])
    return (item["country_of_origin"], item["importer_name"], *where)


def _address(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    for to in parameters.get("beneficiaries", ()):
        lines = to["address_line1"] + to.get("address_line2", "")
        return (to["name"], lines, to["city"], to["state"], to["postal_code"])
    return ()
