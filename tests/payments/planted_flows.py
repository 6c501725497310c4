"""Bugs planted into the shipped flow, each as the line that is changed and what it becomes."""

from pathlib import Path
from typing import Final, NamedTuple

from payments.truths.broken import Name

SHIPPED: Final = (Path(__file__).parents[2] / "flows.yaml").read_text("utf-8")


class Planted(NamedTuple):
    """One bug: `old` becomes `new`, and `breaks` is the truth that no longer holds."""

    old: str
    new: str
    breaks: Name
    part: str = "a first look"
    """The slice in which it shows."""

    def text(self, text: str = SHIPPED) -> str:
        """Return the flow with the bug."""
        assert text.count(self.old) == 1, f"{text.count(self.old)} × {self.old}"
        return text.replace(self.old, self.new)


_FAILED: Final = "        - {say: payment_failed, to: failed}\n"
_HELD: Final = "  payment.held: {say: payment_held, tell: money_waits}\n"
_SHORT: Final = "  payment.short: {say: part_received}\n"
_CASH: Final = "नकद], do: [order.place, payment.cash, cart.settle], tell: new_order, to: ordered}"
_STALE: Final = "      stale: {say: [stale_button, products]}\n"
_REFUSED: Final = "  order.refused:\n"
_FAILED_STATE: Final = "  failed:\n    on:\n"
_MAKING: Final = """state == 'awaiting_payment', say: link_slow}
    - {if: order.status == 'unpaid' and"""
_PAID: Final = """    - {if: order.status == 'paid', say: order_is_paid}
    - {if: order.number, say: how_it_stands}
    - {if: cart.lines, to: cart}
    - {to: browsing}
  retry:"""

BUGS: Final = {
    "confirmed though the payment failed": Planted(
        _FAILED, "        - {to: paid}\n", Name.CONFIRMED_UNPAID, "a payment fails"
    ),
    "confirmed on a part": Planted(
        _SHORT, "  payment.short: {to: paid}\n", Name.CONFIRMED_UNPAID, "paid in part"
    ),
    "captured after the end, and forgotten": Planted(
        _FAILED_STATE,
        _FAILED_STATE + "      payment.captured: {ignore: it is over}\n",
        Name.MONEY_UNSAID,
        "a payment fails",
    ),
    "timers without end": Planted(
        "  failed:\n    on:\n",
        "  failed:\n    after: {1 min: {if: language, say: not_paid_yet, to: failed}}\n    on:\n",
        Name.LOOP,
    ),
    "refusals without end": Planted(
        _REFUSED,
        _REFUSED + """    - {if: "event.reason in ['no cash', 'nothing to pay']", do: payment.cash}\n""",
        Name.PARKED,
    ),
    "the link is missing in its message": Planted(
        "order.status in ['unpaid', 'short']\", say: payment_url}",
        "order.status in ['unpaid', 'short']\", say: complete_payment}",
        Name.NO_LINK,
        "paid",
    ),
    "cash is confirmed as if it was paid": Planted(
        _CASH, "नकद], do: order.place, to: paid}", Name.CONFIRMED_UNPAID
    ),
    "asked again with the link there": Planted(
        "        - {say: complete_payment, to: awaiting_payment}\n      payment_link.refused",
        "        - {do: payment.request, to: awaiting_payment}\n      payment_link.refused",
        Name.PARKED,
        "paid",
    ),
    "an answer is missing": Planted(
        _MAKING,
        _MAKING.replace("say: link_slow", "do: payment.request", 1),
        Name.UNANSWERED,
        "paid, answers late",
    ),
    "held money is not spoken of": Planted(
        _HELD, "  payment.held: {ignore: a person sees to it}\n", Name.MONEY_UNSAID, "paid in other money"
    ),
    "five messages to one input": Planted(
        _STALE, "      stale: {say: [stale_button, help, privacy, cancelled, products]}\n", Name.TOO_MANY
    ),
    "confirmed twice": Planted(
        _PAID, _PAID.replace("order_is_paid", "payment_successful"), Name.CONFIRMED_TWICE, "paid"
    ),
    "it may come after days, and has no template": Planted(
        '    template: {name: refund_done, values: ["{{ order.number }}", "{{ event.amount | money }}"]}\n',
        "",
        Name.NO_TEMPLATE,
        "paid too much",
    ),
}
