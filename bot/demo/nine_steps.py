"""The nine steps of the shipped shop, played automatically: the customer's moves and the expected answers."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.demo.handset import Handset
from bot.demo.stage import Stage, described
from payments.shop.money import money
from payments.shop.orders import Lifecycle
from sandbox.people import ReceivedMessage

_LOOKS, _LOOK_SECONDS = 100, 0.1
"""How often, and how long apart, Shopify is looked at."""


class StepDiffers(Exception):
    """The bot's answer differs from the expected one. The message shows both."""


@dataclass(frozen=True, slots=True)
class Move:
    """One act of the customer, and the expected answer."""

    step: str
    """The step, of the nine, that it belongs to."""
    does: str
    """The customer's side of the transcript."""
    act: Callable[[Handset], Awaitable[object]]
    answer: str
    """Pattern of the whole text of the one message that comes back."""
    choices: tuple[str, ...] = ()
    """Titles of choices that the message must offer."""


def _writes(step: str, text: str, answer: str, *choices: str) -> Move:
    return Move(step, text, lambda phone: phone.write(text), answer, choices)


def _taps(step: str, title: str, answer: str, *choices: str) -> Move:
    return Move(step, f"[{title}]", lambda phone: phone.tap(title), answer, choices)


_CART = r"🛒 Your cart\n(.+\n)+Total: {}"

MOVES: Final[tuple[Move, ...]] = (
    _writes("1", "hi", r"Namaste Asha! .+", "Masala chai 250 g", "Ginger chai 250 g"),
    _taps("1", "Masala chai 250 g", _CART.format("₹180"), "Proceed to Checkout", "Add more", "Change cart"),
    _taps("1", "Masala chai 250 g", _CART.format("₹360"), "Proceed to Checkout"),
    _taps("1", "Ginger chai 250 g", _CART.format("₹500"), "Proceed to Checkout"),
    _taps("2", "Proceed to Checkout", r"🧾 Your order\n(.+\n)+Total: ₹500\n\n.+", "Confirm order"),
    _taps("2, 3", "Confirm order", r"💳 Complete Payment\nOrder #\d+\nTotal: ₹500", "Pay Now", "Help"),
    _taps(
        "4", "Pay Now", r"Click here to complete payment: http\S+\nSecure payment powered by Razorpay"
    ),
    Move(
        "5–9", "(pays on Razorpay's page)", Handset.pay,
        r"✅ Payment Successful!\nYour order has been confirmed and payment received\.\n\nOrder ID: #\d+\n"
        r"Total Paid: ₹500\nItems: 3 items\n\nWe'll process your order and send you updates\. "
        r"Thank you for your purchase! 🎉",
    ),
)  # fmt: skip
"""All moves, from "hi" to the confirmation."""

PATIENCE: Final = 20.0
"""Seconds to wait for an answer before the step has failed."""


async def play(move: Move, phone: Handset) -> ReceivedMessage:
    """Do `move` and return the one message that comes back. Raises StepDiffers if it is not as expected."""
    await move.act(phone)
    answers = await phone.answers(PATIENCE)
    if len(answers) != 1:
        texts = "\n".join(message.text for message in answers) or "nothing"
        raise StepDiffers(f"step {move.step}: one message was due after {move.does}, came:\n{texts}")
    [message] = answers
    if not re.fullmatch(move.answer, message.text):
        raise StepDiffers(f"step {move.step}: due was\n{move.answer}\nbut came\n{message.text}")
    missing = set(move.choices) - {choice.title for choice in message.choices}
    if missing:
        raise StepDiffers(f"step {move.step}: the message doesn't offer {', '.join(sorted(missing))}")
    return message


async def check_shopify(stage: Stage) -> str:
    """Wait until the paid order is at Shopify, once. Return how it stands there; raises StepDiffers."""
    orders = stage.world.shopify.orders
    for _ in range(_LOOKS):
        if orders:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    if [order.paid for order in orders] != [True]:
        raise StepDiffers(f"the order is not at Shopify once, paid: {[*map(described, orders)]}")
    return described(orders[0])


async def check_books(stage: Stage) -> str:
    """Check steps 7 and 8: the order is recorded as paid, once. Return a summary; raises StepDiffers."""
    story = await stage.customer.lifecycle()
    [order] = story.orders if story else [None]
    if order is None or order["lifecycle"] != Lifecycle.FULFILLED or order["paid_at"] is None:
        raise StepDiffers("step 8: the order is not recorded as paid")
    paid_at = datetime.fromtimestamp(order["paid_at"] / 1000, UTC)
    return f"#{order['number']} {order['payment']} {money(order['total'])}, {paid_at:%Y-%m-%d %H:%M:%S} UTC"
