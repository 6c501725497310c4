"""The people who run the shop: their numbers, and what each of them may do. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from flows.document.shape import one_or_many
from flows.engine.variables import Variable, parse


class Right(StrEnum):
    """What a member of the staff may do."""

    ORDERS = "orders"
    """Move orders on."""
    MONEY = "money"
    """Give money back."""
    CHAT = "chat"
    """Talk to customers: the texts of a customer who asked for a person come to them."""


ALL: Final = frozenset(Right)


@dataclass(frozen=True, slots=True)
class Staff:
    """One member of the staff."""

    name: str
    phone: str
    """E.164: `+919800000001`."""
    may: frozenset[Right] = ALL


StaffMap: TypeAlias = Mapping[str, Staff]
"""By the public id of their conversation at the channel."""


def _phone(value: Any) -> str:
    phone = parse(Variable(type="phone"), str(value))
    if phone is None:
        raise ValueError("not a phone number: check its digits, and its country code, like +919800000001")
    return str(phone)


Phone: TypeAlias = Annotated[str, BeforeValidator(_phone)]
"""Kept in E.164. One that is written without a country code is Indian."""
CUSTOMER: Final = "customer"
"""Stands in the place of a member's name where the customer did something themselves."""


def member_name(name: str) -> str:
    """Return `name`. Raises ValueError if it would read as if the customer had done it."""
    if name.strip().casefold() == CUSTOMER:
        raise ValueError(f"nobody of the staff can be called '{name}': it stands for who buys")
    return name


class StaffSpec(BaseModel):
    """One member of the staff, as the flow file has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(member_name)]
    """Their name."""
    phone: Phone
    """Their WhatsApp number; one without a country code is Indian."""
    may: Annotated[list[Right], BeforeValidator(one_or_many), Field(min_length=1)] = list(Right)
    """What they may do: `orders`, `money`, `chat`."""

    @property
    def staff(self) -> Staff:
        """The member as a value."""
        return Staff(self.name, self.phone, frozenset(self.may))


def by_number(numbers: str) -> list[StaffSpec]:
    """Return the staff of a list of phone numbers with commas between them. Each may do all.

    Raises ValueError, naming the place in the list, for one that is no phone number.
    """
    found = []
    for place, number in enumerate(numbers.split(","), start=1):
        try:
            phone = _phone(number.strip())
        except ValueError as error:
            raise ValueError(f"its number {place} is {error}") from None
        found.append(StaffSpec(name=phone, phone=phone))
    return found


def distinct(staff: Sequence[StaffSpec]) -> list[StaffSpec]:
    """Return `staff`. Raises ValueError if two of them have one number."""
    places: dict[str, int] = {}
    for place, member in enumerate(staff, start=1):
        if (first := places.setdefault(member.phone, place)) != place:
            raise ValueError(f"the staff's numbers {first} and {place} are the same: take one of them out")
    return list(staff)


def who_may(right: Right, staff: StaffMap) -> tuple[str, ...]:
    """Return the conversations of those of `staff` who have `right`."""
    return tuple(conversation for conversation, member in staff.items() if right in member.may)
