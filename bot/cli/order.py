"""`munshi order`: show one order, and change it as the shop's staff do."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import uuid4

import orjson
import typer

from bot.cli import order_invoice
from bot.cli.books import order_books
from bot.cli.copy_display import stands as copy_stands
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.operator_changes import post, refuse_answer, user
from bot.cli.order_display import lines
from bot.order_json import detailed_to_json
from bot.order_words import stands
from bot.printable import printable
from bot.whatsapp.channel import WHATSAPP
from payments.processing.order_answers import STAGE
from payments.processing.order_request import BACK, KEEP, SURPLUS
from payments.processing.verbs import ORDER_VERBS, SHOW, meant
from payments.shop.fulfilment import LADDER, Stage
from payments.shop.money import paise_as_written
from storage.database.records import reading
from storage.outbox import mirrors
from storage.outbox.mirrors import OpenMirror
from storage.reports import order_queries
from storage.reports.desk import DeskOrder

_STAGES: Final = tuple(map(str, LADDER[1:]))
_VERBS: Final = {verb.name: verb for verb in ORDER_VERBS.values() if verb.posted and verb.name != STAGE}
"""What can be said besides a stage."""
_INVOICE: Final = "invoice"
_ALIASES: Final = {"refused": "refuse"}


def _all_changes() -> str:
    """Return all that can be said, with its brackets kept from being read as markup."""
    verbs = (f"{verb.name} {verb.shape}".rstrip() for verb in _VERBS.values())
    changes = (", ".join(_STAGES), *verbs, f"{_INVOICE} [number], which writes it as PDF")
    return "; ".join(changes).replace("[", r"\[") + "."


About = Annotated[str, typer.Argument(metavar="ORDER", help="An order's number or key.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CHANGE…]", help=_all_changes()),
]
By = Annotated[str | None, typer.Option("--by", help="Who does it; without it, who runs this command.")]
Seen = Annotated[Stage | None, typer.Option("--from", help="Only if the order is still in this stage.")]
Why = Annotated[str, typer.Option("--why", help="The reason, of less, return and allowance.")]
Cash = Annotated[bool, typer.Option("--cash", help="Of delivered: it was paid in cash.")]
Upi = Annotated[bool, typer.Option("--upi", help="Of delivered: it was paid to the shop's own UPI address.")]
Owed = Annotated[bool, typer.Option("--owed", help="Of delivered: the customer owes the money.")]
Waste = Annotated[bool, typer.Option("--waste", help="The goods cannot be sold again.")]
Restock = Annotated[bool, typer.Option("--restock", help="The goods can be sold again.")]
KeepDelivery = Annotated[
    bool, typer.Option("--keep-delivery", help="Of refuse: the delivery fee waits for your decision.")
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object; amounts in paise, times in milliseconds.")
]


Out = Annotated[Path | None, typer.Option("--out", help="Of invoice: the file to write.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command is asked to do, in words and options."""

    words: tuple[str, ...]
    why: str
    paid: str | None
    """`cash`, `upi` or `owed`."""
    goods: str | None
    """`waste` or `restock`."""
    keep_delivery: bool = False

    def require(self, taken: Collection[str]) -> None:
        """Raise _Unclear if an option was given that is not among those that are `taken`."""
        given = {
            "why": self.why and "--why",
            "paid": self.paid and f"--{self.paid}",
            "goods": self.goods and f"--{self.goods}",
            "keep": self.keep_delivery and "--keep-delivery",
        }
        for option, shown in given.items():
            if shown and option not in taken:
                raise _Unclear(f"{shown} belongs to {_belongs(option)}")


def _belongs(option: str) -> str:
    """Return the changes that take the option, as people read them."""
    *most, last = [verb.name for verb in _VERBS.values() if option in verb.options] or [str(Stage.DELIVERED)]
    return f"{', '.join(most)} and {last}" if most else last


class _Unclear(Exception):
    """The words do not say what to do. The message says how they must be."""


def command(
    about: About,
    words: Words = None,
    by: By = None,
    seen: Seen = None,
    why: Why = "",
    cash: Cash = False,
    upi: Upi = False,
    owed: Owed = False,
    waste: Waste = False,
    restock: Restock = False,
    keep_delivery: KeepDelivery = False,
    json: Json = False,
    out: Out = None,
) -> None:
    """Show an order, change it (stage, goods, price, money by hand, address, note), or write its invoice.

    Reads DATABASE_URL while the server runs or not. A change takes the running server. Phone numbers are
    shown whole.
    """
    paid = _one_of("how it was paid", cash=cash, upi=upi, owed=owed)
    goods = _one_of("what becomes of the goods", waste=waste, restock=restock)
    order = looked_up(found(database_url(), about))
    if out is not None and (words or [])[:1] != [_INVOICE]:
        refuse("--out belongs to invoice")
    if words and words[0] == _INVOICE:
        order_invoice.write(order.state, words[1:], out)
    elif words:
        try:
            change, body = _change(Asked(tuple(words), why, paid, goods, keep_delivery))
        except _Unclear as unclear:
            refuse(str(unclear))
        body |= {"by": by or user()} | ({} if seen is None else {"from": str(seen)})
        looked_up(_changed(order, change, body, json=json))
    elif json:
        typer.echo(orjson.dumps(detailed_to_json(order), option=orjson.OPT_INDENT_2))
    else:
        copy = looked_up(_copy(database_url(), order.state.key))
        for line in (*lines(order), *([] if copy is None else [f"at Shopify: {copy_stands(copy)}"])):
            typer.echo(printable(line))


