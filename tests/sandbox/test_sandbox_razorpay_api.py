"""The sandbox Razorpay's HTTP API and payment page, without a bot."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from payments.signature import matches
from sandbox.faults import Fault
from sandbox.pages import rupees
from sandbox.razorpay_ledger import NotPayableError
from sandbox.razorpay_rules import Refused
from sandbox.world import World
from tests.sandbox.webhook_listener import NOW, Clock

KEY = ("rzp_test_Sandbox000001", "sandbox-key-secret")
WANTED = {
    "amount": 179800,
    "currency": "INR",
    "reference_id": "c1-1.1",
    "description": "Order <1>",
    "expire_by": NOW + 1800,
    "notes": {"order_key": "c1-1"},
    "notify": {"sms": False, "email": False},
    "reminder_enable": False,
}


async def call(
    world: World, method: str, path: str, body: Any = None, key: tuple[str, str] = KEY
) -> tuple[int, Any]:
    auth, url = aiohttp.encode_basic_auth(*key), world.razorpay_url + path
    async with (
        aiohttp.ClientSession(headers={"Authorization": auth}) as session,
        session.request(method, url, json=body) as response,
    ):
        return response.status, await response.json()


async def create(world: World, **changes: Any) -> Any:
    status, link = await call(world, "POST", "/v1/payment_links", {**WANTED, **changes})
    assert status == 200, link
    return link


async def refusal(world: World, method: str, path: str, body: Any = None) -> str:
    """The description of a 400, whose body must have the shape of a payment-link error."""
    status, answer = await call(world, method, path, body)
    description: str = answer["error"].pop("description")
    usual: dict[str, Any] = {
        "code": "BAD_REQUEST_ERROR",
        "metadata": [],
        "reason": None,
        "source": None,
        "step": None,
    }
    assert (status, answer) == (400, {"error": usual})
    return description


async def page(world: World, method: str, path: str, data: Any = None) -> tuple[int, str, str]:
    """Status, text and Location of a page as a browser would fetch it."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, world.razorpay_url + path, data=data, allow_redirects=False) as response,
    ):
        return response.status, await response.text(), response.headers.get("Location", "")


async def test_a_new_link_has_razorpays_shape(world: World) -> None:
    link = await create(world)
    assert link["id"].startswith("plink_")
    assert len(link["id"]) == 20
    assert link.pop("short_url").startswith(f"{world.razorpay_url}/l/")
    del link["id"]
    assert link == {
        "accept_partial": False,
        "amount": 179800,
        "amount_paid": 0,
        "callback_method": "",
        "callback_url": "",
        "cancelled_at": 0,
        "created_at": NOW,
        "currency": "INR",
        "customer": {},
        "description": "Order <1>",
        "expire_by": NOW + 1800,
        "expired_at": 0,
        "first_min_partial_amount": 0,
        "notes": {"order_key": "c1-1"},
        "notify": {"email": False, "sms": False, "whatsapp": False},
        "payments": [],
        "reference_id": "c1-1.1",
        "reminder_enable": False,
        "reminders": {},
        "status": "created",
        "updated_at": NOW,
        "upi_link": False,
        "user_id": "",
        "whatsapp_link": False,
    }


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"amount": None}, "amount: cannot be blank."),
        ({"amount": 99}, "amount: amount should be minimum 1.00 for INR."),
        ({"amount": 1798.0}, "amount: must be an integer."),
        ({"amount": "179800"}, "amount: must be an integer."),
        ({"amount": True}, "amount: must be an integer."),
        ({"amount": 10**9}, "amount exceeds maximum amount allowed."),
        ({"reference_id": "x" * 41}, "reference_id: the length must be no more than 40."),
        ({"description": "x" * 2049}, "description: the length must be no more than 2048."),
        ({"expire_by": NOW + 900}, "expire_by: timestamp must be atleast 15 minutes in future."),
        ({"expire_by": NOW + 200 * 86400}, "expire_by: timestamp must be at most 6 months in future."),
        ({"notes": {str(n): "x" for n in range(16)}}, "notes: number of fields should be less than 15."),
        ({"notes": {"a": "x" * 256}}, "notes: the length must be no more than 255."),
        ({"notes": {"a": 1}}, "notes: values must be strings."),
        ({"callback_url": "https://a.example"}, "callback_url and callback_method: one requires the other."),
        ({"callback_method": "get"}, "callback_url and callback_method: one requires the other."),
        ({"callback_url": "https://a.example", "callback_method": "post"}, "callback_method: must be get."),
        ({"currency": "USD"}, "currency: only INR is allowed for this account."),
        (
            {"customer": {"contact": "+919800000001"}},
            "Recurring digits in customer contact are disallowed",
        ),
        ({"refrence_id": "typo"}, "refrence_id is/are not required and should not be sent"),
        (
            {"upi_link": True},
            "UPI Payment Links is not supported in Test Mode. Please experience the product in Live Mode.",
        ),
    ],
)
async def test_a_link_over_a_limit_is_refused(
    world: World, changes: dict[str, Any], description: str
) -> None:
    assert await refusal(world, "POST", "/v1/payment_links", {**WANTED, **changes}) == description
    assert not world.razorpay.links


