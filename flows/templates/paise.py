"""Find the sums that a text shows as they are, in paise: customers read 18000 for ₹180."""

from collections.abc import Callable, Iterator
from typing import Final

from jinja2 import nodes

from flows.document.errors import Severity
from flows.templates.as_written import as_written, in_brackets
from flows.templates.comparisons import Problem
from flows.templates.types import Money, Text, Type

RUPEE: Final = 100
"""Paise. A sum divided by as much or more is none: it is in rupees, a percentage, or a count of boxes."""
_SAME: Final = ("int", "abs", "round")
"""Filters that leave a sum a sum."""
_ALONE: Final = "{{{{ {} }}}}"


def shown_as_paise(
    node: nodes.Node, kind: Type, kind_of: Callable[[nodes.Node], Type], show: str, frame: str = _ALONE
) -> Iterator[Problem]:
    """Yield a problem for each sum that is shown where a text shows `node`, which is of the type `kind`.

    `show` is the filter for sums, `frame` what stands around `node` in the text.
    """
    is_whole = _is_sum(kind) and not isinstance(node, (nodes.CondExpr, nodes.Filter))
    if isinstance(node, nodes.Or) and not is_whole and _is_sum(kind_of(_unfiltered(node.left))):
        yield from _with_other(node, kind_of, show, frame)
        return
    parts = () if is_whole else tuple(_parts(node))
    for part in parts:
        yield from shown_as_paise(part, kind_of(part), kind_of, show, "{}")
    if parts:
        return
    if not _is_sum(kind):
        if isinstance(node, nodes.Filter) and node.name == "default" and node.node:
            yield from _with_default(node, node.node, kind_of, show, frame)
    elif not _is_in_rupees(node):
        shown = _in_money(node, kind, show)
        yield _problem(as_written(node), frame.format(shown) if shown else "", show)


def _unfiltered(node: nodes.Expr) -> nodes.Expr:
    """Return `node` without the filters that leave a sum a sum."""
    while isinstance(node, nodes.Filter) and node.name in _SAME and node.node:
        node = node.node
    return node


def _in_money(node: nodes.Node, kind: Type, show: str) -> str:
    """Return how to show the sum `node`; empty as `as_written`."""
    shown = in_brackets(node)
    filters = f" | int | {show}" if isinstance(kind, Text) else f" | {show}"
    return f"{shown}{filters}" if shown else ""


def _is_sum(kind: Type) -> bool:
    return isinstance(kind, Money) or (isinstance(kind, Text) and kind.of_sum)


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield those parts of `node` that are shown where it is."""
    match node:
        case nodes.Concat(nodes=parts):
            yield from parts
        case nodes.CondExpr(expr1=first, expr2=second):
            yield from (first, second) if second else (first,)
        case nodes.And(right=right):
            yield right
        case nodes.Or(left=left, right=right):
            yield from (left, right)
        case nodes.Filter(name=name, node=given) if name in _SAME and given:
            yield given
        case _:
            return


def _with_other(
    node: nodes.Or, kind_of: Callable[[nodes.Node], Type], show: str, frame: str
) -> Iterator[Problem]:
    """Yield that a sum is shown, or something else if it is 0: `₹0` of a filter would never be nothing."""
    left, right = _unfiltered(node.left), node.right
    if not _is_in_rupees(left):
        shown, test, other = _in_money(left, kind_of(left), show), in_brackets(left), as_written(right) or "…"
        mend = f"{shown} if {test} else {other}"
        mend = frame.format(mend) if frame == _ALONE else f"({mend})"
        yield _problem(as_written(left), mend if shown else "", show)
    yield from shown_as_paise(right, kind_of(right), kind_of, show, "{}")


def _with_default(
    node: nodes.Filter, given: nodes.Node, kind_of: Callable[[nodes.Node], Type], show: str, frame: str
) -> Iterator[Problem]:
    """Yield that a sum is shown which may be missing: a filter takes none that is."""
    if isinstance(kind_of(given), Money):
        shown, other = in_brackets(given), as_written(node.args[0]) if node.args else "''"
        mend = f"{shown} | {show} if {shown} is defined else {other}" if shown and other else ""
        yield _problem(as_written(given), frame.format(mend) if mend else "", show)


def _is_in_rupees(node: nodes.Node) -> bool:
    """Whether something in `node` is divided by 100 or more: what comes of it may be rupees."""
    return any(
        isinstance(division, nodes.FloorDiv) and leaves_no_sum(division.right)
        for division in (node, *node.find_all(nodes.FloorDiv))
    )


def leaves_no_sum(divisor: nodes.Node) -> bool:
    """Whether a sum divided by `divisor` is none: by 100 or more. Half a sum, or a tenth, is a sum."""
    if not isinstance(divisor, nodes.Const) or not isinstance(divisor.value, int):
        return False
    return not 0 < divisor.value < RUPEE


def _problem(written: str, mend: str, show: str) -> Problem:
    named = f"'{written}'" if written else "a sum"
    message = f"{named} shows paise: customers read 18000 for ₹180"
    return Problem(message, f"write {mend}" if mend else f"write '| {show}' behind the sum", Severity.WARNING)
