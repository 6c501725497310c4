"""Draw a flow as an SVG picture: a card for each state, on it a line for each move, from the line an arrow.

Labels are lines of the cards and not of the arrows, so none of them can cover another. The rules of
`anywhere` are a card without arrows: they would lead from every state.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from flows.diagram.moves import is_drawn, timer_of
from flows.engine.model import Flow, Rule

_CHAR: Final = 6.7
"""Width of a character of the font, in pixels, as all lengths here."""
_ROW: Final = 18
_HEAD: Final = 28
_PAD: Final = 12
_BETWEEN: Final = 110
"""Between two columns: the arrows run there."""
_LOOP: Final = 56
"""On the right of a group: the arrows between its states run there."""
_LONGEST: Final = 56
"""Characters of a label; the rest is seen when one points at it."""
_HUES: Final = 47
_ANYWHERE: Final = "anywhere"


@dataclass(frozen=True, slots=True)
class _Line:
    """One move on a card."""

    label: str
    target: str | None
    """Path of the state; None if the customer stays."""

    @property
    def shown(self) -> str:
        """The label as it is drawn."""
        return self.label if len(self.label) <= _LONGEST else f"{self.label[: _LONGEST - 1]}…"

    @property
    def goes(self) -> str:
        """Where it goes, as it is drawn."""
        return f"→ {self.target}" if self.target else "stays"


@dataclass(slots=True)
class _Card:
    """A state, a group or `anywhere`, with its place in the picture."""

    path: str
    title: str
    note: str
    lines: tuple[_Line, ...]
    inner: tuple["_Card", ...] = ()
    x: float = 0
    y: float = 0
    width: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        longest = max((len(line.shown) + len(line.goes) + 3 for line in self.lines), default=0)
        own = max(longest, len(self.title) + len(self.note) + 4) * _CHAR + 2 * _PAD
        for card in self.inner:
            card.width = max(one.width for one in self.inner)
        around = max((card.width for card in self.inner), default=0) + _PAD + _LOOP if self.inner else 0
        self.width = max(own, around, 130)
        self.height = _HEAD + len(self.lines) * _ROW + (8 if self.lines else 0)
        self.height += sum(card.height + _PAD for card in self.inner) + (_PAD if self.inner else 0)

    def put(self, x: float, y: float) -> None:
        """Give the card, and those in it, their places."""
        self.x, self.y = x, y
        below = y + _HEAD + len(self.lines) * _ROW + (8 if self.lines else 0) + _PAD
        for card in self.inner:
            card.put(x + _PAD, below)
            below += card.height + _PAD

    def line_y(self, place: int) -> float:
        return self.y + _HEAD + place * _ROW + _ROW / 2

    def all(self) -> Iterator["_Card"]:
        """Yield the card, and those in it."""
        yield self
        for card in self.inner:
            yield from card.all()


def svg(flow: Flow, notes: Mapping[str, str], here: str = "") -> str:
    """Return the flow as an SVG picture. `notes`: path of a state -> what is written beside its name.

    The state with the path `here`, if there is one, is marked: its card is coloured and has the id `here`.
    """
    everywhere = _Card("", _ANYWHERE, "", tuple(_lines(flow, "")))
    blocks = [_card(flow, path, notes) for path in flow.states if "." not in path]
    columns = [[everywhere]] if everywhere.lines else []
    columns += _columns(flow, blocks)
    x = float(_PAD)
    for column in columns:
        y = 40.0
        for card in column:
            card.put(x, y)
            y += card.height + 2 * _PAD
        x += max(card.width for card in column) + _BETWEEN
    width = x - _BETWEEN + _LOOP
    height = max(card.y + card.height for column in columns for card in column) + _PAD
    cards = {card.path: card for column in columns for one in column for card in one.all()}
    order = {path: place for place, path in enumerate(cards)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="ui-monospace, DejaVu Sans Mono, monospace" '
        'font-size="11">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{_PAD}" y="24" font-size="15" '
        f'font-weight="bold">{escape(flow.name)}</text>',
        *(_frame(card, flow, here) for card in cards.values()),
        *(arrow for card in cards.values() if card.path for arrow in _arrows(flow, card, cards, order)),
        *(text for card in cards.values() for text in _texts(card, order)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _card(flow: Flow, path: str, notes: Mapping[str, str]) -> _Card:
    inner = [one for one in flow.states if one.rpartition(".")[0] == path]
    cards = tuple(_card(flow, one, notes) for one in inner)
    title = path.rpartition(".")[2]
    return _Card(path, title, notes.get(path, ""), tuple(_lines(flow, path)), cards)


def _lines(flow: Flow, owner: str) -> Iterator[_Line]:
    for rule in flow.rules:
        if rule.owner == owner and is_drawn(flow, rule):
            yield _Line(_label(flow, rule), rule.target)


def _label(flow: Flow, rule: Rule) -> str:
    timer = timer_of(flow, rule)
    guard = f" [{rule.guard.source}]" if rule.guard else ""
    return f"{f'after {timer}' if timer else rule.trigger}{guard}"


def _columns(flow: Flow, blocks: Sequence[_Card]) -> list[list[_Card]]:
    """Put each block into a column: as many moves from the start as it takes to come there.

    What only `anywhere` leads to stands before the states to which it leads, or last if it leads nowhere.
    """
    by_name = {card.path: card for card in blocks}
    leads = {name: {_top(line.target) for one in card.all() for line in one.lines if line.target} - {name}
             for name, card in by_name.items()}  # fmt: skip
    rank = {_top(flow.start): 0}
    queue = [_top(flow.start)]
    for name in queue:
        for target in sorted(leads[name] - rank.keys(), key=list(by_name).index):
            rank[target] = rank[name] + 1
            queue.append(target)
    last = max(rank.values())
    for name in by_name:
        reached = [rank[target] for target in leads[name] if target in rank]
        rank.setdefault(name, max(0, min(reached) - 1) if reached else last)
    return [
        column
        for place in range(last + 1)
        if (column := [card for card in blocks if rank[card.path] == place])
    ]


def _top(path: str) -> str:
    return path.partition(".")[0]


def _frame(card: _Card, flow: Flow, here: str) -> str:
    fill, line = ("#f6f7f9", "#9aa3b2") if card.inner or not card.path else ("#fff", "#5b6472")
    width = 2.5 if card.path == flow.start else 1
    if card.path and card.path == here:
        return f'<g id="here">{_rectangle(card, "#d9f2e1", "#0a7d32", 4)}</g>'
    return _rectangle(card, fill, line, width)


def _rectangle(card: _Card, fill: str, line: str, width: float) -> str:
    return (
        f'<rect x="{card.x:.0f}" y="{card.y:.0f}" width="{card.width:.0f}" height="{card.height:.0f}" rx="7" '
        f'fill="{fill}" stroke="{line}" stroke-width="{width}"/>'
    )


def _texts(card: _Card, order: Mapping[str, int]) -> Iterator[str]:
    x, right = card.x + _PAD, card.x + card.width - _PAD
    title = escape(card.title)
    yield f'<text x="{x:.0f}" y="{card.y + 18:.0f}" font-size="13" font-weight="bold">{title}</text>'
    if card.note:
        yield (
            f'<text x="{right:.0f}" y="{card.y + 18:.0f}" text-anchor="end" font-weight="bold" '
            f'fill="#0a7d32">{escape(card.note)}</text>'
        )
    for place, line in enumerate(card.lines):
        y = card.line_y(place) + 4
        colour = _colour(line.target, order)
        yield f'<text x="{x:.0f}" y="{y:.0f}">{escape(line.shown)}<title>{escape(line.label)}</title></text>'
        yield (
            f'<text x="{right:.0f}" y="{y:.0f}" text-anchor="end" fill="{colour}">{escape(line.goes)}</text>'
        )


def _arrows(flow: Flow, card: _Card, cards: Mapping[str, _Card], order: Mapping[str, int]) -> Iterator[str]:
    for place, line in enumerate(card.lines):
        if line.target is None:
            continue
        # Into the group around it: the arrow leads to where the customer comes to rest.
        around = f"{card.path}.".startswith(f"{line.target}.")
        end = cards[flow.states[line.target].leaf if around else line.target]
        if end is not card:
            yield _arrow(card, card.line_y(place), end, _colour(line.target, order))


def _arrow(source: _Card, y: float, target: _Card, colour: str) -> str:
    """Draw from a line of a card to the head of another: on the sides that face each other, or round."""
    end = target.y + _HEAD / 2
    if target.x >= source.x + source.width:
        start_x, end_x, bend, tip = source.x + source.width, target.x, 0.5 * _BETWEEN, 6
    elif target.x + target.width <= source.x:
        start_x, end_x, bend, tip = source.x, target.x + target.width, -0.5 * _BETWEEN, -6
    else:
        start_x, end_x, bend, tip = source.x + source.width, target.x + target.width, 0.8 * _LOOP, -6
    other = end_x - bend if tip * bend > 0 else end_x + bend
    return (
        f'<path d="M{start_x:.0f},{y:.0f} C{start_x + bend:.0f},{y:.0f} {other:.0f},{end:.0f} '
        f'{end_x:.0f},{end:.0f}" fill="none" stroke="{colour}" stroke-width="1.3" opacity="0.75"/>'
        f'<path d="M{end_x:.0f},{end:.0f} l{-tip},-4 v8 z" fill="{colour}"/>'
    )


def _colour(target: str | None, order: Mapping[str, int]) -> str:
    """Return the colour of all that leads to `target`."""
    return f"hsl({order[target] * _HUES % 360}, 65%, 38%)" if target else "#7a828e"
