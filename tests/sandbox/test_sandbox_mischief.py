"""Webhooks that are lost, doubled, late or shuffled, endpoints that are given up, and lasting outages."""

from collections.abc import Callable

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.faults import Fault
from sandbox.ladders import Provider
from sandbox.mischief import Fate, Mischief, Trickster
from sandbox.world import World
from tests.sandbox.webhook_listener import Bot, Clock, call, new_link

DAY = 24 * 3600 * 1000
PAID = ["payment.authorized", "payment.captured", "order.paid", "payment_link.paid"]


def emit(world: World, provider: Provider) -> None:
    """Emit one event, signed by its provider."""
    event = world.meta.signed("message", {}) if provider == "meta" else world.razorpay.signed({"event": "e"})
    world.courier.emit(provider, [event])


def fates(mischief: Mischief, count: int = 2000, provider: Provider = "meta") -> list[Fate]:
    trickster = Trickster(mischief)
    return [trickster.fate(provider) for _ in range(count)]


def test_chances_are_kept() -> None:
    drawn = fates(Mischief(lose=0.1, duplicate=0.2, delay=0.3, most_delay_ms=500, seed=7))
    copies = [late for fate in drawn for late in fate]
    assert 150 < drawn.count(()) < 250
    assert 310 < sum(len(fate) == 2 for fate in drawn) < 410
    assert 0.26 < sum(late > 0 for late in copies) / len(copies) < 0.34
    assert 450 < max(copies) <= 500


def test_nothing_goes_wrong_unless_told() -> None:
    assert set(fates(Mischief())) == {(0,)}


