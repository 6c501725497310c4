"""The actions on the customer: what they hear, who talks to them, what is kept of them. Pure."""

from typing import Final

from flows.engine.vocabulary import Action, Result, Scene
from payments.ledger.unfinished import Unfinished
from payments.processing.cart_actions import NoArguments, refused, state_of
from payments.processing.forgetting import unfinished_of
from payments.processing.handover_changes import handed_over
from payments.processing.shop_state import ShopState
from payments.shop.consent import Hears
from payments.shop.handover import Ending
from payments.shop.orders import Order
from payments.shop.staff import Right, who_may


def _forget(scene: Scene, args: NoArguments) -> Result:
    """Ask for the customer to be forgotten: their name, numbers, chat and cart. Orders and money stay.

    It is done a minute later, so that the rule's `say` still reaches them. Refused while an order is under
    way, at once or after that minute: the orders that this step does not know are looked at then.
    """
    state = state_of(scene)
    if found := unfinished_of(state):
        return refused(scene, "customer.refused", **refusal(*found))
    return Result(state._replace(to_forget=True))


def refusal(order: Order | None, reason: Unfinished) -> dict[str, str]:
    """Return the fields of `customer.refused`."""
    return {"reason": str(reason), "number": order.number if order else ""}


def keeps_offers(state: ShopState) -> str | None:
    """Return why the customer gets no offers now; None if they do."""
    if state.hears is not Hears.OFFERS:
        return "the customer did not ask for offers"
    return None if state.handover is None else "a person has the chat, and an offer would disturb it"


class _Hears(NoArguments):
    hears: Hears
    """`nothing`, `orders` or `offers`."""


def _hear(scene: Scene, args: _Hears) -> Result:
    """Keep what the customer wants to hear from now on.

    `nothing` (answers, money, and news of an order; no reminders), `orders` (reminders too; so it is at
    first), `offers` (offers too: only after an explicit yes).
    """
    return Result(state_of(scene)._replace(hears=args.hears))


def _hand_over(scene: Scene, args: NoArguments) -> Result:
    """Leave the chat to those of the staff who may talk to customers. If none reads it, the bot keeps it."""
    state = state_of(scene)
    talkers = set(who_may(Right.CHAT, state.at.staff)) - {scene.conversation}
    if not (talkers if scene.tells_by_template else talkers - state.at.silent):
        return refused(scene, "handover.ended", because=str(Ending.NOBODY))
    return Result(handed_over(state))


CUSTOMER: Final = {
    "customer.forget": Action(NoArguments, _forget, ("customer.refused",)),
    "customer.hears": Action(_Hears, _hear),
    "handover": Action(NoArguments, _hand_over, ("handover.ended",)),
}
