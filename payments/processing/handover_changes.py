"""A person has a chat, as a change of its shop state. Pure."""

from dataclasses import replace

from payments.processing.shop_state import ShopState
from payments.shop.handover import Handover, HandoverCheck


def handed_over(shop: ShopState, by: str = "") -> ShopState:
    """Return the state in which a person has the chat, from now on or as before.

    `by` is the person who has written to the customer; empty if the customer has written.
    """
    before = _before(shop)
    return _with_person(shop, replace(before, by=by or before.by, unread=0 if by else before.unread + 1))


def taken_over(shop: ShopState) -> ShopState:
    """Return the state in which a person has the chat who is yet to write, from now on or as before."""
    return _with_person(shop, _before(shop))


def _before(shop: ShopState) -> Handover:
    return shop.handover or Handover(shop.at.now, shop.at.now)


def _with_person(shop: ShopState, talk: Handover) -> ShopState:
    now = shop.at.now
    check = () if shop.handover else (HandoverCheck(now, now + shop.at.shop.handover.quiet),)
    handover = replace(talk, last=max(talk.last, now))
    return shop._replace(handover=handover, checks=(*shop.checks, *check))
