"""A chat in the terminal survives any typed line, in the simulated shop and in the demo."""

import asyncio
import io
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from bot.cli.sandbox import played
from bot.demo import chat as demo
from bot.demo.nine_steps import MOVES, StepDiffers, check_shopify, play
from bot.demo.stage import stage
from bot.flow_file import load_flow
from bot.terminal import simulated
from bot.terminal.commands import COMMANDS, LONGEST_WAIT, Wait, Wrong, form_example, parse_command
from flows.engine.model import RECEIVED, Flow
from payments.shop.delivery import Delivery
from payments.simulator.simulator import Simulator
from sandbox.people import ReceivedMessage
from sandbox.razorpay_refunds import TRIAL_DELAY_MS
from tests.bot.bot_inside import phone_inside

FLOW: Final = Path(__file__).parents[2] / "flows.yaml"
ORDERED: Final = ("hi", "1", "1", "1")
"""From the greeting to the link of an order."""
SORRY: Final = "That did not work"


@cache
def flow() -> Flow:
    return load_flow(FLOW)


ANYTHING: Final = st.one_of(
    st.sampled_from([name for name in COMMANDS if name != "/quit"]),
    st.sampled_from(["hi", "help", "pay", "cancel", "हिंदी", "done", "orders", "\ud800", "\u200f", "[red]"]),
    st.integers(0, 12).map(str),
    st.sampled_from(sorted(RECEIVED)).map("/send {}".format),
    st.sampled_from(["16 s", "2 min", "11 min", "1 h", "25 h", "40 d", "366 d", "367 d"]).map(
        "/wait {}".format
    ),
    st.text(max_size=12).map("/fail {}".format),
    st.text(max_size=12).map("/address {}".format),
    st.text(min_size=1, max_size=12),
)
SESSIONS: Final = st.lists(ANYTHING, max_size=12)


def lines(typed: Sequence[str]) -> io.StringIO:
    """Typed lines as the terminal gives them: without line ends."""
    return io.StringIO("".join(" ".join(line.splitlines()) + "\n" for line in typed))