@given(st.integers(), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_seed_repeats_and_providers_do_not_disturb_each_other(
    seed: int, lose: float, duplicate: float, delay: float
) -> None:
    mischief = Mischief(lose=lose, duplicate=duplicate, delay=delay, seed=seed)
    mixed = Trickster(mischief)
    drawn: dict[Provider, list[Fate]] = {"meta": [], "razorpay": []}
    for provider in ("meta", "razorpay", "razorpay", "meta", "razorpay"):
        drawn[provider].append(mixed.fate(provider))
    assert drawn["meta"] == fates(mischief, 2)
    assert drawn["razorpay"] == fates(mischief, 3, "razorpay")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lose": 1.1}, "lose is a chance"),
        ({"delay": -0.1}, "delay is"),
        ({"most_delay_ms": 0}, "at least 1"),
    ],
)
def test_impossible_mischief(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mischief(**wrong)  # type: ignore[arg-type]


async def test_what_is_lost_never_comes(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    world.courier.lose_next("razorpay", 2)
    await world.razorpay.pay(await new_link(world))
    await world.meta.person("919812345670").write("hi")
    await world.quiet()
    assert bot.names == PAID[2:]
    assert len(bot.values) == 1, "the other provider is left alone"
    assert [parcel.event.name for parcel in world.courier.lost] == PAID[:2]
    assert world.courier.scheduled == ()
    clock.now += DAY
    await world.tick()
    assert bot.names == PAID[2:]


async def test_what_is_doubled_comes_twice_under_one_id(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    world.courier.duplicate_next("razorpay")
    await world.razorpay.pay(await new_link(world))
    await world.quiet()
    assert sorted(bot.names) == sorted([PAID[0], *PAID])
    ids = [event_id for _, body, _, event_id in bot.got if body["event"] == PAID[0]]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_what_is_late_is_overtaken(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    world.courier.delay_next("razorpay", 90_000)
    await world.razorpay.pay(await new_link(world))
    await world.quiet()
    assert bot.names == PAID[1:]
    clock.now += 89_999
    await world.tick()
    assert bot.names == PAID[1:]
    clock.now += 1
    await world.tick()
    assert bot.names == [*PAID[1:], PAID[0]]


async def test_orders_are_carried_out_one_by_one_and_before_chance(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    world.courier.mischief = Mischief(lose=1)
    world.courier.duplicate_next("razorpay")
    world.courier.delay_next("razorpay", 5)
    await world.razorpay.pay(await new_link(world))
    await world.quiet()
    assert bot.names == [PAID[0]] * 2
    assert [parcel.event.name for parcel in world.courier.scheduled] == [PAID[1]]
    assert [parcel.event.name for parcel in world.courier.lost] == PAID[2:]


async def test_events_emitted_together_can_be_shuffled(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    world.courier.mischief = Mischief(reorder=1, seed=1)
    await world.razorpay.pay(await new_link(world))
    await world.quiet()
    assert bot.names != PAID
    assert sorted(bot.names) == sorted(PAID)


async def test_late_and_doubled_events_wait_for_a_route_too(world: World, bot: Bot, clock: Clock) -> None:
    world.courier.delay_next("razorpay", 1)
    world.courier.duplicate_next("razorpay")
    await world.razorpay.pay(await new_link(world))
    clock.now += 1
    await world.tick()
    await world.connect(bot.url)
    await world.quiet()
    assert sorted(bot.names) == sorted([PAID[1], *PAID])


async def test_every_copy_comes_or_is_known_to_be_lost(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    world.courier.mischief = Mischief(lose=0.3, duplicate=0.3, delay=0.3, reorder=0.5, seed=3)
    for n in range(10):
        await world.razorpay.pay(await new_link(world, f"c1-{n}.1"))
    clock.now += 60_000
    await world.tick()
    told = {body["payload"]["payment"]["entity"]["id"] + body["event"] for _, body, _, _ in bot.got}
    assert world.courier.scheduled == ()
    assert len(told) + len(world.courier.lost) == 40
    assert len(bot.got) > len(told)


@pytest.mark.parametrize("order", ["lose", "duplicate", "delay", "late"])
async def test_impossible_orders(world: World, order: str) -> None:
    courier = world.courier
    orders: dict[str, Callable[[], None]] = {
        "lose": lambda: courier.lose_next("meta", 0),
        "duplicate": lambda: courier.duplicate_next("meta", -1),
        "delay": lambda: courier.delay_next("meta", 0),
        "late": lambda: courier.delay_next("meta", 1, 0),
    }
    with pytest.raises(ValueError, match="at least 1"):
        orders[order]()


async def test_razorpay_gives_up_an_endpoint_after_a_day_of_failures(
    world: World, bot: Bot, clock: Clock
) -> None:
    await world.connect(bot.url)
    bot.status = 500
    emit(world, "razorpay")
    await world.quiet()
    clock.now += DAY - 1
    emit(world, "razorpay")
    await world.tick()
    assert not world.razorpay.webhook_disabled
    assert len(world.courier.scheduled) == 1
    clock.now += 1
    emit(world, "razorpay")
    await world.quiet()
    assert world.razorpay.webhook_disabled
    assert world.courier.scheduled == ()
    assert len(world.courier.lost) == 3

    bot.status = 200
    bot.got.clear()
    emit(world, "razorpay")
    emit(world, "meta")
    clock.now += DAY
    await world.tick()
    assert [provider for provider, _, _, _ in bot.got] == ["whatsapp"]
    assert len(world.courier.lost) == 4
    world.razorpay.enable_webhook()
    emit(world, "razorpay")
    await world.quiet()
    assert bot.names == ["e"]
    assert not world.razorpay.webhook_disabled


async def test_one_success_is_enough_to_go_on(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    for status in (500, 200, 500):
        bot.status = status
        emit(world, "razorpay")
        await world.quiet()
        clock.now += DAY // 2
    assert [delivery.status for delivery in world.deliveries] == [500, 200, 500]
    assert not world.razorpay.webhook_disabled


async def test_meta_never_gives_up_an_endpoint(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    bot.status = 500
    for _ in range(3):
        emit(world, "meta")
        await world.quiet()
        clock.now += DAY
    assert not world.courier.disabled("meta")


async def test_what_its_ladder_gives_up_is_lost(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    bot.status = 500
    emit(world, "meta")
    await world.quiet()
    clock.now += 7 * DAY
    await world.tick()
    assert world.courier.scheduled == ()
    assert [parcel.event.name for parcel in world.courier.lost] == ["message"]


async def test_an_outage_lasts_until_it_is_over(world: World) -> None:
    world.razorpay.faults.always("list_links", Fault.http(500))
    world.razorpay.fail_next("list_links", Fault.http(429))
    statuses = [(await call(world, "GET", "payment_links"))[0] for _ in range(3)]
    assert statuses == [429, 500, 500]
    assert (await call(world, "GET", "payments"))[0] == 200
    world.razorpay.faults.always("list_links", None)
    world.razorpay.faults.always("list_links", None)
    assert (await call(world, "GET", "payment_links"))[0] == 200
    with pytest.raises(ValueError, match="no operation"):
        world.razorpay.faults.always("list_lunches", None)


async def test_an_expired_token_is_refused_until_renewed(world: World) -> None:
    url = f"{world.meta_url}/v25.0/200000000000001"

    async def ask(session: aiohttp.ClientSession) -> int:
        body = {"messaging_product": "whatsapp", "to": "919812345670", "text": {"body": "hi"}, "type": "text"}
        async with session.post(f"{url}/messages", json=body) as response:
            answer = await response.json()
            assert response.status == 200 or answer["error"] | {"fbtrace_id": ""} == {
                "message": "Error validating access token: Session has expired.",
                "type": "OAuthException",
                "code": 190,
                "error_subcode": 463,
                "fbtrace_id": "",
            }
            return response.status

    async with aiohttp.ClientSession(headers={"Authorization": "Bearer sandbox-access-token"}) as session:
        world.meta.expire_token()
        assert [await ask(session), await ask(session)] == [401, 401]
        async with session.get(url) as response:
            assert response.status == 401
        world.meta.renew_token()
        assert await ask(session) == 200
    assert len(world.meta.person("919812345670").messages) == 1
