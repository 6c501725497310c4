"""The customers of the sandbox Meta, the messages they received, and what they can do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]


class NothingToFill(LookupError):
    """The person has no message with an address form."""


class Choice(NamedTuple):
    """A reply button or a list row in a message."""

    id: str
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that the business sent and Meta accepted."""

    wamid: str
    payload: Mapping[str, Any]
    """The body of the API call as it was posted."""
    at: int
    """Milliseconds since 1970, UTC."""

    @property
    def kind(self) -> str:
        """`text`, `template`, a kind of file, or of interactive message: `button`, `list`, `cta_url`, …"""
        kind: str = self.payload.get("type", "text")
        return self.payload["interactive"]["type"] if kind == "interactive" else kind

    @property
    def text(self) -> str:
        """The body, the caption of a file, or a template's name with its parameters."""
        match self.kind:
            case "text":
                return str(self.payload["text"]["body"])
            case "template":
                template = self.payload["template"]
                bodies = [part for part in template.get("components", []) if part["type"] == "body"]
                values = [value["text"] for body in bodies for value in body["parameters"]]
                return f"{template['name']}: {', '.join(values)}"
            case "button" | "list" | "cta_url" | "address_message" | "order_details" | "order_status":
                return str(self.payload["interactive"]["body"]["text"])
            case file:
                return str(self.payload[file].get("caption", ""))

    @property
    def choices(self) -> list[Choice]:
        """The buttons or rows, in the order in which they are shown.

        The titles of a template's quick replies are not in the payload: `1`, `2`, … stand for them.
        """
        match self.kind:
            case "template":
                parts = self.payload["template"].get("components", [])
                quick = [part["parameters"][0]["payload"] for part in parts if part["type"] == "button"]
                replies = [{"id": id, "title": str(number)} for number, id in enumerate(quick, start=1)]
            case "button":
                replies = [button["reply"] for button in self.payload["interactive"]["action"]["buttons"]]
            case "list":
                sections = self.payload["interactive"]["action"]["sections"]
                replies = [row for section in sections for row in section["rows"]]
            case _:
                replies = []
        return [Choice(reply["id"], reply["title"], reply.get("description")) for reply in replies]

    @property
    def url(self) -> str | None:
        """The URL of a link button; None in other messages."""
        if self.kind != "cta_url":
            return None
        return str(self.payload["interactive"]["action"]["parameters"]["url"])

    @property
    def card(self) -> str | None:
        """The reference id of the order card that it shows; None in other messages."""
        if self.kind != "order_details":
            return None
        return str(self.payload["interactive"]["action"]["parameters"]["reference_id"])

    @property
    def opaque(self) -> str | None:
        """The sender's own `biz_opaque_callback_data`."""
        value: str | None = self.payload.get("biz_opaque_callback_data")
        return value

    def choice(self, title: str) -> str:
        """Return the id of the button or row `title`. Raises LookupError if there is none."""
        for choice in self.choices:
            if choice.title == title:
                return choice.id
        raise LookupError(f"no choice {title!r}; there are {[choice.title for choice in self.choices]}")


class Network(Protocol):
    """What a person's phone needs of Meta. Both methods post a webhook in the background."""

    def inbound(self, person: "Person", message: Json) -> str:
        """Send a message to the business and return its wamid."""

    def status(self, person: "Person", message: ReceivedMessage, status: str) -> None:
        """Send the business a status of one of its messages."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What a person sent to the business."""

    words: str
    """The text, or the title that was tapped; of anything else its kind, in brackets."""
    before: int
    """How many messages the person had received by then."""
    wamid: str
    message: Mapping[str, Any]
    """What the webhook says of it: its `type`, its content, and in `context` what it replies to."""
    at: int
    """Milliseconds since 1970, UTC."""


def words_of(message: Json) -> str:
    """Return what a person reads of a message of their own: see `SentMessage`."""
    kind = message["type"]
    match kind:
        case "text":
            return str(message["text"]["body"])
        case "button":
            return str(message["button"]["text"])
        case "interactive":
            content = message["interactive"]
            reply = content[content["type"]]
            return str(reply.get("title") or reply.get("body") or f"[{content['type']}]")
        case _:
            return f"[{kind}]"


