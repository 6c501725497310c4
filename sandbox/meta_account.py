"""The shop's account at the sandbox Meta: its webhook address and its subscription.

Sources: as in `bot.whatsapp.account`.
"""

from sandbox.meta_errors import Refused
from sandbox.people import Json

ACCOUNT_ID = "100000000000001"
APP_ID = "300000000000001"
_MANAGEMENT = "whatsapp_business_management"
_UNSUBSCRIBED = (
    "Your app is not subscribed to the message webhook. This means you will not receive any messages sent to "
    "your phone number."
)


class Account:
    """One WhatsApp business account with one number and one app."""

    def __init__(self, phone_number_id: str, display_phone_number: str) -> None:
        self.webhook: str | None = None
        """The app's callback address; None if it was never set."""
        self.override: str | None = None
        """The number's own callback address; it gets the number's messages in place of the app's."""
        self.is_subscribed = True
        """Whether the app is subscribed to the account."""
        self.hears_messages = True
        """Whether the app is subscribed to the webhook field `messages`."""
        self.token_may_manage = True
        """Whether the access token has the permission `whatsapp_business_management`."""
        self._number: Json = {
            "verified_name": "Sandbox shop",
            "display_phone_number": display_phone_number,
            "quality_rating": "GREEN",
            "id": phone_number_id,
        }

    def number(self, fields: str | None) -> Json:
        """Return the number with `fields` (separated by commas) and its id; without `fields`, Meta's default.

        Raises Refused for a field that does not exist, or that the token may not see.
        """
        if fields is None:
            return self._number
        return {**{k: v for name in fields.split(",") for k, v in self._field(name).items()}, **self._id()}

    def subscribed_apps(self) -> Json:
        """Return the apps subscribed to the account. Raises Refused if the token may not see them."""
        self._require_management()
        app = {"id": APP_ID, "name": "Sandbox shop", "link": "https://example.com/"}
        return {"data": [{"whatsapp_business_api_data": app}] if self.is_subscribed else []}

    def _id(self) -> Json:
        return {"id": self._number["id"]}

    def _field(self, name: str) -> Json:
        """Return a field with its value; nothing if it is empty, as the Graph API does."""
        if name in self._number:
            return {name: self._number[name]}
        if name not in ("webhook_configuration", "health_status"):
            raise Refused(100, f"Tried accessing nonexisting field ({name}).")
        self._require_management()
        if name == "health_status":
            return {name: self._health()}
        levels = {"phone_number": self.override, "application": self.webhook}
        shown = {level: address for level, address in levels.items() if address is not None}
        return {name: shown} if shown else {}

    def _health(self) -> Json:
        ids = (("PHONE_NUMBER", self._number["id"]), ("WABA", ACCOUNT_ID), ("BUSINESS", "400000000000001"))
        healthy = [{"entity_type": kind, "id": id, "can_send_message": "AVAILABLE"} for kind, id in ids]
        app: Json = {"entity_type": "APP", "id": APP_ID, "can_send_message": "AVAILABLE"}
        if not self.hears_messages:
            app |= {"can_send_message": "LIMITED", "additional_info": [_UNSUBSCRIBED]}
        return {"can_send_message": app["can_send_message"], "entities": [*healthy, app]}

    def _require_management(self) -> None:
        if not self.token_may_manage:
            raise Refused(200, f"The access token lacks the permission {_MANAGEMENT}.")
