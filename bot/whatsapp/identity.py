"""Identifies customers by the several names (phone number, BSUID) that Meta gives them.

Source: Meta, WhatsApp Cloud API, "Business-scoped user IDs", 2026.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.whatsapp.loose import Json, identifier, items, line, mapping

Alias: TypeAlias = tuple[str, str]

NAME: Final = 60
"""Maximum UTF-16 units of the name that customers give themselves."""

BSUID: Final = "bsuid"
PARENT: Final = "parent_bsuid"
PHONE: Final = "phone"

_RANK: Final = {BSUID: 0, PARENT: 1, PHONE: 2}
_BSUID_SHAPE: Final = re.compile(r"[A-Z]{2}\.(?P<parent>ENT\.)?[A-Za-z0-9]{1,128}")
_PHONE_SHAPE: Final = re.compile(r"[0-9]{5,20}")


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a message, by all names that we can know them by."""

    aliases: tuple[Alias, ...]
    """(kind, value), best for matching first; kind is `bsuid`, `parent_bsuid` or `phone` (digits only).

    A phone number may be hidden; a BSUID changes when the phone number does.
    """
    name: str | None
    """The name that customers give themselves: one line of at most `NAME` units. Do not trust it."""
    formerly: tuple[Alias, ...] = ()
    """The previous names, if the message reports a changed number or id; `aliases` are then the new ones."""


def sender(message: Json, contact: Json) -> Sender:
    """Return the sender of `message`, or the customer whose number or id it reports as changed.

    In the second case the names outside `system` are taken as the old ones; Meta does not document this.
    """
    system = mapping(message.get("system"))
    before = _aliases(
        (message.get("from_user_id"), contact.get("user_id"), system.get("previous_user_id")),
        (message.get("from_parent_user_id"), contact.get("parent_user_id")),
        (message.get("from"), contact.get("wa_id")),
    )
    if not system:
        return Sender(before, _name(contact))
    after = _aliases(
        (system.get("user_id"),),
        (system.get("parent_user_id"),),
        (system.get("wa_id"), system.get("new_wa_id")),
    )
    formerly = tuple(alias for alias in before if alias not in after)
    return Sender(after, _name(contact), formerly) if after else Sender(before, _name(contact))


def recipient(status: Json, contact: Json) -> tuple[Alias, ...]:
    """Return the names of the recipient of the message that `status` is about."""
    if status.get("recipient_type") == "group":  # the id of a group looks like a phone number
        return ()
    return _aliases(
        (status.get("recipient_user_id"), contact.get("user_id")),
        (status.get("recipient_parent_user_id"), contact.get("parent_user_id")),
        (status.get("recipient_id"), contact.get("wa_id")),
    )


def called(contact: Json) -> tuple[Alias, ...]:
    """Return WhatsApp's names of a recipient, from a contact in the answer to a send."""
    return _aliases((contact.get("user_id"),), (contact.get("parent_user_id"),), (contact.get("wa_id"),))


def aliases_of(bsuids: Iterable[object], phones: Iterable[object]) -> tuple[Alias, ...]:
    """Return the valid aliases among these, best first, without duplicates."""
    return _aliases(bsuids, (), phones)


def contacts_by_id(contacts: object) -> dict[str, Json]:
    """Index the contacts of a webhook value by each of their ids: their order does not match the messages."""
    return {
        id: contact
        for contact in items(contacts)
        if isinstance(contact, dict)
        for id in (contact.get("wa_id"), contact.get("user_id"))
        if isinstance(id, str)
    }


def digits(value: object) -> str | None:
    """Return the digits of a phone number, however it is written; None if it is not one."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    bare = re.sub(r"[+\s().-]", "", value)
    return bare if _PHONE_SHAPE.fullmatch(bare) else None


def _aliases(
    bsuids: Iterable[object], parents: Iterable[object], phones: Iterable[object]
) -> tuple[Alias, ...]:
    """Return the valid aliases among these, best first, without duplicates."""
    aliases = [
        alias
        for kind, values in ((BSUID, bsuids), (PARENT, parents), (PHONE, phones))
        for value in values
        if value is not None and (alias := _alias(kind, value))
    ]
    return tuple(sorted(dict.fromkeys(aliases), key=lambda alias: _RANK[alias[0]]))


def _alias(kind: str, value: object) -> Alias | None:
    """Return the alias in a field meant for `kind`. Its shape decides: phone fields may hold a BSUID."""
    text = identifier(value)
    if text is None:
        return None
    if match := _BSUID_SHAPE.fullmatch(text):
        return (PARENT if match["parent"] else BSUID, text)
    if kind != PHONE:
        return (kind, text)
    phone = digits(text)
    return (kind, phone) if phone else None


def _name(contact: Json) -> str | None:
    name = mapping(contact.get("profile")).get("name")
    return (line(name, NAME) or None) if isinstance(name, str) else None