def _one_of(what: str, **options: bool) -> str | None:
    given = [name for name, said in options.items() if said]
    if len(given) > 1:
        refuse(f"say {what} once: {' or '.join(f'--{name}' for name in given)}")
    return given[0] if given else None


async def found(url: str, about: str) -> DeskOrder:
    """Return the order with the number or key `about`. Ends the command if there is none, or several."""
    words = about.strip().removeprefix("#")
    async with order_books(url) as records:
        orders = await order_queries.detailed(records.reads, words, WHATSAPP.naming)
    if not orders:
        refuse(f"there is no order '{words}': give its number or its key; munshi orders lists them")
    if len(orders) > 1:
        keys = ", ".join(order.state.key for order in orders)
        refuse(f"several orders have the number {words}; name one by its key: {keys}")
    return orders[0]


async def _copy(url: str, key: str) -> OpenMirror | None:
    async with reading(url) as records:
        return await mirrors.of_order(records.reads, key)


async def _changed(order: DeskOrder, change: str, body: Mapping[str, Any], *, json: bool) -> None:
    path = f"/orders/{quote(order.state.key, safe='')}/{change}"
    status, answer = await post(path, body, key=str(uuid4()))
    name = f"#{order.state.order.number}"
    match status:
        case 200 if json:
            typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2))
        case 200:
            after = await found(database_url(), order.state.key)
            typer.echo(printable(f"{name}: {stands(after.state)}"))
        case 202:
            typer.echo(f"{name}: event {answer.get('event')} waits for the customer's turn, and is done then")
        case 409:
            unsaid = body.get("to") == Stage.DELIVERED and "paid" not in body and order.state.due
            how = ". Here that is --cash, --upi or --owed" if unsaid and order.state.running else ""
            refuse(f"not done: {answer.get('error', '')}{how}")
        case _:
            refuse_answer(status, answer)


def _change(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the word of the change in the API, and its body. Raises _Unclear."""
    name, rest = asked.words[0], asked.words[1:]
    if name in (str(stage) for stage in LADDER):
        return ORDER_VERBS[STAGE].posted, _stage(asked, name, rest)
    verb = _VERBS.get(_ALIASES.get(name, name))
    if verb is None:
        known = (*_STAGES, *_VERBS, *_ALIASES, _INVOICE)
        hint = meant(name, SHOW)
        raise _Unclear(
            f"'{name}' is no change of an order{f'; {hint}' if hint else ''}: there are {', '.join(known)}"
        )
    if not verb.fits(rest):
        raise _Unclear(f"say: munshi order <number> {name} {verb.shape}".rstrip())
    asked.require(verb.options)
    return verb.posted, _READERS[verb.name](asked, rest)


def _stage(asked: Asked, to: str, rest: Sequence[str]) -> dict[str, Any]:
    if rest:
        raise _Unclear(f"nothing comes after {to}; how it was paid is --cash, --upi or --owed")
    asked.require(("paid",) if to == Stage.DELIVERED else ())
    return {"to": to} | ({} if asked.paid is None else {"paid": asked.paid})


def _ended(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    return {} if asked.goods is None else {"goods": asked.goods}


def _refused(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    return _ended(asked, rest) | ({"keep_delivery": True} if asked.keep_delivery else {})


def _undo(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    if any(not word.isdecimal() for word in rest):
        raise _Unclear(f"'{rest[0]}' is no number of a payment: munshi order <number> lists them")
    return {"payment": int(rest[0])} if rest else {}


def _decision(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    if rest[0] not in (KEEP, BACK):
        raise _Unclear(f"say: munshi order <number> delivery {KEEP}, or delivery {BACK}")
    return {"decision": rest[0]}


def _pieces(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    if not rest[1].isdecimal():
        raise _Unclear(f"'{rest[1]}' is no number of pieces")
    return {"sku": rest[0], "quantity": int(rest[1]), "why": asked.why, "waste": asked.goods == "waste"}


def _allowance(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    return {"amount": _paise(rest[0]), "why": asked.why}


def _hand(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    if rest[1:] and rest[1].lower() != SURPLUS:
        raise _Unclear(f"'{rest[1]}' is not understood: behind the rupees stands nothing, or {SURPLUS}")
    amount = {"amount": _paise(rest[0])} if rest else {}
    return {"method": asked.words[0], **amount, **({"surplus": True} if rest[1:] else {})}


def _nothing(asked: Asked, rest: Sequence[str]) -> dict[str, Any]:
    return {}


def _text(name: str) -> "_Reader":
    return lambda asked, rest: {name: " ".join(rest)}


def _paise(rupees: str) -> int:
    try:
        return paise_as_written(rupees)
    except ValueError as error:
        raise _Unclear(str(error)) from None


_Reader = Callable[[Asked, Sequence[str]], dict[str, Any]]

_READERS: Final[Mapping[str, _Reader]] = {
    "cancel": _ended,
    "refuse": _refused,
    "less": _pieces,
    "return": _pieces,
    "allowance": _allowance,
    "cash": _hand,
    "upi": _hand,
    "undo": _undo,
    "refunded": _nothing,
    "delivery": _decision,
    "address": _text("address"),
    "note": _text("note"),
}
"""By verb: how the body of its change in the API is made of words and options."""
