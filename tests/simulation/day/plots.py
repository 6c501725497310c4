"""Plots of a day: each provokes what a random day reaches rarely. None may break what must hold.

A plot is a generator, as in `tests.simulation.scripts`. Orders come over the API, so that a plot says only
what it is about.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from payments.shop.cart import Item
from tests.simulation.day.news import OFFER
from tests.simulation.day.setting import MEENA, RAMESH
from tests.simulation.day.world import DayWorld
from tests.simulation.payloads import tap, text
from tests.simulation.shopper import Shopper, Story
from tests.simulation.weather import MINUTE

NEAR: Final = "Flat 4, Lake Road, Pune 411005"
NOON: Final = "2026-09-22.noon"
CUPS, TEA = "kulhad-6", "masala-250"


class Member(Shopper):
    """One of the staff."""

    def __init__(self, world: DayWorld, phone: str) -> None:
        super().__init__(world, 0)
        self.phone = phone

    def types(self, words: str) -> Story:
        """Type a command, and wait for its answer."""
        self.says(words)
        yield lambda: bool(self._new_messages)


def opened(world: DayWorld) -> tuple[Member, Member]:
    """Both of the staff write, so that messages reach them."""
    staff = (Member(world, MEENA), Member(world, RAMESH))
    for member in staff:
        member.says("hi")
    return staff


def orders(world: DayWorld, who: Shopper, sku: str, quantity: int = 1, **said: str) -> Story:
    """Order over the API, after a word to the shop, and wait for the answer."""
    who.says("hi")
    yield from who.hears("Welcome")
    terms = {"address": NEAR, "slot": NOON, **said}
    world.order(who.phone, (Item(sku, quantity),), terms)
    yield lambda: len(who._new_messages) > 1


def _cash_to_the_door(world: DayWorld) -> Story:
    """Two phones press the same, type what is over, take the cash twice, and give some back."""
    meena, ramesh = opened(world)
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    yield from orders(world, asha, CUPS, 2, pays="cash", coupon="FIRST10")
    yield lambda: meena.heard("Order #") and ramesh.heard("Order #")
    placed = meena.tap("Accept")
    cannot = meena.tap("Cannot do it")
    meena.sends(placed)
    ramesh.sends(placed)
    yield MINUTE
    ravi.sends(cannot)
    yield MINUTE
    for member, words in (
        (ramesh, "#10001 allowance 30 late"),
        (meena, "#10001 allowance 30 late"),
        (meena, "#10001 less kulhad-6 1 sold out"),
        (ramesh, "#10001 out"),
    ):
        yield from member.types(words)
    meena.sends(placed)
    yield MINUTE
    for member, words in (
        (meena, "#10001 preparing"),
        (ramesh, "#10001 delivered"),
        (ramesh, "#10001 delivered cash"),
        (meena, "#10001 delivered cash"),
        (meena, "#10001 allowance 20 cold"),
        (meena, "#10001 refunded"),
        (ramesh, "#10001 refunded"),
        (meena, "#10001 return kulhad-6 1 broken"),
    ):
        yield from member.types(words)


def _paid_and_amended(world: DayWorld) -> Story:
    """What amendments make too much goes back over Razorpay, once; a press on an old stage is late."""
    meena, ramesh = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA, 3, coupon="TEA20")
    asha.pays()
    yield lambda: meena.heard("Order #")
    accept = meena.tap("Accept")
    yield from meena.types("#10001 less masala-250 1 sold out")
    meena.sends(accept, accept)
    yield MINUTE
    yield from ramesh.types("#10001 out")
    yield from meena.types("#10001 allowance 12.50 late")
    meena.sends(accept)
    yield MINUTE
    yield from meena.types("#10001 delivered")


def _owed(world: DayWorld) -> Story:
    """One phone presses what the other has overtaken; the goods are handed over before they are paid."""
    meena, ramesh = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA, pays="cash")
    yield lambda: ramesh.heard("Order #")
    cannot = ramesh.tap("Cannot do it")
    yield from meena.types("#10001 accepted")
    ramesh.sends(cannot)
    yield MINUTE
    yield from ramesh.types("#10001 out")
    yield from ramesh.types("#10001 delivered owed")
    yield from meena.types("#10001 cash 50")


def _refused_at_the_door(world: DayWorld) -> Story:
    """Who does not take the goods is not believed again, and the goods and the slot are free."""
    meena, ramesh = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, CUPS, pays="cash", slot="2026-09-21.late")
    yield from ramesh.types("#10001 out")
    yield from meena.types("#10001 refuse")
    yield from orders(world, asha, CUPS, pays="cash")


def _called_off(world: DayWorld) -> Story:
    """What was paid goes back. Once the goods are out it is too late."""
    _, ramesh = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, CUPS)
    asha.pays()
    yield from asha.hears("Payment Successful")
    asha.says("cancel order")
    yield from asha.hears("as you wished")
    yield from orders(world, asha, CUPS)
    asha.pays()
    yield from asha.hears("Payment Successful")
    yield from ramesh.types("#10002 out")
    yield MINUTE
    asha.says("cancel order")
    yield MINUTE


def _the_last_places(world: DayWorld) -> Story:
    """Four want the three places, four the three uses; the first comes twice with a coupon of hers."""
    opened(world)
    people = [Shopper(world, number) for number in range(1, 6)]
    for person in people[:4]:
        yield from orders(world, person, CUPS, slot="2026-09-21.night")
    for person in people[1:]:
        yield from orders(world, person, TEA, 2, pays="cash", coupon="LAST3")
    for _ in range(2):
        yield from orders(world, people[0], TEA, 2, pays="cash", coupon="FIRST10")


def _the_slot_is_over(world: DayWorld) -> Story:
    """The money comes after the slot's end: it goes back."""
    opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA, slot="2026-09-21.night")
    payment = asha.begins_payment()
    asha.says("cancel")
    yield lambda: asha.link.status == "cancelled"
    yield 30 * MINUTE
    world.razorpay.finish(payment)
    yield from asha.hears("does not go ahead")


