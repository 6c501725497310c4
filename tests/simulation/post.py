"""The post between the outside and the bot: it loses, doubles, delays and repeats webhooks."""

import asyncio
import hashlib
import json
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulation.meta import NUMBER, entry_of
from tests.simulation.weather import HOUR, MINUTE
from tests.simulation.webhook import Webhook

if TYPE_CHECKING:
    from tests.simulation.world import World


class Post:
    """Takes what Meta and Razorpay post, and delivers it to the bot as the world's weather says."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.in_flight: dict[int, Webhook] = {}
        """Webhooks that the bot has not answered yet, by their `id()`."""

    def process_died(self) -> None:
        """Schedule again what the dead process had not answered."""
        for hook in self.in_flight.values():
            self._schedule_retry(hook)
        self.in_flight.clear()

    def from_meta(self, value: dict[str, Any], addresses: frozenset[str] = frozenset()) -> None:
        """Post messages or a status; `addresses` are those that the webhook shows to be one person's."""
        if messages := value.get("messages"):
            what = "move" if messages[0]["type"] == "system" else "message"
            self._send("meta", _change("messages", value), messages[0]["id"], what, addresses)
        else:
            [status] = value["statuses"]
            if payment := status.get("payment"):
                what = "payment" if status["status"] == "captured" else "try"
                key = f"payment:{payment['reference_id']}:{payment['transaction']['id']}"
                self._send("meta", _change("messages", value), key, what, addresses)
                return
            what = "failure" if status["status"] == "failed" else "status"
            entry = entry_of(status["biz_opaque_callback_data"])
            self._send("meta", _change("messages", value), status["id"], what, addresses, entry)

    def from_the_app(self, echo: dict[str, Any], addresses: frozenset[str]) -> None:
        """Post what the owner wrote to a customer in the WhatsApp Business app."""
        body = _change("smb_message_echoes", {"message_echoes": [echo]})
        self._send("meta", body, f"echo:{echo['id']}", "echo", addresses)

    def from_razorpay(self, envelope: dict[str, Any]) -> None:
        """Post an event of Razorpay's, given its body."""
        entity = next(iter(envelope["payload"].values()))["entity"]
        self._world.record("razorpay", f"{envelope['event']} {entity['id']} {entity.get('amount')}")
        self._send("razorpay", envelope, "", envelope["event"])

    def _send(
        self,
        provider: str,
        body: dict[str, Any],
        key: str,
        what: str,
        addresses: frozenset[str] = frozenset(),
        entry: int = 0,
    ) -> None:
        """Schedule the deliveries of one webhook: one, several if it is duplicated, none if it is lost."""
        world = self._world
        raw = json.dumps(body, separators=(",", ":")).encode()
        if world.dice.random() < world.weather.lose and provider == "razorpay":
            world.seen[f"lost: {what}"] += 1
            return
        copies = 1
        if world.dice.random() < world.weather.duplicate:
            world.seen[f"duplicated: {what}"] += 1
            copies = world.dice.choice((2, 3))
        for _ in range(copies):
            wait = world.dice.choice((0, 0, 0, MINUTE))
            if world.dice.random() < world.weather.delay:
                world.seen[f"delayed: {what}"] += 1
                wait = world.dice.choice((MINUTE, 5 * MINUTE, 20 * MINUTE, 3 * HOUR))
            hook = Webhook(provider, raw, key or hashlib.sha256(raw).hexdigest(), what, entry, addresses)
            world.plan(world.now() + wait, partial(self._deliver, hook))

    async def _deliver(self, hook: Webhook) -> None:
        world = self._world
        hook.first_at = hook.first_at or world.now()
        self.in_flight[id(hook)] = hook
        context = world.context
        assert context is not None
        try:
            answered = await self._answer_or_hang_up(hook.deliver(context))
        finally:
            if world.loop is not None and not world.loop.dead:
                self.in_flight.pop(id(hook), None)
        if not answered:
            world.seen[f"hung up: {hook.what}"] += 1
            self._schedule_retry(hook)
        else:
            self._acknowledged(hook)

    def _acknowledged(self, hook: Webhook) -> None:
        world = self._world
        # After a restore, a status may be of a message that the restored books do not contain.
        if not (world.backups.restored and hook.is_status):
            world.meta.addresses_acknowledged(hook.addresses)
        if hook.what == "message":
            world.meta.sent_from[hook.key] = hook.addresses
            world.meta.heard_from |= {world.meta.register.person(address) for address in hook.addresses}
        if hook.is_status:
            world.meta.status_acknowledged(hook.entry, hook.key, failed=hook.what == "failure")
        elif hook.what != "try":
            world.acknowledged[hook.key] = f"{hook.provider} {hook.what}"

    async def _answer_or_hang_up(self, request: Coroutine[Any, Any, None]) -> bool:
        """Run a request; cancel it if its sender hangs up. Return whether the sender got the answer."""
        dice = self._world.dice
        if dice.random() >= self._world.weather.hung_up:
            await request
            return True
        task = asyncio.create_task(request)
        for _ in range(dice.randrange(12)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return not task.cancelled() and task.result() is None

    def _schedule_retry(self, hook: Webhook) -> None:
        if (when := hook.next_try_at(self._world.now())) is not None:
            self._world.plan(when, partial(self._deliver, hook))


def _change(field: str, value: dict[str, Any]) -> dict[str, Any]:
    head = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}}
    change = {"field": field, "value": {**head, **value}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