@dataclass(slots=True)
class Person:
    """A customer with a phone. `Meta.person` creates it."""

    wa_id: str
    """Phone number, digits only."""
    name: str
    user_id: str
    """Business-scoped user id (`IN.…`)."""
    business: str
    """The business's phone number, digits only."""
    network: Network = field(repr=False)
    messages: list[ReceivedMessage] = field(default_factory=list)
    """Everything the business sent, in the order it was accepted."""
    sent: list[SentMessage] = field(default_factory=list)
    """Everything the person sent, oldest first."""
    statuses: dict[str, str] = field(default_factory=dict)
    """The newest status of each message of the business, by wamid: `sent`, `delivered`, `read`, `failed`."""
    hides_phone: bool = False
    """The customer uses a username: webhooks carry only the user id."""
    has_old_app: bool = False
    """The app cannot show address forms and order cards: they are accepted and fail later with 131026."""
    unreachable: bool = False
    """Messages are accepted and fail later with 131026."""
    last_wrote_at: int | None = None
    """Milliseconds since 1970, UTC; opens the 24-hour window."""

    async def write(self, text: str) -> str:
        """Send a text message and return its wamid."""
        return await self.send("text", {"body": text})

    async def reply(self, text: str, wamid: str) -> str:
        """Send a text in reply to the message with this wamid, and return the text's own."""
        quoted = {"from": self.business, "id": wamid}
        return self.network.inbound(self, {"context": quoted, "type": "text", "text": {"body": text}})

    async def send(self, kind: str, body: Json) -> str:
        """Send another kind of message (`sticker`, `image`, `location`, `reaction`) and return its wamid."""
        return self.network.inbound(self, {"type": kind, kind: body})

    async def tap(self, title_or_id: str, message: ReceivedMessage | None = None) -> str:
        """Tap a button or row of `message`, or of the newest message that has it; return the wamid.

        Raises LookupError if no message has a button or row with that title or id.
        """
        candidates = [message] if message else list(reversed(self.messages))
        for candidate in candidates:
            for choice in candidate.choices:
                if title_or_id in (choice.title, choice.id):
                    return self.network.inbound(self, self._reply(candidate, choice))
        raise LookupError(f"nothing called {title_or_id!r} to tap")

    async def fill(self, values: Json) -> str:
        """Send the newest address form back, with `values` as in Meta's documentation; return the wamid.

        Raises NothingToFill.
        """
        form = next((one for one in reversed(self.messages) if one.kind == "address_message"), None)
        if form is None:
            raise NothingToFill("no message has an address form to fill in")
        reply = {
            "name": "address_message",
            "body": "\n".join(str(value) for value in values.values()),
            "response_json": json.dumps({"values": values}),
        }
        return self.network.inbound(self, self._answer(form, "nfm_reply", reply))

    async def read(self) -> None:
        """Send a read receipt for the last message. Raises LookupError if there is none."""
        if not self.messages:
            raise LookupError("nothing to read yet")
        self.network.status(self, self.messages[-1], "read")

    async def read_all(self) -> None:
        """Send a read receipt for each message that the person has not read."""
        for message in self.messages:
            if self.statuses.get(message.wamid) != "read":
                self.network.status(self, message, "read")

    def _reply(self, message: ReceivedMessage, choice: Choice) -> Json:
        if message.kind == "template":
            quoted = {"from": self.business, "id": message.wamid}
            return {
                "context": quoted,
                "type": "button",
                "button": {"payload": choice.id, "text": choice.title},
            }
        kind = "button_reply" if message.kind == "button" else "list_reply"
        reply: Json = {"id": choice.id, "title": choice.title}
        if choice.description is not None:
            reply["description"] = choice.description
        return self._answer(message, kind, reply)

    def _answer(self, message: ReceivedMessage, kind: str, content: Json) -> Json:
        return {
            "context": {"from": self.business, "id": message.wamid},
            "type": "interactive",
            "interactive": {"type": kind, kind: content},
        }
