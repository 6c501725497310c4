"""The 24-hour window on the whole system: what may be sent is sent, and nothing is tried for ever."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.meta import Window
from sandbox.world import World
from tests.world.running_bot import FLOW, Live, Start

_PAID = "  payment_successful:\n"
_TEMPLATE = """\
    text: Paid, thank you!
    buttons: [{on: menu, title: More, with: again}]
    template: {name: order_paid, values: ["{{ order.number }}", "{{ order.total | money }}"], buttons: true}
  as_it_was:
"""
_REMINDER = (
    "    template: {name: payment_reminder,"
    ' values: ["{{ order.number }}", "{{ order.total | money }}", "{{ order.link }}"]}\n'
)


@pytest.fixture
def settings_for(settings_for: Callable[[World], Settings], tmp_path: Path) -> Callable[[World], Settings]:
    """The shipped shop, with a template of its own for one message and none for another."""
    shop = FLOW.read_text(encoding="utf-8")
    assert (shop.count(_PAID), shop.count(_REMINDER)) == (1, 1)
    flow = tmp_path / "flows.yaml"
    flow.write_text(shop.replace(_PAID, _PAID + _TEMPLATE).replace(_REMINDER, ""), encoding="utf-8")
    return lambda world: settings_for(world).model_copy(update={"munshi_flow": flow})


@pytest.fixture(params=["refuse", "fail"])
async def live(request: pytest.FixtureRequest, clock: ShiftedClock, start: Start) -> AsyncIterator[Live]:
    """Meta refuses a late message in the call itself, or accepts it and reports the failure later."""
    window: Window = request.param
    async with (
        World.running(now=clock.now, ticking=False, window=window) as world,
        start(world, clock) as live,
    ):
        yield live


async def test_paid_a_day_later_is_told_with_the_template(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    link = asha.link
    before = len(asha.texts)
    live.clock.put_forward(15 * 60_000)
    await live.world.razorpay.pay(link)
    live.clock.put_forward(24 * 3_600_000)
    await live.settle()
    told = asha.person.messages[before:]
    [paid] = told  # and neither that the bank allowed it nor that the link has run out
    assert paid.kind == "template"
    assert paid.text.startswith("order_paid: ")
    assert paid.text.endswith("₹500")
    assert await live.rows("SELECT * FROM notice WHERE kind = 'capture'") == []
    await asha.tap("1", paid)  # its quick reply
    assert asha.texts[-1].startswith("Namaste Asha!")


async def test_ordered_over_the_api_by_someone_who_never_wrote(live: Live) -> None:
    """Only Meta knows whether the window is open: the message is tried, and its template follows."""
    body = {"phone": "919812345699", "items": [{"sku": "masala-250", "quantity": 1}]}
    await live.until(live.api("POST", "/payments/create", body))
    await live.settle()
    await live.wait(1)
    stranger = live.customer("919812345699")
    [link] = stranger.texts
    assert link.startswith("complete_payment: ")
    assert "₹180" in link
    await live.wait(15)
    told = [
        (row["kind"], row["subject"].partition(" ")[0]) for row in await live.rows("SELECT * FROM notice")
    ]
    assert told == [("window", "payment_reminder")]  # which has no template
    await live.world.razorpay.pay(stranger.link)
    await live.settle()
    await live.wait(1)
    assert [message.kind for message in stranger.person.messages] == ["template"] * 2
    [row] = await live.rows("SELECT MAX(attempts) AS most FROM outbox WHERE lane = 'chat'")
    assert row["most"] <= 2
