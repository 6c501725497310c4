"""The actions of a flow on the cart. Pure: each takes a `ShopState` and returns the next one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from flows.engine.events import Happened
from flows.engine.vocabulary import Action, Result, Scene
from payments.processing.checkout_changes import REQUESTED, fields_of, say
from payments.processing.shop_state import ShopState
from payments.shop import cart
from payments.shop.cart import Item
from payments.shop.checkout import CheckoutFault
from payments.shop.orders import Line
from payments.shop.products import Article

CHOOSE_VARIANT: Final = "choose variant"
"""Reason why a product with variants is not ordered by its own sku."""


class NoArguments(BaseModel):
    """Shape of an action without arguments, and the base of the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Product(NoArguments):
    sku: Annotated[str, Field(max_length=256)]
    """The product or variant."""


class _Quantity(_Product):
    quantity: Annotated[int, Field(ge=-(10**9), le=10**9)] = 1
    """How many pieces."""


def state_of(scene: Scene) -> ShopState:
    """Return the state of the customer and the shop in `scene`."""
    state = scene.host
    assert isinstance(state, ShopState)
    return state


def refused(scene: Scene, event: str, **fields: Any) -> Result:
    """Return a result that changes nothing and raises `event` instead of the rest of the rule.

    What a program asked for is given up as a whole.
    """
    return refused_with(state_of(scene), event, **fields)


def refused_with(changed: ShopState, event: str, **fields: Any) -> Result:
    """Return a result that raises `event` instead of the rest of the rule and keeps what was changed.

    If a program asked for it, nothing is changed.
    """
    return Result(changed.refusing(), instead=Happened(event, fields))


def _put(scene: Scene, sku: str, quantity: int) -> Result:
    """Set the cart to exactly `quantity` of `sku`, within what one order may hold."""
    state = state_of(scene)
    article = state.at.shop.only_article(sku)
    if article is None:
        return refused(scene, "cart.refused", reason=_why_not(state, [sku]), limit=0)
    limit = limit_for_new(state, article)
    changed = state.with_cart(cart.with_quantity(state.cart, article.sku, min(quantity, limit)))
    if quantity > limit:
        reason = "limit" if limit else "sold out"
        return refused_with(changed, "cart.refused", reason=reason, limit=limit)
    return Result(changed, instead=_cart_emptied(state, changed))


def _cart_emptied(before: ShopState, after: ShopState) -> Happened | None:
    return Happened("cart.emptied") if before.cart and not after.cart else None


def _add(scene: Scene, args: _Quantity) -> Result:
    """Add pieces to the cart. A product that has one variant alone is added as that."""
    state = state_of(scene)
    article = state.at.shop.only_article(args.sku)
    held = cart.quantity_of(state.cart, article.sku if article else args.sku)
    return _put(scene, args.sku, held + max(args.quantity, 1))


def _set(scene: Scene, args: _Quantity) -> Result:
    """Set how many pieces the cart holds; 0 takes the product out."""
    return _put(scene, args.sku, args.quantity)


def _remove(scene: Scene, args: _Product) -> Result:
    """Take a product out of the cart."""
    state = state_of(scene)
    article = state.at.shop.only_article(args.sku)
    changed = state.with_cart(cart.with_quantity(state.cart, article.sku if article else args.sku, 0))
    return Result(changed, instead=_cart_emptied(state, changed))


def _empty(scene: Scene, args: NoArguments) -> Result:
    """Take everything out of the cart."""
    return Result(state_of(scene).with_cart(()))


def _fill(scene: Scene, args: NoArguments) -> Result:
    """Fill the cart with the event's `items`, and take what it says about delivery and coupon.

    Without items the cart stays.
    If the shop lacks one of the products, the order is refused and the cart stays: a part of what was asked
    for would be a wrong order. If less is left than was asked for, the cart holds what is left and the order
    is refused: the customer has not seen that cart. A program that asks for an order gets all of it, or
    changes nothing.
    """
    items = cart.items_from_json(scene.event.get("items") or ())
    if not items:
        # A catalogue cart without items could not be read as a whole, so its products are unknown.
        catalogue_order = scene.event.get("kind") == "order"
        if catalogue_order:
            return refused(scene, "order.refused", reason="unknown")
        return _with_checkout(scene, state_of(scene), whole=False)
    state = state_of(scene)
    wanted: dict[str, int] = {}
    for item in items:
        article = state.at.shop.only_article(item.sku)
        sku = article.sku if article else item.sku
        wanted[sku] = wanted.get(sku, 0) + item.quantity
    articles = state.at.shop.articles
    if lacking := [sku for sku in wanted if sku not in articles]:
        return refused(scene, "order.refused", reason=_why_not(state, lacking))
    limits = {sku: limit_for_new(state, one) for sku, one in articles.items() if sku in wanted}
    filled = (Item(sku, min(wanted[sku], limit)) for sku, limit in limits.items())
    changed = state.with_cart(tuple(item for item in filled if item.quantity > 0))
    if any(wanted[sku] > limit for sku, limit in limits.items()):
        return refused_with(changed, "order.refused", reason="sold out")
    return _with_checkout(scene, changed)


