"""The rows of what was changed about orders after they were placed."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from payments.processing.changes import Caused
from payments.shop.amendments import Amendment
from payments.shop.order_terms import destination_to_json
from storage.database.encoding import dumps


def rows(conversation: int, amendments: Iterable[Caused[Amendment]]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `INSERT`, each with the number of the event that caused it."""
    for cause, one in amendments:
        to = None if one.to is None else dumps(destination_to_json(one.to))
        goods = (str(one.kind), one.amount, one.sku, one.pieces)
        yield (
            one.key,
            conversation,
            one.order_key,
            *goods,
            one.by,
            one.why,
            to,
            int(one.shelf),
            one.at,
            cause,
        )


INSERT: Final = """
INSERT INTO amendment (key, conversation_id, order_key, kind, amount, sku, pieces, changed_by, why,
    destination, shelf, created_at, caused_by)
VALUES {rows}"""
