"""The actions on the customer's own data. Pure."""

from dataclasses import replace
from typing import Final

from flows.engine.vocabulary import Action, Result, Scene
from payments.ledger.unfinished import Unfinished
from payments.processing.cart_actions import NoArguments, refused, state_of
from payments.shop.orders import Order


def _forget(scene: Scene, args: NoArguments) -> Result:
    """Ask for the customer to be forgotten. The orders that this step does not know are looked at then."""
    state = state_of(scene)
    if found := state.unfinished:
        return refused(scene, "customer.refused", **refusal(*found))
    return Result(replace(state, to_forget=True))


def refusal(order: Order | None, reason: Unfinished) -> dict[str, str]:
    """Return the fields of `customer.refused`."""
    return {"reason": str(reason), "number": order.number if order else ""}


CUSTOMER: Final = {"customer.forget": Action(NoArguments, _forget, ("customer.refused",))}