async def test_limits_themselves_are_allowed(world: World) -> None:
    link = await create(
        world,
        amount=100,
        reference_id="x" * 40,
        description="d" * 2048,
        expire_by=NOW + 901,
        notes={str(n): "x" * 255 for n in range(15)},
        callback_url="https://shop.example.com/return",
        callback_method="get",
        customer={"name": "Asha", "contact": "+919876543210"},
    )
    assert link["customer"] == {"name": "Asha", "contact": "+919876543210"}


async def test_a_reference_is_never_free_again(world: World) -> None:
    link = await create(world)
    await call(world, "POST", f"/v1/payment_links/{link['id']}/cancel")
    assert await refusal(world, "POST", "/v1/payment_links", WANTED) == (
        "payment link with given reference_id: c1-1.1 already exists."
        " Please create a payment link with a different reference_id"
    )


async def test_links_are_found_by_reference_and_payment(world: World) -> None:
    link, other = await create(world), await create(world, reference_id="c1-1.2")
    payment = await world.razorpay.pay(link["id"])
    assert await call(world, "GET", "/v1/payment_links?reference_id=c1-1.2") == (
        200,
        {"payment_links": [other]},
    )
    assert await call(world, "GET", "/v1/payment_links?reference_id=no") == (200, {"payment_links": []})
    _, by_payment = await call(world, "GET", f"/v1/payment_links?payment_id={payment}")
    assert [found["id"] for found in by_payment["payment_links"]] == [link["id"]]
    _, newest = await call(world, "GET", "/v1/payment_links?count=1")
    assert newest == {"payment_links": [other]}
    _, oldest = await call(world, "GET", "/v1/payment_links?skip=1")
    assert [found["id"] for found in oldest["payment_links"]] == [link["id"]]
    assert "greater than 100" in await refusal(world, "GET", "/v1/payment_links?count=101")


async def test_unknown_ids_and_paths(world: World) -> None:
    for path in ("payment_links/plink_x", "orders/order_x", "orders/order_x/payments", "payments/pay_x"):
        assert await refusal(world, "GET", f"/v1/{path}") == "The id provided does not exist"
    nowhere = (404, {"message": "no Route matched with those values"})
    assert await call(world, "GET", "/v1/nothing") == nowhere
    assert await call(world, "DELETE", "/v1/payment_links/plink_x") == nowhere