def _a_person(world: DayWorld) -> Story:
    """A person answers, and then nobody: the bot has the chat again. A stop ends reminders."""
    meena, _ = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA)
    asha.says("stop")
    yield from asha.hears("any more")
    asha.says("person")
    yield from asha.hears("One of us")
    asha.says("where are you?")
    yield lambda: meena.heard("where are you?")
    meena.sends({**text("On our way"), "context": {"from": "911", "id": meena._inbox[-1].wamid}})
    yield from asha.hears("On our way")
    yield 40 * MINUTE


def _stopped(world: DayWorld) -> Story:
    opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA)
    asha.says("stop")
    yield 15 * MINUTE


def _paid_aside(world: DayWorld) -> Story:
    """The earlier order is paid while the chat is about a later one: the staff hear of it all the same."""
    meena, _ = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA)
    payment = asha.begins_payment()
    world.order(asha.phone, (Item(CUPS, 1),), {"pays": "cash", "address": NEAR, "slot": NOON})
    yield lambda: meena.heard("Order #10002")
    world.razorpay.finish(payment)
    yield lambda: meena.heard("Order #10001")


def _pressed_by_strangers(world: DayWorld) -> Story:
    """A customer presses each button that the staff got."""
    meena, _ = opened(world)
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    yield from orders(world, asha, TEA, pays="cash")
    yield lambda: meena.heard("Order #")
    ravi.sends(*(tap(reply) for message in meena._inbox for reply in message.replies))
    yield MINUTE


def _slips(world: DayWorld) -> Story:
    """Cash is recorded twice by mistake, undone, and taken; what nobody took is not given back."""
    meena, ramesh = opened(world)
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    yield from orders(world, asha, TEA, pays="cash")
    for member, words in (
        (ramesh, "#10001 delivered cash"),
        (ramesh, "#10001 undo"),
        (meena, "#10001 undo"),
        (meena, "#10001 undo"),
        (meena, "#10001 cash 500 surplus"),
        (meena, "#10001 undo"),
        (meena, "#10001 undo 2"),
    ):
        yield from member.types(words)
    yield from orders(world, ravi, CUPS)
    ravi.pays()
    yield lambda: meena.heard("Order #10002")
    for member, words in (
        (ramesh, "#10002 delivered"),
        (meena, "#10002 cash 50 surplus"),
        (meena, "#10002 refunded"),
        (meena, "#10002 undo"),
        (meena, "#10002 undo 2"),
    ):
        yield from member.types(words)
    yield MINUTE


def _the_delivery_of_refused_goods(world: DayWorld) -> Story:
    """Paid goods are refused at the door: a person decides who pays for bringing them, once."""
    meena, ramesh = opened(world)
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    for n, who in enumerate((asha, ravi), start=1):
        yield from orders(world, who, TEA)
        who.pays()
        yield partial(meena.heard, f"Order #1000{n}")
        yield from ramesh.types(f"#1000{n} out")
        yield from ramesh.types(f"#1000{n} refuse keep-delivery")
        yield from meena.types(f"#1000{n} refuse keep-delivery")
    for member, words in (
        (ramesh, "#10001 delivery keep"),
        (meena, "#10001 delivery"),
        (meena, "#10001 delivery keep"),
        (meena, "#10001 delivery keep"),
        (meena, "#10002 delivery refund"),
        (meena, "#10002 delivery refund"),
    ):
        yield from member.types(words)
    yield MINUTE


def _an_undecided_delivery(world: DayWorld) -> Story:
    """Nobody decides about the delivery of refused goods: it stays to be done."""
    meena, _ = opened(world)
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA)
    asha.pays()
    yield lambda: meena.heard("Order #10001")
    yield from meena.types("#10001 out")
    yield from meena.types("#10001 refuse keep-delivery")
    yield MINUTE


