"""The names by which WhatsApp knows a person: a phone number, a BSUID or both; they may change.

Source: Meta, WhatsApp Cloud API, "Business-scoped user IDs"; messages of type `system`.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Names:
    """The current names of one person. `key` is the simulation's own name for them: their first number."""

    key: str
    phone: str
    bsuid: str | None = None
    """None: webhooks carry no BSUID."""
    hides: bool = False
    """Whether webhooks omit the number."""

    def contact(self) -> dict[str, Any]:
        """Return the person's entry in the `contacts` of a webhook."""
        contact: dict[str, Any] = {"profile": {"name": "Asha"}}
        if not self.hides:
            contact["wa_id"] = self.phone
        if self.bsuid:
            contact["user_id"] = self.bsuid
        return contact

    def sender(self) -> dict[str, Any]:
        """Return the fields of a message that name its sender."""
        fields = {} if self.hides else {"from": self.phone}
        return {**fields, "from_user_id": self.bsuid} if self.bsuid else fields

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses that a webhook about the person shows."""
        return frozenset(v for v in (None if self.hides else self.phone, self.bsuid) if v)


@dataclass
class Register:
    """All people by key and by every address they ever had, and what the bot knows of their addresses."""

    people: dict[str, Names] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    """Address → key of the person who has or had it."""
    given_up: set[str] = field(default_factory=set)
    """Addresses that nobody has any more."""
    given_up_known_at: dict[str, int] = field(default_factory=dict)
    """Address → when the bot acknowledged the webhook that shows it as given up, in milliseconds."""
    shown: list[frozenset[str]] = field(default_factory=list)
    """For each acknowledged webhook, the addresses that it shows to be one person's."""

    def names_of(self, key: str) -> Names:
        """Return the names of `key`; a new person has only a number."""
        if key not in self.people:
            self.people[key] = Names(key, key)
            self.holders[key] = key
        return self.people[key]

    def show_bsuid(self, key: str, bsuid: str, *, hides: bool) -> None:
        """Give `key` a BSUID that webhooks show from now on; `hides` says whether they omit the number."""
        names = self.names_of(key)
        names.bsuid, names.hides = bsuid, hides
        self.holders[bsuid] = key

    def change_number(self, key: str, phone: str) -> dict[str, Any]:
        """Give `key` a new number and a new BSUID; return the system message about it."""
        names = self.names_of(key)
        old = {"from": names.phone, **({"from_user_id": names.bsuid} if names.bsuid else {})}
        self.given_up |= {address for address in (names.phone, names.bsuid) if address}
        names.phone = phone
        names.bsuid = f"{names.bsuid}N" if names.bsuid else None
        names.hides = False
        self.holders |= dict.fromkeys(names.addresses, key)
        new = {"wa_id": phone, **({"user_id": names.bsuid} if names.bsuid else {})}
        return {**old, "type": "system", "system": {"type": "user_changed_number", "body": "moved", **new}}

    def person(self, address: str) -> str:
        """Return the key of the person who has or had `address`."""
        return self.holders.setdefault(address, address)

    def forget(self, key: str) -> None:
        """The bot has forgotten `key`, and with them what it knew of their addresses."""
        addresses = {address for address, holder in self.holders.items() if holder == key}
        self.shown = [shown for shown in self.shown if not shown & addresses]
        for address in addresses:
            self.given_up_known_at.pop(address, None)

    def known_as_one(self) -> list[set[str]]:
        """Return the groups of addresses that acknowledged webhooks show to be one person's."""
        groups: list[set[str]] = []
        for addresses in self.shown:
            same = [group for group in groups if group & addresses]
            groups = [group for group in groups if group not in same]
            groups.append(set(addresses).union(*same))
        return groups