async def test_a_wrong_key_is_401(world: World) -> None:
    assert await call(world, "POST", "/v1/payment_links", WANTED, key=("rzp_test_x", "y")) == (
        401,
        {"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}},
    )
    assert not world.razorpay.links


async def test_only_a_created_link_can_be_cancelled(world: World, clock: Clock) -> None:
    links = [await create(world, reference_id=f"c1-{n}.1") for n in range(3)]
    paid, cancelled, expired = (f"/v1/payment_links/{link['id']}/cancel" for link in links)
    await world.razorpay.pay(links[0]["id"])
    status, answer = await call(world, "POST", cancelled)
    assert (status, answer["status"], answer["cancelled_at"]) == (200, "cancelled", NOW)
    clock.now += 1817 * 1000
    await world.razorpay.expire_due()
    _, link = await call(world, "GET", f"/v1/payment_links/{links[2]['id']}")
    assert (link["status"], link["expired_at"]) == ("expired", NOW + 1817)
    assert await refusal(world, "POST", paid) == (
        "cannot cancel or expire an already paid / partially paid link"
    )
    assert await refusal(world, "POST", cancelled) == "cannot cancel or expire a cancelled link"
    assert await refusal(world, "POST", expired) == "cannot cancel or expire an expired link"
    with pytest.raises(Refused):
        await world.razorpay.cancel(links[0]["id"])
    for link in links:
        with pytest.raises(NotPayableError):
            await world.razorpay.pay(link["short_url"])


async def test_failures_then_a_success_share_one_order(world: World) -> None:
    link = await create(world)
    failed = await world.razorpay.fail(link["id"], reason="payment_cancelled", method="card")
    paid = await world.razorpay.pay(link["short_url"])
    _, fetched = await call(world, "GET", f"/v1/payment_links/{link['id']}")
    assert (fetched["status"], fetched["amount_paid"], fetched["payments"]) == ("paid", 179800, [])
    _, order = await call(world, "GET", f"/v1/orders/{fetched['order_id']}")
    assert (order["receipt"], order["status"], order["attempts"]) == ("c1-1.1", "paid", 2)
    assert (order["amount_paid"], order["amount_due"]) == (179800, 0)
    _, tried = await call(world, "GET", f"/v1/orders/{fetched['order_id']}/payments")
    assert (tried["entity"], tried["count"]) == ("collection", 2)
    assert [(p["id"], p["status"]) for p in tried["items"]] == [(paid, "captured"), (failed, "failed")]
    _, payment = await call(world, "GET", f"/v1/payments/{paid}")
    assert payment == tried["items"][0]
    assert (payment["fee"], payment["tax"], payment["notes"]) == (4243, 647, {"order_key": "c1-1"})
    assert payment["description"] == "#" + link["id"].removeprefix("plink_")
    assert tried["items"][1]["error_reason"] == "payment_cancelled"
    assert tried["items"][1]["card"]["id"] == tried["items"][1]["card_id"]
    _, last = await call(world, "GET", "/v1/payments?count=1")
    assert [p["id"] for p in last["items"]] == [paid]


async def test_the_page_shows_amount_and_buttons_and_makes_the_order(world: World) -> None:
    link = await create(world)
    path = urlsplit(link["short_url"]).path
    assert world.razorpay.links[link["id"]].order_id is None
    status, html, _ = await page(world, "GET", path)
    assert status == 200
    assert "₹1,798.00" in html
    assert "Order &lt;1&gt;" in html
    assert f'action="{path}/pay"' in html
    assert f'action="{path}/fail"' in html
    assert len(world.razorpay.orders) == 1

    assert (await page(world, "POST", f"{path}/fail"))[::2] == (303, f"{path}?failed=1")
    assert "failed" in (await page(world, "GET", f"{path}?failed=1"))[1]
    assert (await page(world, "POST", f"{path}/pay", {"method": "card"}))[::2] == (303, path)
    _, html, _ = await page(world, "GET", path)
    assert "Payment successful" in html
    assert "<form" not in html
    assert (await page(world, "POST", f"{path}/pay"))[::2] == (303, path)
    assert [p.status for p in world.razorpay.payments.values()] == ["failed", "captured"]


async def test_the_page_of_a_link_past_its_time_takes_no_money(world: World, clock: Clock) -> None:
    path = urlsplit((await create(world))["short_url"]).path
    clock.now += 1800 * 1000
    _, html, _ = await page(world, "GET", path)
    assert "expired" in html
    assert "<form" not in html
    await page(world, "POST", f"{path}/pay")
    assert not world.razorpay.payments


async def test_an_unknown_page_is_404(world: World) -> None:
    assert (await page(world, "GET", "/l/nothing"))[0] == 404


async def test_a_paid_page_leads_back_to_the_callback_with_a_signature(world: World) -> None:
    link = await create(world, callback_url="https://shop.example.com/return", callback_method="get")
    _, _, location = await page(world, "POST", urlsplit(link["short_url"]).path + "/pay")
    assert location.startswith("https://shop.example.com/return?")
    query = {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}
    message = f"{link['id']}|c1-1.1|paid|{query['razorpay_payment_id']}"
    assert matches(message.encode(), query["razorpay_signature"], KEY[1])
    assert query["razorpay_payment_link_reference_id"] == "c1-1.1"
    assert query["razorpay_payment_link_status"] == "paid"


@pytest.mark.parametrize(
    ("fault", "status", "code", "description"),
    [
        (Fault.http(429, headers={"Retry-After": "3"}), 429, "BAD_REQUEST_ERROR", "Too many requests"),
        (Fault.http(401), 401, "BAD_REQUEST_ERROR", "Authentication failed"),
        (Fault.http(500), 500, "SERVER_ERROR", "We are facing some trouble"),
    ],
)
async def test_faults_have_razorpays_bodies(
    world: World, fault: Fault, status: int, code: str, description: str
) -> None:
    world.razorpay.fail_next("create_link", fault)
    answered, answer = await call(world, "POST", "/v1/payment_links", WANTED)
    assert (answered, answer["error"]["code"]) == (status, code)
    assert answer["error"]["description"].startswith(description)
    assert not world.razorpay.links


@pytest.mark.parametrize("operation", ["create_link", "fetch_link", "list_links", "cancel_link"])
async def test_every_operation_can_lose_its_answer(world: World, operation: str) -> None:
    link = await create(world)
    calls = {
        "create_link": ("POST", "/v1/payment_links", {**WANTED, "reference_id": "c1-1.2"}),
        "fetch_link": ("GET", f"/v1/payment_links/{link['id']}", None),
        "list_links": ("GET", "/v1/payment_links", None),
        "cancel_link": ("POST", f"/v1/payment_links/{link['id']}/cancel", None),
    }
    # Twice, since aiohttp's client itself tries a lost GET once more.
    world.razorpay.fail_next(operation, Fault.drop_after_accepting(), Fault.drop_after_accepting())
    with pytest.raises(aiohttp.ClientError):
        await call(world, *calls[operation])
    assert len(world.razorpay.links) == (2 if operation == "create_link" else 1)
    cancelled = world.razorpay.links[link["id"]].status == "cancelled"
    assert cancelled == (operation == "cancel_link")


async def test_a_bank_may_say_yes_after_the_link_is_over(world: World) -> None:
    link = await create(world)
    failed = await world.razorpay.fail(link["id"], reason="payment_timed_out")
    await world.razorpay.cancel(link["id"])
    await world.razorpay.settle_late(failed)
    assert world.razorpay.payments[failed].status == "captured"
    assert world.razorpay.links[link["id"]].status == "cancelled"
    with pytest.raises(NotPayableError):
        await world.razorpay.settle_late(failed)


def test_amounts_are_written_the_indian_way() -> None:
    assert rupees(12345600) == "₹1,23,456.00"
    assert rupees(5) == "₹0.05"
