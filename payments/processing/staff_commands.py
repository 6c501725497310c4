"""What the staff type in their own chats: a text that begins with `#`. Pure.

    #orders   #day   #day yesterday   #products   #product kaju off   #10034   #10034 out
    #10034 delivered cash   #10034 less kaju-250 1 sold out

A command about an order is done in its customer's conversation, as a tap on a button is.
"""

from typing import Any, Final

from flows.engine.events import Event, TextReceived
from payments.processing import staff_products
from payments.processing.bodies import StaffAction
from payments.processing.changes import Command
from payments.processing.named_orders import DAY, ORDERS, PRODUCTS, SWITCH, order_number, period_to
from payments.processing.order_answers import CASH_TAKEN, TITLES
from payments.processing.order_changes import Settlement
from payments.processing.staff_help import help_for
from payments.processing.turn import Trace, Turn
from payments.processing.verbs import DONE, ORDER_VERBS, SHOW, may_do, meant, normal, right_for
from payments.shop.business_day import day_named, period_of
from payments.shop.fulfilment import Stage
from payments.shop.orders import conversation_of
from payments.shop.staff import Right, Staff

MARK: Final = "#"
"""A text of the staff that begins with it is for Munshi, not for a customer."""


def command_in(event: Event) -> str | None:
    """Return the words of the command in `event`, without the mark; None if it is none."""
    text = event.text.strip() if isinstance(event, TextReceived) else ""
    return text.removeprefix(MARK).strip() if text.startswith(MARK) else None


def command(turn: Turn, member: Staff, words: str) -> tuple[Trace, bool]:
    """Do what a member of the staff types. Whatever cannot be done is answered."""
    first, rest = _first(words)
    shop = turn.shop.at.shop
    entry: dict[str, Any] = {"event": "staff command", "by": member.name}
    number = order_number(MARK + words)
    if number is not None and not first.rstrip(".,:;!").isdecimal():
        said = f"Not done: write a space between #{number} and what is to be done."
        return _answer(turn, member, said, {**entry, "refused": "the number does not stand alone"})
    if number is not None:
        return _about_order(turn, member, number, rest, entry)
    match first.lower():
        case "orders":
            return _list(turn, member, ORDERS, "", entry)
        case "day":
            return _day(turn, member, rest, entry)
        case "products" | "product" as word if asked := staff_products.asked(rest, either=word == "product"):
            return _switch(turn, member, *asked, entry)
        case "products" | "product":
            return _list(turn, member, PRODUCTS, rest, entry)
        case "done" if Right.CHAT not in member.may:
            return without_right(turn, member, DONE, entry)
        case "done":
            said = "Not done: reply with #done to a message of the customer whose chat it is."
            return _answer(turn, member, said, {**entry, "refused": "it is in reply to nothing"})
        case "help" | "":
            return _answer(turn, member, help_for(member.may, shop), {**entry, "did": ["help"]})
        case _:
            said = f"There is no {MARK}{first[:40]}. There is:\n{help_for(member.may, shop)}"
            return _answer(turn, member, said, {**entry, "refused": "no such command"})


def _first(words: str) -> tuple[str, str]:
    """Return the first word, and what stands behind it and the white space."""
    first, *rest = words.split(maxsplit=1) or ("",)
    return first, rest[0].strip() if rest else ""


def _day(turn: Turn, member: Staff, words: str, entry: dict[str, Any]) -> tuple[Trace, bool]:
    zone = turn.shop.at.shop.timezone
    try:
        period = period_of(zone, day_named(zone, words, turn.now))
    except ValueError as error:
        return _answer(turn, member, f"Not done: {error}.", {**entry, "refused": str(error)})
    return _list(turn, member, DAY, period_to(period), entry)


def _switch(turn: Turn, member: Staff, name: str, to: str, entry: dict[str, Any]) -> tuple[Trace, bool]:
    if not may_do(SWITCH, member.may):
        return without_right(turn, member, SWITCH, entry)
    try:
        sku = staff_products.sku_of(turn, name, to)
    except ValueError as error:
        return _answer(turn, member, f"Not done: {error}", {**entry, "refused": str(error)})
    return _done(turn, turn.conversation.id, action_of(turn, member, SWITCH, f"{sku} {to}"), entry)


def _list(turn: Turn, member: Staff, verb: str, value: str, entry: dict[str, Any]) -> tuple[Trace, bool]:
    """Ask for a list in the member's own conversation: the step that answers is given it."""
    if not may_do(verb, member.may):
        return without_right(turn, member, verb, entry)
    return _done(turn, turn.conversation.id, action_of(turn, member, verb, value), entry)


def _about_order(
    turn: Turn, member: Staff, number: str, words: str, entry: dict[str, Any]
) -> tuple[Trace, bool]:
    first, verb, value = verb_in(words)
    entry = {**entry, "order": number, "verb": verb}
    key = turn.given.numbered.get(number)
    conversation = conversation_of(key) if key else None
    if key is None or conversation is None:
        return _answer(turn, member, f"There is no order #{number}.", {**entry, "refused": "no such order"})
    if verb not in ORDER_VERBS:
        said = (
            f"There is no '{first[:40]}' for an order: nothing was done.{_meant(first)}"
            " #help shows what there is."
        )
        return _answer(turn, member, said, {**entry, "refused": "no such verb"})
    if not may_do(verb, member.may):
        return without_right(turn, member, verb, entry)
    return _done(turn, conversation, action_of(turn, member, verb, value, key), entry)


def verb_in(words: str) -> tuple[str, str, str]:
    """Return the first word behind an order's number, and the verb and the words that are meant."""
    first, rest = _first(_by_title(words))
    return (first, *normal(first.lower(), rest)) if words else ("", SHOW, "")


def _meant(first: str) -> str:
    hint = meant(first, SHOW)
    return f" {hint[0].upper()}{hint[1:]}" if hint else ""


def _by_title(words: str) -> str:
    """Return `words` with the verb for the title of a button that they begin with: `out for delivery`."""
    for title, verb in _TITLED.items():
        if words.lower() == title or words.lower().startswith(f"{title} "):
            return f"{verb}{words[len(title) :]}"
    return words


_TITLED: Final = {
    **{title.lower(): str(stage) for stage, title in TITLES.items()},
    CASH_TAKEN.lower(): f"{Stage.DELIVERED} {Settlement.CASH}",
}
"""What stands for the titles of buttons."""


def action_of(turn: Turn, member: Staff, verb: str, value: str, order_key: str = "") -> StaffAction:
    """Return what `member` wants done, to be answered in their own chat."""
    money, own = Right.MONEY in member.may, turn.conversation.id
    return StaffAction(order_key, member.name, verb, value, money=money, answer_to=own)


def without_right(turn: Turn, member: Staff, verb: str, entry: dict[str, Any]) -> tuple[Trace, bool]:
    """Answer a member who may not do `verb`."""
    right = right_for(verb)
    said = f"Not done: that needs the right '{right}', which {member.name} does not have."
    return _answer(turn, member, said, {**entry, "refused": f"they may not do {right}"})


def _answer(turn: Turn, member: Staff, text: str, entry: dict[str, Any]) -> tuple[Trace, bool]:
    turn.answer(action_of(turn, member, "", ""), text)
    return (entry,), True


def _done(turn: Turn, conversation: str, action: StaffAction, entry: dict[str, Any]) -> tuple[Trace, bool]:
    turn.commands.append(Command(conversation, action))
    return ({**entry, "about": conversation, "did": [action.verb]},), True
