"""The staff of a simulated shop: who they are, and what they have been told. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from payments.processing.changes import Caused, Told
from payments.processing.step_input import Quoted
from payments.shop.staff import Staff

_FIRST: Final = 2
"""The customer's conversation is the first."""


class NobodyThere(LookupError):
    """There is no such member of the staff, or they have no such message."""


@dataclass
class StaffPhones:
    """The phones of the staff, with all messages that came to them."""

    staff: dict[str, Staff]
    """By conversation."""
    told: list[tuple[str, str, Told]] = field(default_factory=list)
    """(who got it, the conversation that it was about, the message), oldest first."""

    @property
    def quoted(self) -> dict[str, Quoted]:
        """The messages, by the channel's id."""
        return {_id(place): Quoted(about, told.name) for place, (_, about, told) in enumerate(self.told)}

    def receive(self, about: str, told: Iterable[Caused[Told]]) -> None:
        """Take messages that an event of the conversation `about` caused."""
        self.told += [(to, about, one) for _, one in told for to in one.to]

    def conversation(self, name: str) -> str:
        """Return the conversation of the member called `name`. Raises NobodyThere."""
        for conversation, member in self.staff.items():
            if member.name == name:
                return conversation
        names = ", ".join(member.name for member in self.staff.values()) or "nobody"
        raise NobodyThere(f"nobody of the staff is called {name}: there is {names}")

    def reply(self, conversation: str, title: str) -> str:
        """Return the id of the newest reply called `title` that the member has. Raises NobodyThere."""
        told = [one.message for to, _, one in reversed(self.told) if to == conversation]
        offered = [reply for message in told for reply in message.replies]
        found = next((reply.id for reply in offered if reply.title == title), None)
        if found is None:
            titles = ", ".join(dict.fromkeys(reply.title for reply in offered)) or "nothing"
            raise NobodyThere(f"the member has no '{title}': they were offered {titles}")
        return found

    def newest(self, conversation: str) -> str:
        """Return the channel's id of the newest message about another conversation. Raises NobodyThere."""
        for place, (to, about, _) in reversed(list(enumerate(self.told))):
            if to == conversation and about != conversation:
                return _id(place)
        raise NobodyThere("the member has no message to reply to")


def phones_of(staff: Iterable[Staff], installation: str) -> StaffPhones:
    """Return the phones of `staff`. Their conversations follow the customer's."""
    return StaffPhones({f"{installation}-{n}": member for n, member in enumerate(staff, start=_FIRST)})


def named(names: Iterable[str]) -> list[Staff]:
    """Return staff of these names, who may do all."""
    return [Staff(name, f"+9198123456{place:02}") for place, name in enumerate(names, start=71)]


def _id(place: int) -> str:
    return f"told-{place}"
