"""A card's message, performed over real HTTP: what becomes of it is told to its order."""

import pytest

from flows.messages.kinds import CardUpdate, Payment, Text
from payments.processing.results import LinkKept, LinkRefused
from sandbox.faults import Fault
from storage.outbox.deliveries import Again, Done, Failed
from tests.bot.executor_bench import NOW, Bench
from tests.payments.card_bills import bill

CARD = "c-1-1.c1"
SHOWN = Payment("Order #1", CARD, bill=bill(expires_at=NOW + 1_200_000))
CLOSED = CardUpdate("Closed", CARD, "canceled")


async def refused(bench: Bench, code: int, message: Payment | CardUpdate = SHOWN, **rest: int) -> Failed:
    body = f'{{"error": {{"message": "no", "code": {code}}}}}'
    bench.world.meta.fail_next("send", Fault.http(400, body))
    outcome = await bench.send(message, last_inbound_at=NOW, **rest)
    assert isinstance(outcome, Failed)
    return outcome


async def test_a_card_is_shown(bench: Bench) -> None:
    assert isinstance(await bench.send(SHOWN, last_inbound_at=NOW), Done)
    assert bench.world.meta.cards.shown[CARD].amount == 36_400


@pytest.mark.parametrize("code", [100, 131008, 131009, 131026, 131051, 134011, 135000])
async def test_a_refused_card_is_told_and_neither_its_text_nor_the_account_suffers(
    bench: Bench, code: int
) -> None:
    outcome = await refused(bench, code)
    assert isinstance(outcome.result, LinkRefused)
    assert (outcome.result.reference_id, outcome.result.certain) == (CARD, True)
    assert outcome.notice is not None
    assert outcome.notice.subject == "order card"
    assert bench.world.meta.people == {}, "nothing else was sent"


async def test_refused_after_another_try_it_may_have_arrived_before(bench: Bench) -> None:
    outcome = await refused(bench, 131009, attempts=2)
    assert isinstance(outcome.result, LinkRefused)
    assert not outcome.result.certain


async def test_after_24_hours_no_card_is_sent(bench: Bench) -> None:
    outcome = await bench.send(SHOWN, last_inbound_at=NOW - 25 * 3600_000)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.result, LinkRefused)
    assert bench.world.meta.cards.shown == {}
    late = await refused(bench, 131047)
    assert isinstance(late.result, LinkRefused)


async def test_an_answer_that_did_not_come_leaves_the_card_in_doubt(bench: Bench) -> None:
    bench.world.meta.fail_next("send", Fault.drop_after_accepting())
    assert isinstance(await bench.send(SHOWN, last_inbound_at=NOW), Again)


async def test_what_does_not_close_a_card_keeps_it_payable(bench: Bench) -> None:
    await bench.send(SHOWN, last_inbound_at=NOW)
    outcome = await refused(bench, 2047, CLOSED)
    assert outcome.result == LinkKept(CARD, outcome.error)


async def test_news_of_the_goods_that_the_card_does_not_take_are_said_in_words(bench: Bench) -> None:
    shipped = CardUpdate("On its way", CARD, "shipped")
    bench.world.meta.fail_next("send", Fault.http(400, '{"error": {"message": "no", "code": 2046}}'))
    assert isinstance(await bench.send(shipped, last_inbound_at=NOW), Done)
    [message] = bench.world.meta.people["919812345601"].messages
    assert (message.kind, message.text) == ("text", "On its way")
    outcome = await bench.send(Text("more"), last_inbound_at=NOW)
    assert isinstance(outcome, Done)
