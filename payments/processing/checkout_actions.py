"""The actions on the checkout: what the customer says about the next order, and the price they are shown."""

from dataclasses import replace
from typing import Annotated, Final

from pydantic import BeforeValidator

from flows.engine.vocabulary import Action, Result, Scene
from payments.processing.cart_actions import NoArguments, refused_with, state_of
from payments.processing.checkout_changes import fields_of, in_its_place, joined, say, with_unfinished
from payments.processing.quoting import Quote
from payments.shop.checkout import CheckoutFault

Words = Annotated[str, BeforeValidator(lambda value: str(value)[:2000])]


class _Said(NoArguments):
    address: Words | None = None
    """A line with a PIN code to which the shop delivers.

    Where the shop delivers, it means delivery. A PIN code alone is joined to the address before it, also to
    one that was refused for its PIN code.
    """
    slot: Words | None = None
    """The id of a slot; empty takes it back."""
    coupon: Words | None = None
    """A code as it was typed; empty takes it back."""
    note: Words | None = None
    """A word for the shop, up to 500 characters."""
    pickup: bool | None = None
    """Whether the customer fetches the goods; `false`: not, after all."""
    name: Words | None = None
    """Who takes the goods at that address, up to 100 characters; another address without it forgets it."""
    phone: Words | None = None
    """Their phone number; another address without it forgets it."""


def _set(scene: Scene, args: _Said) -> Result:
    """Take what the customer says, or raise `checkout.refused` and remember at most an unfinished address."""
    state, said = in_its_place(state_of(scene)), args.model_dump(exclude_none=True)
    if args.address is not None:
        said["address"] = joined(state.checkout, args.address)
    found = say(state, said, scene.language)
    if isinstance(found, CheckoutFault):
        kept = with_unfinished(state, said.get("address", ""), found)
        return refused_with(kept, "checkout.refused", **fields_of(found))
    return Result(found)


def _quote(scene: Scene, args: NoArguments) -> Result:
    """Remember the price that the customer is shown now: another one is not ordered."""
    state = in_its_place(state_of(scene))
    shown = Quote(state, scene.language).fingerprint
    return Result(state.saying(replace(state.checkout, quoted=shown)))


CHECKOUT: Final = {
    "checkout.set": Action(_Said, _set, ("checkout.refused",)),
    "cart.quote": Action(NoArguments, _quote),
}
"""The actions by the words that stand under `do:`."""
