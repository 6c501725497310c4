"""Compile templates and guards. Their language is a part of Jinja2, run in its immutable sandbox.

Smaller than Jinja on purpose. Values are JSON data, so `a.b` always means `a["b"]`. There are no attributes,
calls, macros or includes. What a customer wrote is always a value, never a template. A missing value is an
error, never an empty string.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

from jinja2 import StrictUndefined, nodes, runtime
from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from flows.document.errors import StepFailed
from flows.document.reader import UNSENDABLE
from flows.templates.lookups import Lookup, lookups, path

Context: TypeAlias = Mapping[str, Any]
"""The names and values that templates see."""

Renderer: TypeAlias = Callable[[Context], Iterable[str]]
"""Makes the pieces of a text."""

Compiled = TypeVar("Compiled")

MAX_RENDERED: Final = 65_536
"""Characters that one template may produce: far more than any message needs, and still cheap."""

MAX_REMEMBERED: Final = 8_192
"""Texts of each sort that stay compiled: those of some flows of the largest size."""

_FILLED_IN: Final = re.compile(r"\{[{%#]|\r|\n\Z")
"""What Jinja changes in a text: what is filled in, and ends of lines."""

_ALLOWED: Final[frozenset[type[nodes.Node]]] = frozenset((
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.List, nodes.Tuple,
    nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub, nodes.Mul, nodes.FloorDiv, nodes.Concat,
    nodes.CondExpr, nodes.If, nodes.For, nodes.Assign, nodes.Keyword, nodes.Pair, nodes.Dict,
))  # fmt: skip

_FILTERS: Final = (
    "length",
    "join",
    "upper",
    "lower",
    "title",
    "default",
    "first",
    "last",
    "abs",
    "round",
    "int",
)
_TESTS: Final = ("defined", "undefined", "none", "in", "odd", "even", "string", "number")


class TemplateError(Exception):
    """The text is not a template of this language. The message says why."""


class _Environment(ImmutableSandboxedEnvironment):
    """Looks up data only, and refuses to multiply text: a small template could make a huge one."""

    intercepted_binops = frozenset({"*"})

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            return obj[argument]
        except (LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not (isinstance(left, int) and isinstance(right, int)):
            raise StepFailed("only whole numbers can be multiplied in a template")
        return left * right


class _Names(runtime.Context):
    """The names that one rendering reads: what Jinja's own context has, without what inclusion needs.

    Jinja's would take as long to make as most templates take to render.
    """

    def __init__(self, values: Context, evaluation: nodes.EvalContext) -> None:
        # Not `super().__init__`: it is what takes so long.
        self.parent = values  # type: ignore[assignment]
        self.vars, self.exported_vars = {}, set()
        self.environment, self.eval_ctx = evaluation.environment, evaluation


_Root: TypeAlias = Callable[[runtime.Context], Iterable[str]]
"""What Jinja compiles a template to."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text. `constant` is the whole text if there is nothing to fill in, else None."""

    source: str
    reads: frozenset[Lookup]
    """Paths that it reads from the context."""
    constant: str | None
    _render: Renderer | None

    def render(self, context: Mapping[str, Any]) -> str:
        """Return the text for `context`. Raises StepFailed, quoting the template, on a missing value."""
        if self._render is None:
            return self.constant or ""
        try:
            return _joined(self._render(context), self.source)
        except StepFailed:
            raise
        except Exception as error:
            raise StepFailed(f"in the template {self.source!r}: {error}") from error


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled guard or `each:`."""

    source: str
    reads: frozenset[Lookup]
    path: Lookup | None
    """The path that it reads if it is a plain look-up (`shop.products`), else None."""
    _evaluate: Callable[[Mapping[str, Any]], Any]

    def value(self, context: Mapping[str, Any]) -> Any:
        """Return the value in `context`. Raises StepFailed, quoting the expression, on a missing value."""
        try:
            return self._evaluate(context)
        except StepFailed:
            raise
        except Exception as error:
            raise StepFailed(f"in the expression {self.source!r}: {error}") from error


NEVER: Final = Expression("false", frozenset(), None, lambda context: False)
"""Stands in for a guard that does not compile, so that the rest is still checked."""
BLANK: Final = Template("", frozenset(), "", None)
"""Stands in for a template that does not compile, for the same reason."""


def language_of(filters: Mapping[str, Callable[..., Any]]) -> "TemplateLanguage":
    """Return the language with these filters: the same one each time, for all flows that have them."""
    return _language_of(tuple(filters.items()))


@lru_cache(maxsize=8)
def _language_of(filters: tuple[tuple[str, Callable[..., Any]], ...]) -> "TemplateLanguage":
    return TemplateLanguage(dict(filters))


class TemplateLanguage:
    """The compiler of templates: Jinja with the host's filters added.

    It remembers what it compiled. An edit of a flow changes a few of its texts, and compiling is most of the
    work of loading it.
    """

    def __init__(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        # Not optimised: that changes parse trees, and the checks of the flow look at the same trees.
        self._env = _Environment(undefined=StrictUndefined, autoescape=False, optimized=False)
        built_in = {name: self._env.filters[name] for name in _FILTERS}
        self._env.filters = {**built_in, **filters}
        self._env.tests = {name: self._env.tests[name] for name in _TESTS}
        self._env.globals = {}
        self._evaluation = nodes.EvalContext(self._env)
        self._parsed = _remembered(self._parse)
        self._templates, self._expressions = _remembered(self._template), _remembered(self._expression)
        self._parts: dict[str, _Root] = {}
        self._values, self._trees = _remembered(self._value), _remembered(self._tree)

    def template(self, source: str) -> Template:
        """Compile text with `{{ }}` in it. Raises TemplateError."""
        return self._templates(source)

    def expression(self, source: str) -> Expression:
        """Compile a bare expression (`cart.lines and not order`). Raises TemplateError."""
        return self._expressions(source)

    def value(self, source: str) -> nodes.Node:
        """Return the parse tree of a bare expression, to be read and not changed. Raises TemplateError."""
        return self._values(source)

    def tree(self, source: str) -> nodes.Template:
        """Return the parse tree of a template, to be read and not changed. Raises TemplateError."""
        return self._trees(source)

    def _template(self, source: str) -> Template:
        if _FILLED_IN.search(source) is None:
            return Template(source, frozenset(), source, None)
        with _compile_errors():
            tree = self._parsed(source)
            parts = [part for output in tree.body for part in _parts(output)]
            data = [part.data for part in parts if isinstance(part, nodes.TemplateData)]
            if len(data) == len(parts):
                return Template(source, frozenset(), "".join(data), None)
            return Template(source, lookups(tree), None, self._renderer(tree, parts))

    def _renderer(self, tree: nodes.Template, parts: Sequence[nodes.Node]) -> Renderer:
        """Return what renders a template. One without statements is rendered part by part.

        Thousands of texts show the same few things, and each of those is compiled once.
        """
        if all(isinstance(node, nodes.Output) for node in tree.body):
            roots = [self._part(part) for part in parts]
        else:
            roots = [self._root(tree)]
        evaluation = self._evaluation

        def render(values: Context) -> Iterator[str]:
            names = _Names(values, evaluation)
            for root in roots:
                yield from root(names)

        return render

    def _part(self, part: nodes.Node) -> _Root:
        """Return what renders a text, or one `{{ … }}`: the same one for all that are written alike."""
        if isinstance(part, nodes.TemplateData):
            text = (part.data,)
            return lambda names: text
        written = repr(part)
        if written not in self._parts:
            if len(self._parts) >= MAX_REMEMBERED:
                self._parts.clear()
            self._parts[written] = self._root(nodes.Template([nodes.Output([part], lineno=1)], lineno=1))
        return self._parts[written]

    def _expression(self, source: str) -> Expression:
        with _compile_errors():
            # A tree of its own: Jinja computes constants in place when it compiles one.
            value = self._value(source)
            reads, plain = lookups(value), path(value, {})
            body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), value, lineno=1)]
            return Expression(source, reads, plain, self._evaluator(nodes.Template(body, lineno=1)))

    def _value(self, source: str) -> nodes.Node:
        with _compile_errors():
            body = self._parsed("{{ " + source + " }}").body
        output = body[0] if len(body) == 1 else None
        if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
            raise TemplateError("write one expression, without {{ }}")
        return output.nodes[0]

    def _tree(self, source: str) -> nodes.Template:
        with _compile_errors():
            return self._parsed(source)

    def _parse(self, source: str) -> nodes.Template:
        tree = self._env.parse(source)
        self._check(tree)
        return _lookups_only(tree)

    def _check(self, tree: nodes.Template) -> None:
        for node in tree.find_all(nodes.Node):
            if type(node) not in _ALLOWED:
                raise TemplateError(f"'{type(node).__name__.lower()}' can't be used in a template")
            if isinstance(node, nodes.Const) and UNSENDABLE.search(str(node.value)):
                raise TemplateError("a control character or half a surrogate pair in a text")
            if isinstance(node, nodes.Filter) and node.name not in self._env.filters:
                raise TemplateError(f"there is no filter '{node.name}'; there are {_list(self._env.filters)}")
            if isinstance(node, nodes.Test) and node.name not in self._env.tests:
                raise TemplateError(f"there is no test '{node.name}'; there are {_list(self._env.tests)}")

    def _root(self, tree: nodes.Template) -> _Root:
        return self._env.from_string(tree).root_render_func

    def _evaluator(self, tree: nodes.Template) -> Callable[[Mapping[str, Any]], Any]:
        root, evaluation = self._root(tree), self._evaluation

        def evaluate(values: Context) -> Any:
            context = _Names(values, evaluation)
            for _ in root(context):
                pass
            result = context.vars["result"]
            if isinstance(result, StrictUndefined):
                result._fail_with_undefined_error()
            return result

        return evaluate


def _remembered(compiled: Callable[[str], Compiled]) -> Callable[[str], Compiled]:
    return lru_cache(maxsize=MAX_REMEMBERED)(compiled)


def _joined(parts: Iterable[str], source: str) -> str:
    """Join `parts`. Raises StepFailed as soon as they exceed MAX_RENDERED, before all are made."""
    text = ""
    for part in parts:
        text += part
        if len(text) > MAX_RENDERED:
            raise StepFailed(f"the template {source!r} grew over {MAX_RENDERED} characters")
    return text


@contextmanager
def _compile_errors() -> Iterator[None]:
    """Turn the errors of Jinja and of Python's compiler into TemplateError."""
    try:
        yield
    except JinjaSyntaxError as error:
        raise TemplateError(error.message or "not a template") from None
    except (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError):
        raise TemplateError("too long, or nested too deeply") from None


def _parts(node: nodes.Node) -> list[nodes.Node]:
    return list(node.nodes) if isinstance(node, nodes.Output) else [node]


def _lookups_only(tree: nodes.Template) -> nodes.Template:
    """Turn every `a.b` except `loop.b` into `a["b"]`, so that a template can reach data only."""

    def rewrite(node: nodes.Node) -> None:
        for name, value in node.iter_fields():
            if isinstance(value, nodes.Node):
                setattr(node, name, replaced(value))
            elif isinstance(value, list):
                setattr(node, name, [replaced(v) if isinstance(v, nodes.Node) else v for v in value])

    def replaced(node: nodes.Node) -> nodes.Node:
        rewrite(node)
        if not isinstance(node, nodes.Getattr):
            return node
        if isinstance(node.node, nodes.Name) and node.node.name == "loop":
            return node
        about = {"lineno": node.lineno, "environment": node.environment}
        return nodes.Getitem(node.node, nodes.Const(node.attr, **about), node.ctx, **about)

    rewrite(tree)
    return tree


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
