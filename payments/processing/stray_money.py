"""Notices about stray money: money for orders that this database lacks."""

from payments.ledger.facts import Fact
from payments.processing.notice import Notice, NoticeKind
from payments.shop.money import money
from payments.shop.orders import CURRENCY, conversation_of


def not_given_back(fact: Fact) -> Notice:
    """Return the notice about a failed refund."""
    said = (
        f"{_shown(fact)} for {fact.order_key}, an order that this database lacks, could not be given back"
        f" ({fact.entity_id}): stop the server and run 'munshi settle', which asks what becomes of it; or"
        " give it back in Razorpay Dashboard, or ask the payer for another account"
    )
    return Notice(NoticeKind.STRAY_MONEY, fact.entity_id, said)


def captured(installation: str, fact: Fact) -> Notice:
    """Return the notice about a captured payment. `installation` is ours."""
    owner = (conversation_of(fact.order_key) or "").partition("-")[0]
    if owner == installation:
        situation = (
            "which this database lacks: it is older than the order (a restored backup, a copy, a snapshot)."
            " Nothing is given or refunded for it by itself. If the right database is elsewhere, stop the"
            " server and put it back; else stop it and run 'munshi settle', which does what you say."
        )
    else:
        situation = (
            f"an order of the installation {owner}, and this is {installation}: another database works"
            " with these keys, or this one took its place. If it is another shop of yours, leave it to that"
            " one; else stop the server and put the right database back."
        )
    said = f"{_shown(fact)} was captured ({fact.entity_id}) for {fact.order_key}, {situation}"
    return Notice(NoticeKind.STRAY_MONEY, fact.entity_id, said)


def _shown(fact: Fact) -> str:
    """Return the fact's amount, for people."""
    if fact.currency == CURRENCY:
        return money(fact.amount)
    return f"{fact.amount} {fact.currency} in its smallest unit"
