"""A small shop that takes cash, delivers, and tells its customers of every step; and its desk."""

from pathlib import Path
from typing import Any, Final

from tests.world.running_bot import Live

TEXT: Final = """
flow: tiffin
shop:
  name: Annapurna
  products:
    - {sku: thali, name: Veg thali, price: 120}
    - {sku: kaju, name: Kaju katli, price: 260.50, stock: 9}
  cash: {up_to: 2000}
  delivery: {areas: [{pincodes: 411001-411030, fee: 40}], pickup: true}
messages:
  menu: "Order on our website"
  link: "Pay {{ order.total | money }}: {{ order.link }}"
  paid: "Paid {{ order.total | money }}"
  stage: "Your order is {{ event.stage }}{{ ', ' ~ event.refund | money ~ ' goes back' if event.refund }}"
  amended: "Without {{ event.items }}: {{ event.refund | money }} goes back"
  back: "{{ event.amount | money }} goes back"
  no: "No: {{ event.reason }}"
anywhere:
  order.requested:
    - {if: event.pays == 'cash', do: [cart.fill, order.place, payment.cash], to: ordered}
    - {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: link}
  payment_link.refused: {ignore: it is asked for again}
  payment.captured: {do: cart.settle, say: paid}
  payment.returned: {say: back}
  order.stage: {say: stage}
  order.amended: {say: amended}
  order.refused: {say: no}
  checkout.refused: {say: no}
  cart.refused: {say: no}
otherwise: {say: menu}
start: browsing
states:
  browsing: {}
  ordered: {}
"""
PHONE: Final = "919812345601"
ADDRESS: Final = "Flat 4, Lake Road, Pune 411005"


def flow_in(folder: Path) -> Path:
    """The shop's flow file."""
    file = folder / "tiffin.yaml"
    file.write_text(TEXT, "utf-8")
    return file


async def ordered(
    live: Live, *items: tuple[str, int], phone: str = PHONE, pays: str = "online", **more: Any
) -> str:
    """Order `items` over the API, for delivery, and return the order's key."""
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in items]
    body = {"phone": phone, "items": wanted, "address": ADDRESS, "pays": pays, **more}
    status, answer = await live.until(live.api("POST", "/payments/create", body))
    assert status == 200, answer
    return str(answer["order_id"])


async def change(live: Live, order: str, what: str, **body: Any) -> tuple[int, Any]:
    """Post a change of the order. A body in `more` may hold `from`; `key` is the Idempotency-Key."""
    key = body.pop("key", None)
    headers = {} if key is None else {"Idempotency-Key": key}
    return await live.until(live.api("POST", f"/orders/{order}/{what}", body, **headers))
