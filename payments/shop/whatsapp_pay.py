"""`whatsapp_pay:` of a shop whose customers may pay inside WhatsApp."""

from typing import Annotated, Final

from pydantic import Field

from flows.document.shape import Spec, Texts
from payments.shop.delivery import State

_SWITCH: Final = "whatsapp_pay:"


class Origin(Spec):
    """`origin:`: where the goods come from, as Indian law has it shown of goods that are in no catalogue."""

    country: Annotated[str, Field(min_length=1, max_length=60)] = "India"
    """The country in which they are made."""
    importer: Annotated[str, Field(min_length=1, max_length=60)]
    """Who imports or makes them."""
    address: Annotated[str, Field(min_length=1, max_length=100)]
    """House and street of who imports or makes them."""
    city: Annotated[str, Field(min_length=1, max_length=60)]
    """Their town."""
    pincode: Annotated[str, Field(pattern=r"^[1-9][0-9]{5}$")]
    """Their pincode, in quotes."""

    @property
    def told(self) -> tuple[str, ...]:
        """Country, importer, address, town and pincode."""
        return (self.country, self.importer, self.address, self.city, self.pincode)


class WhatsAppPay(Spec):
    """`whatsapp_pay: {configuration: main, catalogue: "300…"}`."""

    configuration: Annotated[str, Field(min_length=1, max_length=60)]
    """The name of the payment configuration in Meta Business Suite."""
    catalogue: Annotated[str, Field(pattern=r"^[0-9]{0,32}$")] = ""
    """The number of the WhatsApp catalogue that has all products, each under its sku."""
    origin: Origin | None = None
    """Where the goods come from. Needed without a catalogue."""
    city: Annotated[str, Field(max_length=60)] = ""
    """The town in which the shop delivers. Without it, who has something delivered gets a link."""
    state: State = ""
    """The state in which the shop delivers, if the shop has no `gst`: its name, or its code of GST."""
    closed: Texts = "This can no longer be paid here."
    """What customers read when a card is closed."""


def switch_of(configuration: str) -> str:
    """Return the name under which a configuration is switched off while Meta says that it is not active."""
    return f"{_SWITCH}{configuration}"
