"""The sandbox Meta's HTTP API, without a bot."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.faults import Fault
from sandbox.meta import Meta
from sandbox.world import World

NUMBER = "200000000000001"
TEXT = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+919812345670",
    "type": "text",
    "text": {"body": "नमस्ते"},
    "biz_opaque_callback_data": "outbox-1",
}


class Clock:
    now = 1_770_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def world(clock: Clock) -> AsyncIterator[World]:
    async with World.running(now=clock, ticking=False) as world:
        yield world


async def call(
    world: World, message: Any, *, token: str = "sandbox-access-token", number: str = NUMBER
) -> tuple[int, Any]:
    url = f"{world.meta_url}/v25.0/{number}/messages"
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=message, headers=headers) as response,
    ):
        return response.status, await response.json()


async def test_an_accepted_send_names_the_recipient_and_the_message(world: World) -> None:
    status, answer = await call(world, TEXT)
    message = world.meta.person("919812345670").messages[0]
    assert status == 200
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+919812345670", "wa_id": "919812345670"}],
        "messages": [{"id": message.wamid}],
    }
    assert message.wamid.startswith("wamid.HBgM")
    assert (message.kind, message.text, message.opaque) == ("text", "नमस्ते", "outbox-1")


async def test_a_send_to_a_user_id_answers_with_it(world: World) -> None:
    person = world.meta.person("919812345670")
    by_id = {k: v for k, v in TEXT.items() if k != "to"} | {"recipient": person.user_id}
    assert person.user_id == "IN.1000000919812345670"
    _, answer = await call(world, by_id)
    assert answer["contacts"] == [{"input": person.user_id, "user_id": person.user_id}]
    assert len(person.messages) == 1


FORM = {
    "type": "address_message",
    "body": {"text": "Where?"},
    "action": {"name": "address_message", "parameters": {"country": "IN"}},
}


@pytest.mark.parametrize(("number", "code"), [("+919812345670", None), ("+6591234567", 131009)])
async def test_only_an_indian_number_takes_an_address_form(
    world: World, number: str, code: int | None
) -> None:
    form = {"messaging_product": "whatsapp", "to": number, "type": "interactive", "interactive": FORM}
    _, answer = await call(world, form)
    assert answer.get("error", {}).get("code") == code


async def test_an_unknown_user_id_is_undeliverable(world: World) -> None:
    _, answer = await call(world, {**TEXT, "to": None, "recipient": "IN.42"})
    assert answer["error"]["code"] == 131026


async def test_a_wrong_token_is_401_with_code_190(world: World) -> None:
    status, answer = await call(world, TEXT, token="wrong")
    assert (status, answer["error"]["code"], answer["error"]["type"]) == (401, 190, "OAuthException")
    assert "919812345670" not in world.meta.people


async def test_another_phone_number_id_is_unknown(world: World) -> None:
    status, answer = await call(world, TEXT, number="1")
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)


async def test_a_refused_send_has_metas_error_body(world: World) -> None:
    status, answer = await call(world, {**TEXT, "text": {"body": "x" * 4097}})
    error = answer["error"]
    trace = error.pop("fbtrace_id")
    assert status == 400
    assert trace.startswith("A")
    assert error == {
        "message": "(#100) Invalid parameter",
        "type": "OAuthException",
        "code": 100,
        "error_data": {
            "messaging_product": "whatsapp",
            "details": "text.body is longer than 4096 characters",
        },
    }


@pytest.mark.parametrize("body", [[], "text", 5, None])
async def test_a_body_that_is_no_object_is_refused(world: World, body: Any) -> None:
    status, answer = await call(world, body)
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_nobody_writes_to_the_shops_own_number(world: World) -> None:
    _, answer = await call(world, {**TEXT, "to": "+918000000001"})
    assert answer["error"]["code"] == 131021


async def test_the_number_can_be_looked_up(world: World) -> None:
    url, headers = f"{world.meta_url}/v25.0/{NUMBER}", {"Authorization": "Bearer sandbox-access-token"}
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=headers) as response:
            answer = await response.json()
        async with session.get(url) as response:
            assert response.status == 401
    assert answer["id"] == NUMBER
    assert answer["display_phone_number"] == "918000000001"
    assert answer["verified_name"]


async def test_marking_as_read_needs_a_message_that_arrived(world: World) -> None:
    wamid = await world.meta.person("919812345670").write("hi")
    read = {"messaging_product": "whatsapp", "status": "read", "typing_indicator": {"type": "text"}}
    assert await call(world, {**read, "message_id": wamid}) == (200, {"success": True})
    status, answer = await call(world, {**read, "message_id": "wamid.other"})
    assert (status, answer["error"]["code"]) == (400, 131009)
    assert world.meta.marked_read == [wamid]


async def test_pair_rate_is_45_at_once_then_one_in_six_seconds(clock: Clock) -> None:
    async with World.running(now=clock, ticking=False, pair_rate=True, statuses=()) as world:
        assert [(await call(world, TEXT))[0] for _ in range(45)] == [200] * 45
        _, answer = await call(world, TEXT)
        assert answer["error"]["code"] == 131056
        assert (await call(world, {**TEXT, "to": "+919812345671"}))[0] == 200
        clock.now += 5_999
        assert (await call(world, TEXT))[0] == 400
        clock.now += 1
        assert (await call(world, TEXT))[0] == 200
        assert (await call(world, TEXT))[0] == 400


async def test_outside_24_hours_a_send_is_refused(clock: Clock) -> None:
    async with World.running(now=clock, ticking=False, window="refuse") as world:
        _, answer = await call(world, TEXT)
        assert answer["error"]["code"] == 131047
        await world.meta.person("919812345670").write("hi")
        clock.now += 24 * 3600 * 1000 - 1
        assert (await call(world, TEXT))[0] == 200
        clock.now += 1
        assert (await call(world, TEXT))[0] == 400


@pytest.mark.parametrize(("status", "code"), [(429, 130429), (500, 131000), (503, 131016), (401, 190)])
async def test_a_fault_answers_once_and_has_no_effect(world: World, status: int, code: int) -> None:
    world.meta.fail_next("send", Fault.http(status))
    answered, answer = await call(world, TEXT)
    assert (answered, answer["error"]["code"]) == (status, code)
    assert not world.meta.people
    assert (await call(world, TEXT))[0] == 200


async def test_a_broken_edge_answers_html(world: World) -> None:
    world.meta.fail_next("send", Fault.html(502))
    with pytest.raises(aiohttp.ContentTypeError):
        await call(world, TEXT)


async def test_faults_apply_in_order_with_or_without_the_effect(world: World) -> None:
    world.meta.fail_next("send", Fault.refuse_connection(), Fault.drop_after_accepting(), Fault.slow(0))
    with pytest.raises(aiohttp.ClientError):
        await call(world, TEXT)
    assert not world.meta.people
    with pytest.raises(aiohttp.ClientError):
        await call(world, TEXT)
    person = world.meta.people["919812345670"]
    assert len(person.messages) == 1
    assert (await call(world, TEXT))[0] == 200
    assert len(person.messages) == 2


async def test_an_unknown_operation_cannot_fail(world: World) -> None:
    with pytest.raises(ValueError, match="no operation 'sned'"):
        world.meta.fail_next("sned", Fault.http(500))


def test_webhooks_are_signed_over_escaped_bytes() -> None:
    # Digests computed apart from this code: HMAC-SHA256 with the key `example_app_secret`.
    from sandbox.meta_webhooks import signed

    plain = signed("x", {"object": "whatsapp_business_account", "entry": []}, "example_app_secret")
    assert plain.body == b'{"object":"whatsapp_business_account","entry":[]}'
    assert plain.headers["X-Hub-Signature-256"] == (
        "sha256=716a1c4618ea5affca3eb9e271961706f16f8f19e719f21f61c8a1091c80e750"
    )
    accent = signed("x", {"t": "café"}, "example_app_secret")
    assert accent.body == b'{"t":"caf\\u00e9"}'
    assert accent.headers["X-Hub-Signature-256"] == (
        "sha256=bf9de936072771bfb8902aa0ec944dd44e919bbe57a14392766e5014afc46f7a"
    )


def test_the_same_seed_gives_the_same_ids() -> None:
    def wamids(seed: int) -> list[str]:
        meta: Meta = World(now=lambda: 0, seed=seed).meta
        person = meta.person("919812345670")
        return [meta.inbound(person, {"type": "text", "text": {"body": "hi"}}) for _ in range(3)]

    assert wamids(1) == wamids(1)
    assert wamids(1) != wamids(2)
    assert len(set(wamids(1))) == 3
