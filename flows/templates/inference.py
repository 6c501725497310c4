"""Infer the types of a template's parts, and find what can't fit: text compared with numbers, and so on.

An error is what fails when it is rendered, a warning what is never true or not what was meant. What is not
known for sure is never complained about.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from jinja2 import nodes

from flows.document.errors import Severity, close
from flows.templates.comparisons import Problem, Side, added, compared, multiplied, said, subtracted
from flows.templates.filters import filtered
from flows.templates.paise import leaves_no_sum, shown_as_paise
from flows.templates.types import (
    COMPUTED,
    MONEY,
    TEXT,
    TRUTH,
    UNKNOWN,
    ListOf,
    Record,
    Table,
    Type,
    Types,
    is_number,
    join,
)

EVENT: Final = "event"
_PROTECTED: Final = ("default",)
"""Filters that take a value that is not there."""


class EventType(NamedTuple):
    """The fields of `event` where one of several events is being handled."""

    by_trigger: Mapping[str, Record]
    """Event -> its fields. Empty if nothing is known of the events."""
    always: frozenset[str] = frozenset()
    """Those of the events of which nothing was asked before."""

    @property
    def record(self) -> Record | None:
        """Every field of any of the events, and its type."""
        if not self.by_trigger:
            return None
        fields: dict[str, Type] = {}
        for record in self.by_trigger.values():
            for name, kind in record.fields.items():
                fields[name] = join(fields[name], kind) if name in fields else kind
        return Record(fields, is_open=any(record.is_open for record in self.by_trigger.values()))

    def without(self, name: str) -> tuple[list[str], list[str]]:
        """Return the events that never have the field `name`, and those that may lack it."""
        closed = {t: r for t, r in self.by_trigger.items() if not r.is_open}
        never = [t for t, record in closed.items() if name not in record.fields]
        return never, [t for t in self.always if name in self.by_trigger[t].maybe]


class Inference:
    """Walks one template. `problems` collects what is wrong in it, each with its line (from 1).

    `paise` collects the sums that it shows as they are, which is wrong where people read it.
    """

    def __init__(self, types: Types, names: Mapping[str, Type], event: EventType) -> None:
        """`names`: the types of local names, beside those of `types`."""
        self.problems: dict[Problem, int] = {}
        self.paise: dict[Problem, int] = {}
        self._line = 1
        self._types, self._event = types, event
        self._show = min(types.money_filters, default="")
        self._scope: dict[str, Type] = {**types.names, **names}
        self._sure = True
        """Whether the part at hand is always rendered: not behind an `if`, an `and` or an `or`."""

    def template(self, tree: nodes.Template) -> None:
        """Look at a whole template."""
        self._body(tree.body)

    def value(self, node: nodes.Node) -> Type:
        """Return the type of an expression, and look at its parts."""
        self._line = node.lineno
        infer = _VALUES.get(type(node))
        if infer is not None:
            return infer(self, node)
        for child in node.iter_child_nodes():
            self.value(child)
        return UNKNOWN

    # Statements

    def _body(self, body: Sequence[nodes.Node]) -> None:
        for node in body:
            match node:
                case nodes.Output(nodes=parts):
                    for part in parts:
                        self._shown(part)
                case nodes.If():
                    self._branches(node)
                case nodes.For():
                    self._loop(node)
                case nodes.Assign(target=nodes.Name(name=name), node=value):
                    self._scope[name] = self.value(value)
                case _:
                    self.value(node)

    def _shown(self, node: nodes.Node) -> None:
        kind = self.value(node)
        if self._show and not isinstance(node, nodes.TemplateData):
            for problem in shown_as_paise(node, kind, self._maybe, self._show):
                self.paise.setdefault(problem, node.lineno)

    def _branches(self, node: nodes.If) -> None:
        self.value(node.test)
        with_branches = [node.body, *(branch.body for branch in node.elif_), node.else_]
        for branch in node.elif_:
            self._maybe(branch.test)
        for body in with_branches:
            self._maybe_body(body)

    def _loop(self, node: nodes.For) -> None:
        listed = self.value(node.iter)
        if is_number(listed) or listed == TRUTH:
            self._report(f"{said(node.iter)} is {listed.SAID}, and no list to go through", "name a list")
        scope = self._scope
        item = listed.item if isinstance(listed, ListOf) else UNKNOWN
        targets = (
            [node.target.name]
            if isinstance(node.target, nodes.Name)
            else [one.name for one in node.target.find_all(nodes.Name)]
        )
        self._scope = {**scope, **dict.fromkeys(targets, item), "loop": UNKNOWN}
        self._maybe_body([*node.body, *node.else_])
        self._scope = scope

    def _maybe_body(self, body: Sequence[nodes.Node]) -> None:
        sure, self._sure = self._sure, False
        self._body(body)
        self._sure = sure

    def _maybe(self, node: nodes.Node | None) -> Type:
        """Return the type of a part that is not always looked at."""
        sure, self._sure = self._sure, False
        found = self.value(node) if node is not None else TEXT
        self._sure = sure
        return found

    # Values

    def _const(self, node: nodes.Const) -> Type:
        match node.value:
            case bool():
                return TRUTH
            case int():
                return COMPUTED
            case str():
                return TEXT
            case _:
                return UNKNOWN

    def _text(self, node: nodes.TemplateData) -> Type:
        return TEXT

    def _name(self, node: nodes.Name) -> Type:
        return self._scope.get(node.name, UNKNOWN)

    def _list(self, node: nodes.List | nodes.Tuple) -> Type:
        kinds = [self.value(item) for item in node.items]
        found = kinds[0] if kinds else UNKNOWN
        for kind in kinds[1:]:
            found = join(found, kind)
        return ListOf(found, len(kinds))

    def _getitem(self, node: nodes.Getitem) -> Type:
        if isinstance(node.node, nodes.Name) and node.node.name == EVENT and EVENT not in self._scope:
            return self._field_of_event(node)
        base = self.value(node.node)
        if isinstance(node.arg, nodes.Slice):
            return ListOf(base.item) if isinstance(base, ListOf) else base
        self.value(node.arg)
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        match base:
            case Record(fields=fields) if isinstance(key, str):
                return fields.get(key, UNKNOWN)
            case Table(value=value):
                return value
            case ListOf(item=item, length=length):
                if isinstance(key, int) and length is not None and not -length <= key < length:
                    self._report(_beyond(node, length, key), "the first is [0]")
                return item
            case _:
                return UNKNOWN

    def _field_of_event(self, node: nodes.Getitem) -> Type:
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        record = self._event.record
        if record is None or not isinstance(key, str):
            return UNKNOWN
        never, maybe = self._event.without(key)
        if len(never) == len(self._event.by_trigger):
            known = sorted(record.fields)
            has = f"there are {', '.join(known)}" if known else "what comes here has no fields"
            self._report(f"no event that comes here has '{EVENT}.{key}'", close(key, known) or has)
        elif self._sure and (lacking := never or maybe):
            mend = f"write '{EVENT}.{key} | default('')', or say another message there"
            names = "', '".join(sorted(lacking)[:4])
            self._report(f"'{names}' {'has' if never else 'may have'} no '{EVENT}.{key}'", mend)
        return record.fields.get(key, UNKNOWN)

    def _filter(self, node: nodes.Filter) -> Type:
        protected = node.name in _PROTECTED
        given = (self._maybe if protected else self.value)(node.node) if node.node else UNKNOWN
        others = [self.value(argument) for argument in node.args]
        side = Side(node.node, given) if node.node else None
        kind, problem = filtered(node.name, side, others, self._types.money_filters)
        self._note(problem)
        return kind

    def _test(self, node: nodes.Test) -> Type:
        self._maybe(node.node)
        return TRUTH

    def _compare(self, node: nodes.Compare) -> Type:
        left = Side(node.expr, self.value(node.expr))
        for operand in node.ops:
            right = Side(operand.expr, self.value(operand.expr))
            for problem in compared(left, operand.op, right):
                self._note(problem)
            left = right
        return TRUTH

    def _sides(self, node: nodes.BinExpr) -> tuple[Side, Side]:
        return Side(node.left, self.value(node.left)), Side(node.right, self.value(node.right))

    def _sum(self, node: nodes.Add) -> Type:
        left, right = self._sides(node)
        kind, problem = added(left, right)
        self._note(problem)
        return kind

    def _difference(self, node: nodes.Sub) -> Type:
        left, right = self._sides(node)
        kind, problem = subtracted(left, right)
        self._note(problem)
        return kind

    def _product(self, node: nodes.Mul) -> Type:
        left, right = self._sides(node)
        kind, problem = multiplied(left, right)
        self._note(problem)
        return kind

    def _quotient(self, node: nodes.FloorDiv) -> Type:
        left, right = self._sides(node)
        kind, problem = multiplied(left, right)
        self._note(problem)
        if kind == MONEY and leaves_no_sum(node.right):
            kind = COMPUTED
        above, below = said(node.left).strip("'"), said(node.right).strip("'")
        if isinstance(node.right, nodes.Const) and node.right.value == 0:
            self._report("nothing can be divided by 0", "divide by another number")
        elif self._sure and isinstance(node.right, (nodes.Getitem, nodes.Name, nodes.Filter)):
            mend = f"write ({above} // {below} if {below} else 0)"
            self._report(f"'{below}' may be 0, and nothing can be divided by 0", mend, Severity.WARNING)
        return kind

    def _negative(self, node: nodes.Neg) -> Type:
        return self.value(node.node)

    def _not(self, node: nodes.Not) -> Type:
        self.value(node.node)
        return TRUTH

    def _either(self, node: nodes.And | nodes.Or) -> Type:
        return join(self.value(node.left), self._maybe(node.right))

    def _condition(self, node: nodes.CondExpr) -> Type:
        self.value(node.test)
        return join(self._maybe(node.expr1), self._maybe(node.expr2))

    def _together(self, node: nodes.Concat) -> Type:
        for part in node.nodes:
            self.value(part)
        return TEXT

    # Reports

    def _report(self, message: str, mend: str, severity: Severity = Severity.ERROR) -> None:
        self._note(Problem(message, mend, severity))

    def _note(self, problem: Problem | None) -> None:
        if problem is not None:
            self.problems.setdefault(problem, self._line)


def _beyond(node: nodes.Getitem, length: int, index: int) -> str:
    items = "item" if length == 1 else "items"
    return f"{said(node.node)} has {length} {items}: [{index}] is none of them"


_VALUES: Final[Mapping[type[nodes.Node], Callable[[Inference, Any], Type]]] = {
    nodes.Const: Inference._const,
    nodes.TemplateData: Inference._text,
    nodes.Name: Inference._name,
    nodes.List: Inference._list,
    nodes.Tuple: Inference._list,
    nodes.Getitem: Inference._getitem,
    nodes.Filter: Inference._filter,
    nodes.Test: Inference._test,
    nodes.Compare: Inference._compare,
    nodes.Add: Inference._sum,
    nodes.Sub: Inference._difference,
    nodes.Mul: Inference._product,
    nodes.FloorDiv: Inference._quotient,
    nodes.Neg: Inference._negative,
    nodes.Not: Inference._not,
    nodes.And: Inference._either,
    nodes.Or: Inference._either,
    nodes.CondExpr: Inference._condition,
    nodes.Concat: Inference._together,
}
