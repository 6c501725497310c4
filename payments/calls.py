"""What the shop asks of Razorpay, as data: stored in the outbox, performed later."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class CreateLink:
    """Make the payment link `reference_id`, or adopt it if an earlier try made it."""

    reference_id: str
    order_key: str
    amount: int
    """Paise."""
    currency: str
    description: str
    expires_at: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class CancelLink:
    """Make the link `reference_id` unpayable. `link_id` is None if we never learned it."""

    reference_id: str
    link_id: str | None


@dataclass(frozen=True, slots=True)
class FetchPayments:
    """Ask which payments were made on the link `reference_id`: it is paid, and we know of no capture."""

    reference_id: str
    link_id: str | None


Call: TypeAlias = CreateLink | CancelLink | FetchPayments


def to_json(call: Call) -> dict[str, Any]:
    """A JSON-ready dict with the call's name under `call`. Inverse of `from_json`."""
    return {"call": type(call).__name__, **asdict(call)}


def from_json(value: dict[str, Any]) -> Call:
    """The call that `to_json` wrote. Raises KeyError on any other shape."""
    fields = dict(value)
    return _CALLS[fields.pop("call")](**fields)


_CALLS: Final[Mapping[str, type[Call]]] = {
    kind.__name__: kind for kind in (CreateLink, CancelLink, FetchPayments)
}