def in_the_simulator(typed: Sequence[str], broken: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", lines(typed))
        if broken:
            patch.setattr(Simulator, "write", _breaks)
        simulated.Chat(flow(), "Asha", console).run()
    return out.getvalue()


def in_the_demo(
    typed: Sequence[str],
    broken: bool = False,
    shop: Callable[[], Flow] = flow,
    elsewhere: Callable[[], list[str]] = list,
) -> str:
    async def played() -> None:
        async with phone_inside(FLOW) as phone:
            if broken:
                phone.pay = _breaks  # type: ignore[method-assign, assignment]
            await demo.Chat(phone, console, form_example(shop().sections["shop"]), elsewhere).run()

    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", lines(typed))
        patch.setattr("bot.app.load_flow", lambda _: shop())
        asyncio.run(played())
    return out.getvalue()


def _breaks(*_: object) -> None:
    raise ZeroDivisionError("nobody\nforesaw this")


@given(SESSIONS)
@settings(max_examples=150)
@example([*ORDERED, "/wait 2 min", "/trace", "/state", "/pay", "/pay", "/fail", "/trace"])
def test_the_simulated_shop_takes_anything(typed: list[str]) -> None:
    said = in_the_simulator(typed)
    assert said.endswith("Goodbye.\n")
    assert SORRY not in said


@given(SESSIONS)
@settings(max_examples=10)
@example([*ORDERED, "/wait 2 min", "/trace", "/state", "/pay", "/trace"])
@example(["/trace", "/state", "/pay", "/fail", "/wait 366 d", "/state"])
@example([*ORDERED, "/wait 366 d", "/trace", "/state", "/pay", "/fail", "/send sticker"])
def test_the_demo_takes_anything(typed: list[str]) -> None:
    said = in_the_demo(typed)
    assert said.endswith("Goodbye.\n")
    assert SORRY not in said


def test_an_address_form_is_filled_in_with_a_real_bot(tmp_path: Path) -> None:
    papers = tmp_path / "papers.yaml"
    papers.write_text(
        """
flow: papers
shop: {name: Papers, products: [{sku: a, price: 30, name: A}]}
messages:
  where: {text: "Where to?", address: true}
  there: "To {{ event.address }} for {{ event.name }}."
anywhere:
  address: {say: there}
  order.requested: {say: where}
  payment.captured: {say: where}
otherwise: {say: where}
start: desk
states: {desk: {}}
""",
        "utf-8",
    )
    typed = ["/address house=4; address=Lake Road; pincode=682 001; city=Kochi; name=Meera"]
    said = in_the_demo(typed, shop=lambda: load_flow(papers))
    assert "Where to?\n  [Address form] /address house=4" in said
    assert "To 4, Lake Road, Kochi, 682001 for Meera." in said


def test_help_shows_an_address_that_the_shop_delivers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    areas = Delivery.model_validate({"areas": [{"pincodes": "560001-560010", "fee": 40}]})
    there = flow().sections["shop"].model_copy(update={"delivery": areas})
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", lines(["/help", "/address citty=x", "/send address"]))
    console = Console(file=out, width=200, highlight=False)
    simulated.Chat(replace(flow(), sections={"shop": there}), "Asha", console).run()
    said = out.getvalue()
    assert said.count("pincode=560001") == 1
    assert said.count("/help shows an example") == 2
    assert not re.search("682001|Kochi|411001", said)


def test_a_line_that_comes_after_the_chat_has_ended_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        title = "Chai"

        async def take(self) -> list[ReceivedMessage]:
            return []

    reads, writes = os.pipe()
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    with os.fdopen(reads) as typed:
        monkeypatch.setattr("sys.stdin", typed)
        os.write(writes, b"/quit\n")
        console = Console(file=io.StringIO())
        asyncio.run(demo.Chat(Silent(), console, "").run(greeting=""))  # type: ignore[arg-type]
        [reader] = [one for one in threading.enumerate() if one.name == demo.READER]
        os.write(writes, b"late\n")
        os.close(writes)
        reader.join(10)
    assert raised == []


def test_the_state_is_the_customers_and_not_the_last_events() -> None:
    said = in_the_demo([*ORDERED, "/wait 2 min", "/state"])
    assert "state: awaiting_payment\norder #" in said
    assert said.rpartition("order #")[2].split(": ", 1)[1].startswith("₹180, unpaid")


def test_money_that_goes_back_in_the_demo_arrives() -> None:
    said = in_the_demo([*ORDERED, "/pay", "cancel order", "/wait 20s", "/state"])
    assert "₹180 for order #10001 went back to you." in said
    assert "₹180, refunded\n" in said


async def test_the_demo_shows_the_order_at_shopify(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(FLOW, 0, shopify_port=0) as set_stage:
        set_stage.troubles.slow_down("shopify", 0.2)
        assert set_stage.troubles.slow == {"shopify": 0.2}
        for move in MOVES:
            await play(move, set_stage.customer)
        assert await check_shopify(set_stage) == "at Shopify: #1001, ₹500, paid"
        assert set_stage.elsewhere() == ["at Shopify: #1001, ₹500, paid"]
        assert set_stage.elsewhere() == []
        set_stage.world.shopify.orders.clear()
        monkeypatch.setattr("bot.demo.nine_steps._LOOKS", 1)
        with pytest.raises(StepDiffers, match="not at Shopify once"):
            await check_shopify(set_stage)


def test_the_chat_tells_what_is_new_elsewhere() -> None:
    news = iter([["at Shopify: #1001, ₹180, paid"]])
    said = in_the_demo(["hi", "hi"], elsewhere=lambda: next(news, []))
    assert said.count("at Shopify: #1001, ₹180, paid") == 1


async def test_money_that_goes_back_in_a_sandbox_arrives_soon() -> None:
    async with played() as (world, _):
        assert world.razorpay.refund_delay_ms == TRIAL_DELAY_MS


@pytest.mark.parametrize("play", [in_the_simulator, in_the_demo])
def test_what_nobody_foresaw_is_one_sentence_and_the_chat_goes_on(play: object) -> None:
    assert callable(play)
    said = play(["/pay", "/send sticker", "nine", "/help"], broken=True)
    assert f"{SORRY} (ZeroDivisionError: nobody foresaw this). The chat goes on." in said
    assert "how the last events were decided" in said
    assert said.endswith("Goodbye.\n")


def test_a_message_that_cannot_be_drawn_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.demo.received.message", _breaks)
    said = in_the_demo(["hi", "/state"])
    assert said.count(SORRY) == 2
    assert "state: browsing" in said


def test_a_wait_has_an_end() -> None:
    assert parse_command("/wait 366d") == Wait(LONGEST_WAIT)
    for long in ("/wait 367d", "/wait 999999 days"):
        assert parse_command(long) == Wrong("/wait takes 366 days at most")
