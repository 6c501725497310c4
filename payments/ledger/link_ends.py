"""The ends of a payment link: as the status of its attempt, and as the state that a fact of it reports."""

from collections.abc import Mapping
from typing import Final

from payments.ledger.facts import FactState
from payments.shop.orders import AttemptStatus

STATES: Final[Mapping[AttemptStatus, FactState]] = {
    AttemptStatus.PAID: FactState.PAID,
    AttemptStatus.EXPIRED: FactState.EXPIRED,
    AttemptStatus.CANCELLED: FactState.CANCELLED,
}
"""The state that a fact of the link reports, by the final status of its attempt."""
ENDS: Final[Mapping[FactState, AttemptStatus]] = {state: end for end, state in STATES.items()}
"""The inverse. In any other state the link can still be paid."""
