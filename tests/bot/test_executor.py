"""One outbox entry, performed over real HTTP: its result is an outcome, never an exception."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.workers.executor import LEASE
from flows.messages import kinds
from payments.ledger.calls import CancelLink, CreateLink
from payments.processing.results import LinkCreated, LinkKept, LinkRefused, LinkWithdrawn
from payments.shop.orders import LinkStatus, Mode
from sandbox.faults import Fault
from storage.database.queues import Lane, Urgency
from storage.outbox.deliveries import Again, Done, Failed
from tests.bot.executor_bench import BARE, CALL, CLAIM, NOW, TEMPLATE, Bench, delivery

FORM = kinds.AddressForm("Where?", "Asha")


async def test_sent(bench: Bench) -> None:
    outcome = await bench.send(kinds.Text("hello"))
    [message] = bench.world.meta.person("919812345601").messages
    assert outcome == Done(CLAIM, message.wamid)
    assert (message.text, message.opaque) == ("hello", "abcdefgh-1.7")


async def test_what_cannot_be_built_is_not_sent(bench: Bench) -> None:
    too_long = await bench.send(kinds.Text("x" * 5000))
    nobody = await bench.send(kinds.Text("hello"), to=())
    assert isinstance(too_long, Failed)
    assert isinstance(nobody, Failed)
    assert bench.world.meta.people == {}


@pytest.mark.parametrize(
    ("fault", "attempts", "seconds"),
    [
        (Fault.http(500), 1, 1),
        (Fault.http(500), 4, 8),
        (Fault.http(429, headers={"Retry-After": "9"}), 1, 9),
        (Fault.http(400, '{"error": {"code": 131056}}'), 3, 16),
        (Fault.http(401), 1, 30),
        (Fault.html(502), 1, 30),
        (Fault.drop_after_accepting(), 1, 30),
    ],
)
async def test_sent_again_later(bench: Bench, fault: Fault, attempts: int, seconds: int) -> None:
    bench.world.meta.fail_next("send", fault)
    outcome = await bench.send(kinds.Text("hello"), attempts=attempts)
    assert isinstance(outcome, Again)
    assert outcome.at == NOW + seconds * 1000
    assert bench.world.secrets.access_token not in outcome.error


async def test_never_sent_again(bench: Bench) -> None:
    bench.world.meta.fail_next("send", Fault.http(400, '{"error": {"code": 131026}}'), Fault.http(500))
    refused = await bench.send(kinds.Text("hello"))
    worn_out = await bench.send(kinds.Text("hello"), attempts=296)
    assert isinstance(refused, Failed)
    assert refused.error.startswith("refused for good")
    assert isinstance(worn_out, Failed)
    assert "after 296 tries" in worn_out.error


async def test_an_address_form(bench: Bench) -> None:
    assert isinstance(await bench.send(FORM), Done)
    [sent] = bench.world.meta.people["919812345601"].messages
    assert (sent.kind, sent.text) == ("address_message", "Where?")


async def test_a_customer_of_another_country_gets_the_words_of_an_address_form(bench: Bench) -> None:
    assert isinstance(await bench.send(FORM, to=(("phone", "6591234567"),)), Done)
    [sent] = bench.world.meta.people["6591234567"].messages
    assert (sent.kind, sent.text) == ("text", "Where?")


@pytest.mark.parametrize("code", [100, 131008, 131009, 131026, 131051, 135000])
async def test_an_address_form_that_meta_refuses_leaves_its_words(bench: Bench, code: int) -> None:
    bench.world.meta.fail_next("send", Fault.http(400, f'{{"error": {{"code": {code}}}}}'))
    assert isinstance(await bench.send(FORM), Done)
    [sent] = bench.world.meta.people["919812345601"].messages
    assert (sent.kind, sent.text) == ("text", "Where?")


@pytest.mark.parametrize("error", [{"code": 131047}, {"code": 131021}, {"code": 100, "error_subcode": 33}])
async def test_what_another_form_would_not_help_is_not_sent_again(
    bench: Bench, error: dict[str, int]
) -> None:
    bench.world.meta.fail_next("send", Fault.http(400, json.dumps({"error": error})))
    assert not isinstance(await bench.send(FORM), Done)
    assert bench.world.meta.people == {}


async def test_a_link(bench: Bench) -> None:
    outcome = await bench.call(CALL)
    [link] = bench.world.razorpay.links.values()
    made = LinkCreated(CALL.reference_id, link.id, link.short_url, LinkStatus.CREATED, Mode.TEST)
    assert outcome == Done(CLAIM, link.id, made)
    assert await bench.call(CALL, attempts=2) == outcome, "a second try finds what the first one made"
    assert len(bench.world.razorpay.links) == 1


async def test_a_link_refused(bench: Bench) -> None:
    outcome = await bench.call(CreateLink(CALL.reference_id, CALL.order_key, 50, "INR", "", CALL.expires_at))
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.result, LinkRefused)
    assert (outcome.result.reference_id, outcome.result.again) == (CALL.reference_id, False)
    assert outcome.result.reason
    assert outcome.notice is not None
    assert outcome.notice.kind == "refused"
    assert outcome.result.reason in outcome.notice.said


async def test_a_link_in_doubt_is_looked_for_and_not_made_twice(bench: Bench) -> None:
    bench.world.razorpay.fail_next("create_link", Fault.drop_after_accepting())
    outcome = await bench.call(CALL)
    assert isinstance(outcome, Again)
    assert outcome.at == NOW + 1000, "the reference id settles it, so there is nothing to wait for"
    bench.world.razorpay.fail_next("create_link", Fault.http(500))
    assert isinstance(await bench.call(CALL, attempts=2), Done), "it is found; nothing is created"
    assert len(bench.world.razorpay.links) == 1


async def test_a_wrong_key_waits_for_a_person(bench: Bench) -> None:
    bench.world.razorpay.fail_next("create_link", Fault.http(401))
    outcome = await bench.call(CALL, attempts=500)
    assert isinstance(outcome, Again)
    assert (outcome.at, outcome.counts) == (NOW + 30_000, False)
    assert bench.world.secrets.key_secret not in outcome.error


async def test_withdrawn(bench: Bench) -> None:
    unknown = await bench.call(CancelLink(CALL.reference_id, None))
    assert unknown == Done(CLAIM, None, LinkWithdrawn(CALL.reference_id, None, LinkStatus.CANCELLED))
    await bench.call(CALL)
    [link] = bench.world.razorpay.links.values()
    for _ in range(2):
        again = await bench.call(CancelLink(CALL.reference_id, link.id))
        assert again == Done(CLAIM, link.id, LinkWithdrawn(CALL.reference_id, link.id, LinkStatus.CANCELLED))
    assert link.status == "cancelled"


async def test_paid_before_it_was_withdrawn(bench: Bench) -> None:
    await bench.call(CALL)
    [link] = bench.world.razorpay.links.values()
    await bench.world.razorpay.pay(link.id)
    outcome = await bench.call(CancelLink(CALL.reference_id, None))
    assert outcome == Done(CLAIM, link.id, LinkWithdrawn(CALL.reference_id, link.id, LinkStatus.PAID))


UNKNOWN_WORDS = '{"error": {"code": "BAD_REQUEST_ERROR", "description": "not today", "metadata": []}}'
ALREADY_PAID = '{"error": {"description": "cannot cancel or expire an already paid / partially paid link"}}'
NO_ROUTE = '{"message": "no Route matched with those values"}'


async def test_a_link_that_razorpay_would_not_cancel_is_known_to_be_kept(bench: Bench) -> None:
    await bench.call(CALL)
    [link] = bench.world.razorpay.links.values()
    cancel = CancelLink(CALL.reference_id, link.id)
    bench.world.razorpay.fail_next("cancel_link", Fault.http(400, UNKNOWN_WORDS), Fault.http(404, NO_ROUTE))
    kept = await bench.call(cancel)
    assert isinstance(kept, Failed)
    assert kept.result == LinkKept(CALL.reference_id, "not today")
    worn_out = await bench.call(cancel, attempts=296)
    assert isinstance(worn_out, Failed)
    assert worn_out.result == LinkKept(CALL.reference_id, "no description")


async def test_only_razorpays_own_word_makes_a_link_unknown(bench: Bench) -> None:
    cancel = CancelLink(CALL.reference_id, "plink_Unknown1")
    bench.world.razorpay.fail_next("cancel_link", Fault.http(404, NO_ROUTE))
    assert isinstance(await bench.call(cancel), Again)
    unknown = await bench.call(cancel)
    assert isinstance(unknown, Failed)
    assert unknown.result == LinkWithdrawn(CALL.reference_id, "plink_Unknown1", LinkStatus.CANCELLED)


async def test_a_cancelled_link_that_can_still_be_paid_is_kept(bench: Bench) -> None:
    await bench.call(CALL)
    [link] = bench.world.razorpay.links.values()
    bench.world.razorpay.fail_next("cancel_link", Fault.http(400, ALREADY_PAID))
    outcome = await bench.call(CancelLink(CALL.reference_id, link.id))
    assert outcome == Done(CLAIM, link.id, LinkKept(CALL.reference_id))


DAY = 24 * 3_600_000
PAID = kinds.Text("Paid!", fallback=TEMPLATE)
CLOSED = Fault.http(400, '{"error": {"code": 131047, "message": "Re-engagement message"}}')


def sent_kinds(bench: Bench) -> list[str]:
    return [message.kind for message in bench.world.meta.person("919812345601").messages]


@pytest.mark.parametrize(
    ("wrote", "message", "refusals", "kind"),
    [
        (NOW - DAY + 1, PAID, 0, "text"),
        (NOW - DAY, PAID, 0, "template"),
        (None, PAID, 0, "text"),
        (None, PAID, 1, "template"),
        (NOW - 1000, PAID, 1, "template"),
        (NOW - DAY + 1, BARE, 0, "text"),
        (NOW - DAY, TEMPLATE, 0, "template"),
    ],
)
async def test_a_template_goes_where_only_that_may(
    bench: Bench, wrote: int | None, message: kinds.Sendable, refusals: int, kind: str
) -> None:
    bench.world.meta.fail_next("send", *[CLOSED] * refusals)
    outcome = await bench.send(message, last_inbound_at=wrote)
    assert isinstance(outcome, Done)
    assert sent_kinds(bench) == [kind]
    [received] = bench.world.meta.person("919812345601").messages
    assert received.opaque == "abcdefgh-1.7"
    assert kind == "text" or received.text == "order_paid: #10001"


@pytest.mark.parametrize(("wrote", "refusals"), [(NOW - DAY, 0), (None, 1), (NOW - 1000, 1)])
async def test_without_a_template_an_operator_hears_of_it(
    bench: Bench, wrote: int | None, refusals: int
) -> None:
    bench.world.meta.fail_next("send", *[CLOSED] * refusals)
    outcome = await bench.send(BARE, last_inbound_at=wrote)
    assert isinstance(outcome, Failed)
    assert outcome.notice is not None
    assert (outcome.notice.kind, outcome.notice.subject) == ("window", "test to abcdefgh-1")
    assert "give the message 'test' a 'template:'" in outcome.notice.said
    assert sent_kinds(bench) == []


async def test_a_template_that_is_refused_is_not_tried_again(bench: Bench) -> None:
    bench.world.meta.fail_next("send", CLOSED, CLOSED)
    outcome = await bench.send(PAID)
    assert isinstance(outcome, Failed)
    assert outcome.notice is not None
    assert (outcome.notice.kind, outcome.notice.subject) == ("message", "test to abcdefgh-1")
    assert "munshi why abcdefgh-1" in outcome.notice.said
    bench.world.meta.fail_next("send", CLOSED)
    assert isinstance(await bench.send(TEMPLATE), Failed)
    assert sent_kinds(bench) == []


def refused(code: int, subcode: int = 0, status: int = 400) -> Fault:
    return Fault.http(
        status, json.dumps({"error": {"code": code, "error_subcode": subcode, "message": "no"}})
    )


@pytest.mark.parametrize(
    ("fault", "roads"),
    [
        (None, ["offers"]),
        (refused(134100), ["common"]),
        (refused(100, 33), ["common"]),  # a version of the API without the endpoint
        (refused(131049), []),
        (refused(131050), []),
        (refused(130429), []),
        (Fault.html(502), []),
    ],
)
async def test_an_offers_template_goes_by_the_road_for_offers(
    bench: Bench, fault: Fault | None, roads: list[str]
) -> None:
    """And by the common one only where that refused it for good, not because of the customer."""
    meta = bench.world.meta
    meta.fail_next("send", *([fault] if fault else []))
    outcome = await bench.send(PAID, last_inbound_at=NOW - DAY, urgency=Urgency.OFFER)
    assert isinstance(outcome, Done) is bool(roads)
    sent = [message.wamid for message in meta.person("919812345601").messages]
    assert ["offers" if wamid in meta.offers else "common" for wamid in sent] == roads


async def test_what_is_no_template_of_an_offer_goes_by_the_common_road(bench: Bench) -> None:
    await bench.send(PAID, last_inbound_at=NOW - 1, urgency=Urgency.OFFER)
    await bench.send(PAID, last_inbound_at=NOW - DAY, urgency=Urgency.REMINDER)
    assert sent_kinds(bench) == ["text", "template"]
    nameless = (("bsuid", bench.world.meta.person("919812345601").user_id),)
    await bench.send(PAID, last_inbound_at=NOW - DAY, urgency=Urgency.OFFER, to=nameless)
    assert (sent_kinds(bench), bench.world.meta.offers) == (["text", "template", "template"], [])


@pytest.mark.parametrize("message", [PAID, BARE])
async def test_an_operator_hears_once_of_offers_that_did_not_arrive(
    bench: Bench, message: kinds.Text
) -> None:
    bench.world.meta.fail_next("send", refused(131049))
    outcome = await bench.send(message, last_inbound_at=NOW - DAY, urgency=Urgency.OFFER)
    assert isinstance(outcome, Failed)
    assert outcome.notice is not None
    assert (outcome.notice.kind, outcome.notice.subject) == ("message", "offer test")


async def test_a_template_in_doubt_is_tried_again_later(bench: Bench) -> None:
    bench.world.meta.fail_next("send", CLOSED, Fault.html(502))
    outcome = await bench.send(PAID)
    assert isinstance(outcome, Again)
    assert outcome.at == NOW + 30_000


@pytest.mark.parametrize(("lane", "name"), [(Lane.CHAT, "whatsapp"), (Lane.PAY, "razorpay")])
async def test_a_refused_account_opens_its_circuit_and_is_told(bench: Bench, lane: Lane, name: str) -> None:
    circuits = bench.executor.traffic.circuits

    async def once(**rest: Any) -> Done | Again | Failed:
        return await (bench.send(BARE, **rest) if lane == Lane.CHAT else bench.call(CALL, **rest))

    if lane == Lane.CHAT:
        bench.world.meta.fail_next("send", Fault.http(401, '{"error": {"code": 190}}'))
    else:
        bench.world.razorpay.fail_next("create_link", Fault.http(401))
    outcome = await once()
    assert isinstance(outcome, Again)
    assert outcome.notice is not None
    assert (outcome.notice.kind, outcome.notice.subject) == ("token", name)
    assert [lane for lane in circuits if circuits[lane].is_open] == (
        [Lane.CHAT] if lane == Lane.CHAT else [Lane.PAY, Lane.POLL]
    )
    assert isinstance(await once(), Done)
    assert circuits[lane].is_open, "it was claimed before"
    await once(claim=replace(CLAIM, leased_until=NOW + LEASE + 1))
    assert not circuits[lane].is_open


async def test_what_is_never_sent_leaves_the_probe_to_the_next(bench: Bench) -> None:
    bench.world.meta.fail_next("send", Fault.http(401))
    await bench.send(BARE)
    circuit = bench.executor.traffic.circuits[Lane.CHAT]
    for message, wrote in ((kinds.Text("x" * 5000), None), (BARE, NOW - DAY)):
        circuit.record_claim(NOW)
        assert circuit.room(9, NOW) == 0
        await bench.send(message, last_inbound_at=wrote)
        assert circuit.room(9, NOW) == 1


async def test_too_fast_a_number_is_slowed(bench: Bench) -> None:
    bench.world.meta.fail_next("send", Fault.http(400, '{"error": {"code": 130429}}'))
    assert isinstance(await bench.send(BARE), Again)
    assert bench.executor.traffic.throughput.rate == 500


@pytest.mark.parametrize(("lane", "seconds"), [(Lane.CHAT, 30), (Lane.PAY, 1)])
async def test_what_nobody_foresaw_is_tried_again(bench: Bench, lane: Lane, seconds: int) -> None:
    outcome = await bench.executor.perform(delivery(lane, {"kind": "of tomorrow", "call": "Refund"}))
    assert isinstance(outcome, Again)
    assert outcome.at == NOW + seconds * 1000
    assert "KeyError" in outcome.error