def _with_checkout(scene: Scene, state: ShopState, *, whole: bool = True) -> Result:
    """Take what the event says about the next order, such as its address, or change nothing.

    `whole`: the event says what the cart holds, so it does not rely on the price that the chat showed last.
    """
    said = {name: scene.event[name] for name in REQUESTED if scene.event.get(name) is not None}
    found = say(state, said, scene.language) if said else state
    if isinstance(found, CheckoutFault):
        return refused(scene, "checkout.refused", **fields_of(found))
    if found.checkout.quoted and (whole or said):
        found = found.saying(replace(found.checkout, agreed=scene.number))
    return Result(found)


def _settle(scene: Scene, args: NoArguments) -> Result:
    """Remove what the current order bought from the cart."""
    state = state_of(scene)
    bought = {line.sku: line.quantity for line in state.order.order.lines} if state.order else {}
    return Result(state.with_cart(cart.without(state.cart, bought)))


def _repeat(scene: Scene, args: NoArguments) -> Result:
    """Put into the cart what the current order holds, as far as the shop has it now, at today's prices.

    What the cart holds stays, and what is in both is not added up: who repeats twice wants it once. If some
    of it is missing, the rule goes on, and `cart.incomplete` follows. If all of it is, or there is no order,
    it is refused and the cart stays.
    """
    state = state_of(scene)
    if state.order is None:
        return refused(scene, "cart.refused", reason="no order", limit=0)
    possible = {line: min(line.quantity, _limit_of(state, line.sku)) for line in state.order.order.lines}
    gone = [_name(scene, line) for line, quantity in possible.items() if not quantity]
    less = [_name(scene, line) for line, quantity in possible.items() if 0 < quantity < line.quantity]
    if not any(possible.values()):
        return refused(scene, "cart.refused", reason="sold out", limit=0, gone=gone)
    held = state.cart
    for line in possible:
        wanted = max(line.quantity, cart.quantity_of(held, line.sku))
        held = cart.with_quantity(held, line.sku, min(wanted, _limit_of(state, line.sku)))
    missing = Happened("cart.incomplete", {"gone": gone, "less": less})
    return Result(state.with_cart(held), raised=(missing,) if gone or less else ())


def _name(scene: Scene, line: Line) -> str:
    """Return what a line of an earlier order is called now, or was then if the shop no longer sells it."""
    article = state_of(scene).at.shop.article(line.sku)
    return article.name_in(scene.language, scene.language) if article else line.name


def _why_not(state: ShopState, lacking: Iterable[str]) -> str:
    """Return the reason why none of the skus in `lacking` can be ordered."""
    chosen_by_variant = all(state.at.shop.product(sku) for sku in lacking)
    return CHOOSE_VARIANT if chosen_by_variant else "unknown"


def _limit_of(state: ShopState, sku: str) -> int:
    article = state.at.shop.article(sku)
    return limit_for_new(state, article) if article else 0


def limit_for_new(state: ShopState, article: Article) -> int:
    """Return how many pieces of `article` a new order may hold now."""
    return state.at.shop.limit(article, left_for_new(state), state.at.off)


def left_for_new(state: ShopState) -> Mapping[str, int]:
    """Return the pieces that a new order may take.

    They include what the customer's current order reserves, because a new order would end it.
    """
    order = state.order
    if order is None or not order.open_to_pay:
        return state.left
    reserved = {line.sku: line.quantity for line in order.order.lines}
    return {sku: pieces + reserved.get(sku, 0) for sku, pieces in state.left.items()}


CART: Final = {
    "cart.add": Action(_Quantity, _add, ("cart.refused",)),
    "cart.set": Action(_Quantity, _set, ("cart.refused", "cart.emptied")),
    "cart.remove": Action(_Product, _remove, ("cart.emptied",)),
    "cart.empty": Action(NoArguments, _empty),
    "cart.fill": Action(NoArguments, _fill, ("order.refused", "checkout.refused")),
    "cart.settle": Action(NoArguments, _settle),
    "cart.repeat": Action(NoArguments, _repeat, ("cart.refused",), follows=("cart.incomplete",)),
}
"""The actions by the words that stand under `do:`."""
