"""Stamps and full cards."""

import pytest
from munshi_loyalty import ACTIONS, SpendArgs, StampArgs, spend, stamp
from pydantic import ValidationError

from flows.engine.own_actions import Done, Seen


def seen(stamps: int) -> Seen:
    return Seen(event={}, variables={"stamps": stamps}, language="en", now=0)


def test_an_order_brings_a_stamp_and_the_last_one_fills_the_card() -> None:
    assert stamp(seen(3), StampArgs(total=50_000)) == Done({"stamps": 4})
    assert stamp(seen(9), StampArgs(total=50_000)) == Done({"stamps": 10}, "full", {"stamps": 10})
    assert stamp(seen(19), StampArgs(total=50_000)).event == "full"
    assert stamp(seen(3), StampArgs(total=9_900, least=10_000)) == Done()


def test_only_a_full_card_can_be_spent() -> None:
    assert spend(seen(12), SpendArgs()) == Done({"stamps": 2})
    assert spend(seen(7), SpendArgs()) == Done(event="too_few", fields={"stamps": 7, "missing": 3})


def test_an_argument_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError):
        StampArgs(total=-1)


def test_every_action_says_what_it_does() -> None:
    assert all(action.about for action in ACTIONS.values())
