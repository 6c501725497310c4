"""Read the fields of a control command: a JSON object, which a person may have typed."""

from typing import Any

import orjson

from sandbox.ladders import Provider


class FieldError(ValueError):
    """A field is missing or has a wrong value."""


class Fields:
    """Reads fields by name. Every method raises FieldError with a message for the sender."""

    def __init__(self, raw: bytes) -> None:
        """`raw` is a JSON object; it may be empty if no field is needed."""
        try:
            fields = orjson.loads(raw or b"{}")
        except orjson.JSONDecodeError as error:
            raise FieldError(f"the body is not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise FieldError("the body must be a JSON object")
        self._fields: dict[str, Any] = fields

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text. Without a default the field is required."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise FieldError(f"the field {name!r} must be a text")
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number. Without a default the field is required."""
        value = self._get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise FieldError(f"the field {name!r} must be a whole number")
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a text, or None if the field is missing."""
        return self.text(name) if self.has(name) else None

    def maybe_number(self, name: str) -> int | None:
        """Return a whole number, or None if the field is missing."""
        return self.number(name) if self.has(name) else None

    def object(self, name: str) -> dict[str, Any]:
        """Return an object."""
        value = self._get(name, None)
        if not isinstance(value, dict):
            raise FieldError(f"the field {name!r} must be an object")
        return value

    def texts(self, name: str) -> dict[str, str]:
        """Return the texts of an object, by their names."""
        value = self._get(name, None)
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise FieldError(f"the field {name!r} must be an object of texts")
        return value

    def fraction(self, name: str, default: float) -> float:
        """Return a number, whole or not."""
        value = self._get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise FieldError(f"the field {name!r} must be a number")
        return float(value)

    def provider(self) -> Provider:
        """Return the field `provider`: `meta`, `razorpay` or `shopify`."""
        match self.text("provider"):
            case "meta":
                return "meta"
            case "razorpay":
                return "razorpay"
            case "shopify":
                return "shopify"
            case other:
                raise FieldError(f"no provider {other!r}; there are meta, razorpay, shopify")

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def _get(self, name: str, default: Any) -> Any:
        value = self._fields.get(name)
        if value is None:
            value = default
        if value is None:
            raise FieldError(f"the field {name!r} is missing")
        return value
