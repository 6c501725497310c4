"""The replies that a message offers: buttons and rows, each with the trigger it fires and a value."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

from pydantic import Field

from flows.document.errors import StepFailed, Unsendable
from flows.document.places import Path
from flows.document.shape import Spec, Texts, Trigger, text_in
from flows.document.words import normalise
from flows.messages import limits, replies
from flows.messages.fault import Fault
from flows.messages.writer import Empty, Line, Writer
from flows.templates.compiler import NO_NAMES, Names
from flows.templates.expressions import Context, Expression

_COPIES: Final = 9
"""How often one reply may be repeated in one message. The n-th copy has n more digits in its visit."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A button or row. A tap sends `id` back (see `flows.messages.replies`)."""

    id: str
    title: str
    description: str | None = None
    """Second line of a list row; a button has none."""


class Offer(NamedTuple):
    """A rendered reply that has no id yet. Its texts are within the limits."""

    trigger: str
    value: str
    title: str
    description: str | None


@dataclass(frozen=True, slots=True)
class Offers:
    """Compiled replies."""

    make: Callable[[Context], list[Offer]]
    reads: frozenset[str]
    """Names of the context that they read."""


Groups: TypeAlias = Callable[[Context], list[tuple[str, list[Offer]]]]
"""Makes (title, replies) of each group of a list."""


class ReplySpec(Spec):
    """A reply as written in the flow file: title, trigger that a tap fires, value that it carries."""

    on: Trigger
    """The trigger that a tap fires."""
    title: Texts
    """What it is called."""
    with_: Annotated[str, Field(alias="with")] = ""
    """The value that a tap brings along: `event.value`."""
    if_: Annotated[str | None, Field(alias="if")] = None
    """A guard: it is shown only if this holds."""

    @property
    def is_sure(self) -> bool:
        """Whether it is always offered, exactly once."""
        return not self.if_


def compiled(
    spec: ReplySpec,
    writer: Writer,
    place: Path,
    limit: int,
    description: Line | None = None,
    names: Names = NO_NAMES,
) -> Offers:
    """Compile a reply. It is offered if its guard holds; its title is cut to `limit`."""
    title = writer.text(spec.title, *place, "title", limit=limit, empty=Empty.REFUSED, names=names)
    value = writer.raw(spec.with_, *place, "with", names=names)
    guard = writer.expression(spec.if_, *place, "if", names=names) if spec.if_ else None

    def make(context: Context) -> list[Offer]:
        if guard and not guard.value(context):
            return []
        told = (description.say(context) or None) if description else None
        return [Offer(spec.on, value.say(context), title.say(context), told)]

    reads = title.reads | value.reads | (description.reads if description else frozenset())
    return Offers(make, reads | _roots(guard) if guard else reads)


def for_each(each: Expression, name: str, one: Offers) -> Offers:
    """Return `one` for every item of the list `each`; its templates read the item as `name`."""

    def make(context: Context) -> list[Offer]:
        return [offer for item in _items(each, context) for offer in one.make({**context, name: item})]

    return Offers(make, (one.reads - {name}) | _roots(each))


def together(writer: Writer, parts: Sequence[Offers]) -> Offers:
    """Return the offers of all `parts`, in order."""
    makers = [writer.once(part.make, part.reads) for part in parts]
    reads = frozenset(name for part in parts for name in part.reads)
    return Offers(lambda context: [offer for make in makers for offer in make(context)], reads)


def groups(writer: Writer, each: Expression, name: str, title: Line, rows: Offers) -> Groups:
    """Return a title and `rows` for every item of the list `each`; both read the item as `name`."""

    def make(context: Context) -> list[tuple[str, list[Offer]]]:
        inner = [{**context, name: item} for item in _items(each, context)]
        return [(title.say(one), offered) for one in inner if (offered := rows.make(one))]

    return writer.once(make, ((title.reads | rows.reads) - {name}) | _roots(each))


def reply_id(place: str, offer: Offer, limit: int) -> str:
    """Return the id that a tap on `offer` sends back. Raises Unsendable if it is longer than `limit`."""
    # No id may begin or end with a blank.
    reply = replies.encode(place, offer.trigger, offer.value.strip())
    if limits.length(reply) > limit:
        raise Unsendable(
            f"the value of a reply to '{offer.trigger}' is too long: {limits.length(reply)} of {limit}"
        )
    return reply


def ids_differ(offered: Iterable[Reply], limit: int) -> tuple[Reply, ...]:
    """Return `offered` with an id of its own for each repeated reply. Raises Unsendable at too many."""
    found: dict[str, Reply] = {}
    for reply in offered:
        copy, id = 0, reply.id
        while id in found:
            copy += 1
            id = replies.copied(reply.id, copy)
        if copy > _COPIES or limits.length(id) > limit:
            raise Unsendable("one answer is offered too often in one message")
        found[id] = replace(reply, id=id) if copy else reply
    return tuple(found.values())


def same_answers(offered: Iterable[tuple[ReplySpec, Path]], channel: str) -> Iterator[Fault]:
    """Yield a fault for each reply with the trigger and value of one above it: `channel` refuses that."""
    seen: set[tuple[str, str]] = set()
    for reply, place in offered:
        if (reply.on, reply.with_) in seen:
            same = f"this fires '{reply.on}' just as one above it does: {channel} refuses that"
            yield Fault(place, same, "give one of them another 'with'")
        seen.add((reply.on, reply.with_))


def same_titles(titles: Sequence[tuple[Texts, Path]], languages: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield (title, place) of a title that equals an earlier one when typed: at most one in each language."""
    for language in languages:
        known: set[str] = set()
        for texts, place in titles:
            title = text_in(texts, language, languages[0])
            form = normalise(title)
            if "{{" not in title and form in known:
                yield title, place
                break
            known.add(form)


def _items(each: Expression, context: Context) -> Sequence[Any]:
    items = each.value(context)
    if not isinstance(items, (list, tuple)):
        raise StepFailed(f"each: {each.source!r} is not a list")
    return items


def _roots(expression: Expression) -> frozenset[str]:
    return frozenset(read[0] for read in expression.reads)