def _an_offer(world: DayWorld) -> Story:
    """Two asked for offers, one took that back, one never did."""
    opened(world)
    asha, ravi, lata, mala = (Shopper(world, n) for n in (1, 2, 3, 4))
    for who in (asha, ravi, lata, mala):
        who.says("hi")
        yield from who.hears("Welcome")
    for who in (asha, ravi, mala):
        who.says("offers")
        yield from who.hears("our offers")
    ravi.says("stop")
    yield from ravi.hears("any more")
    world.broadcast(OFFER)
    for who in (asha, mala):
        yield from who.hears("something new")
    yield MINUTE


def _forgotten(world: DayWorld) -> Story:
    """Who has all that they paid for is forgotten, though money comes late; who waits for goods is not."""
    meena, ramesh = opened(world)
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    yield from orders(world, asha, TEA)
    late = asha.begins_payment()
    asha.says("cancel")
    yield lambda: asha.link.status == "cancelled"
    for n, who in enumerate((asha, ravi), start=2):
        yield from orders(world, who, TEA, note="ring twice")
        who.pays()
        yield partial(meena.heard, f"Order #1000{n}")
        yield from ramesh.types(f"#1000{n} out")
    yield from ramesh.types("#10002 address 7 Other Lane, Pune 411005")
    yield from ramesh.types("#10002 delivered")
    for who in (asha, ravi):
        who.says("delete my data")
    yield 3 * MINUTE
    world.razorpay.finish(late)
    yield MINUTE
    yield from orders(world, asha, CUPS, pays="cash")
    yield lambda: meena.heard("Order #10004")
    world.forget(ravi.conversation)
    yield MINUTE
    yield from ramesh.types("#10003 delivered")
    world.forget(ravi.conversation)
    yield MINUTE


def _pruned(world: DayWorld) -> Story:
    """What is old is pruned while an order waits for its money. It is paid, delivered and given back."""
    meena, ramesh = opened(world)
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    yield from orders(world, asha, TEA)
    yield from orders(world, ravi, TEA, pays="cash")
    yield 12 * MINUTE
    world.prune(5 * MINUTE)
    yield MINUTE
    asha.pays()
    yield lambda: meena.heard("Order #10001")
    for words in ("#10001 out", "#10002 out", "#10002 delivered cash"):
        yield from ramesh.types(words)
    yield 8 * MINUTE
    world.prune(5 * MINUTE)
    yield MINUTE
    for words in ("#10001 delivered", "#10001 return masala-250 1 broken", "#10002 allowance 20 late"):
        yield from meena.types(words)
    yield 8 * MINUTE
    world.prune(5 * MINUTE)
    yield MINUTE


def _the_books_are_lost(world: DayWorld) -> Story:
    """Goods leave with an invoice that the restored books do not know; the next one has another number."""
    _, ramesh = opened(world)
    for n in (1, 2):
        yield from orders(world, Shopper(world, n), TEA, pays="cash")
    world.plan(world.now(), world.backups.make)
    yield lambda: world.backups.made
    yield from ramesh.types("#10001 out")
    world.plan(world.now(), world.backups.lose)
    yield lambda: world.backups.restored
    for words in ("#10002 out", "#10001 out", "#10002 delivered cash"):
        yield MINUTE
        yield from ramesh.types(words)


def _a_flood(world: DayWorld) -> Story:
    """Who writes without end gets few answers, and the news of their payment in the midst of it."""
    asha = Shopper(world, 1)
    yield from orders(world, asha, TEA)
    asha.sends(*(text(words) for _ in range(25) for words in ("menu", "status")))
    yield MINUTE
    asha.pays()
    asha.sends(*(text(words) for _ in range(25) for words in ("menu", "status")))
    yield 5 * MINUTE


def _too_many_orders(world: DayWorld) -> Story:
    """A program orders for one customer without end: after twelve orders it is refused."""
    asha = Shopper(world, 1)
    asha.says("hi")
    for _ in range(15):
        world.order(asha.phone, (Item(TEA, 1),), {"address": NEAR, "slot": NOON})
        yield 5_000


PLOTS: Final[Mapping[str, Callable[[DayWorld], Story]]] = {
    "cash to the door": _cash_to_the_door,
    "paid and amended": _paid_and_amended,
    "owed": _owed,
    "refused at the door": _refused_at_the_door,
    "called off": _called_off,
    "the last places": _the_last_places,
    "the slot is over": _the_slot_is_over,
    "a person": _a_person,
    "stopped": _stopped,
    "paid aside": _paid_aside,
    "pressed by strangers": _pressed_by_strangers,
    "slips": _slips,
    "the delivery of refused goods": _the_delivery_of_refused_goods,
    "an undecided delivery": _an_undecided_delivery,
    "an offer": _an_offer,
    "forgotten": _forgotten,
    "pruned": _pruned,
    "the books are lost": _the_books_are_lost,
    "a flood": _a_flood,
    "too many orders": _too_many_orders,
}
