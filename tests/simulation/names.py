"""What WhatsApp calls one person: a number, an id, both, and others than yesterday.

Source: Meta, WhatsApp Cloud API, "Business-scoped user IDs"; messages of type `system`.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Names:
    """How one person is known now. `key` is what the simulation calls them: their first number."""

    key: str
    phone: str
    bsuid: str | None = None
    """None: webhooks tell of no id."""
    hides: bool = False
    """Whether webhooks leave the number out."""

    def contact(self) -> dict[str, Any]:
        """The entry of `contacts` in a webhook."""
        contact: dict[str, Any] = {"profile": {"name": "Asha"}}
        if not self.hides:
            contact["wa_id"] = self.phone
        if self.bsuid:
            contact["user_id"] = self.bsuid
        return contact

    def sender(self) -> dict[str, Any]:
        """The fields of a message that say who wrote it."""
        fields = {} if self.hides else {"from": self.phone}
        return {**fields, "from_user_id": self.bsuid} if self.bsuid else fields

    @property
    def told(self) -> frozenset[str]:
        """What a webhook about them says."""
        return frozenset(v for v in (None if self.hides else self.phone, self.bsuid) if v)


@dataclass
class Register:
    """Everybody, by key and by each address they ever had; and what the bot has been told of them."""

    people: dict[str, Names] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    """Key of the person who has, or had, an address."""
    left: dict[str, int] = field(default_factory=dict)
    """When the bot had acknowledged that an address is nobody's any more, in milliseconds."""
    dead: set[str] = field(default_factory=set)
    told: list[frozenset[str]] = field(default_factory=list)
    """Addresses that an acknowledged webhook told together: one person's."""

    def of(self, key: str) -> Names:
        """The names of `key`; at first, a number alone."""
        if key not in self.people:
            self.people[key] = Names(key, key)
            self.holders[key] = key
        return self.people[key]

    def has(self, key: str, bsuid: str, *, hides: bool) -> None:
        """Let webhooks tell the id of `key` from now on."""
        names = self.of(key)
        names.bsuid, names.hides = bsuid, hides
        self.holders[bsuid] = key

    def move(self, key: str, phone: str) -> dict[str, Any]:
        """Let `key` have a new number and a new id; the system message that tells of it."""
        names = self.of(key)
        old = {"from": names.phone, **({"from_user_id": names.bsuid} if names.bsuid else {})}
        self.dead |= {address for address in (names.phone, names.bsuid) if address}
        names.phone = phone
        names.bsuid = f"{names.bsuid}N" if names.bsuid else None
        names.hides = False
        self.holders |= dict.fromkeys(names.told, key)
        new = {"wa_id": phone, **({"user_id": names.bsuid} if names.bsuid else {})}
        return {**old, "type": "system", "system": {"type": "user_changed_number", "body": "moved", **new}}

    def person(self, address: str) -> str:
        """Key of who has, or had, `address`."""
        return self.holders.setdefault(address, address)

    def known_as_one(self) -> list[set[str]]:
        """Addresses that the bot has been told are one person's."""
        groups: list[set[str]] = []
        for addresses in self.told:
            same = [group for group in groups if group & addresses]
            groups = [group for group in groups if group not in same]
            groups.append(set(addresses).union(*same))
        return groups
