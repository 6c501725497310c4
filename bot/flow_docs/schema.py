"""Makes the JSON Schema of flow files, with which editors complete and explain what is written."""

import inspect
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bot.flow_docs.descriptions import described
from flows.document.shape import LANGUAGE, NAME, one_or_many
from flows.language.schema import ReactionSpec, StateSpec, flow_spec
from payments.processing.actions import SHOP

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[JsonSchemaValue] = {"type": "string"}
_TEXT_OR_NUMBER: Final[JsonSchemaValue] = {"type": ["string", "number"]}
_DECIMAL: Final[JsonSchemaValue] = {**_TEXT_OR_NUMBER, "pattern": r"^[0-9]+(\.[0-9]{1,2})?$"}
"""With two decimals at most, and no sign, no comma and no word."""
_TEXTS: Final[JsonSchemaValue] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_NAMES: Final[JsonSchemaValue] = {
    "anyOf": [
        {"type": "string", "pattern": NAME},
        {"type": "array", "items": {"type": "string", "pattern": NAME}},
    ]
}
_USE: Final = "Fragments whose keys stand here too, but for those that are written here."
_WRITTEN: Final[Mapping[str, JsonSchemaValue]] = {
    "_quiet": _TEXT, "_life": _TEXT, "_window": _TEXT, "_duration": {"type": ["string", "null"]},
    "_gstin": _TEXT, "time_zone": _TEXT, "calendar_date": _TEXT, "time_of_day": _TEXT, "time_range": _TEXT,
    "time_ranges": _TEXTS, "weekdays": _TEXTS, "_code": _TEXT_OR_NUMBER, "_phone": _TEXT_OR_NUMBER,
    "basis_points": {**_DECIMAL, "minimum": 0, "maximum": 100}, "paise": {**_DECIMAL, "exclusiveMinimum": 0},
    "paise_or_zero": {**_DECIMAL, "minimum": 0},
    "pincode_range": _TEXT_OR_NUMBER, "_days_ahead": _TEXT, "_state": _TEXT_OR_NUMBER,
}  # fmt: skip
"""Validator of what is written -> what may be written."""
_AS_IT_IS: Final = ("_require_text", "_require_true", "_rung")
"""Validators of values that are written as they are kept."""


def schema() -> JsonSchemaValue:
    """Return the JSON Schema of a shop's flow file."""
    made = flow_spec(SHOP.sections).model_json_schema(by_alias=True, schema_generator=_Generator)
    _ask_for(made, [{"required": ["flow", "start", "include"]}, {"not": {"required": ["flow"]}}])
    return {"$schema": DIALECT, **made, "title": "A flow file of Munshi"}


def _ask_for(shape: dict[str, Any], others: list[JsonSchemaValue]) -> None:
    """Ask for the keys that a shape needs only if it is none of `others`."""
    if needed := shape.pop("required", None):
        shape["anyOf"] = [{"required": needed}, *others]


class _Generator(GenerateJsonSchema):
    """Describes what may be written, where pydantic describes what is kept."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model = schema["cls"]
        made.pop("title", None)
        said = described(model)
        for name, info in model.model_fields.items():
            shape = made.get("properties", {}).get(info.alias or name)
            if shape is not None:
                shape.pop("title", None)
                shape.pop("default", None)
                if name in said:
                    shape["description"] = said[name]
        made["description"] = inspect.cleandoc(model.__doc__ or "")
        if model.__module__.startswith("flows.messages.") or issubclass(model, (ReactionSpec, StateSpec)):
            made["properties"]["use"] = {**_NAMES, "description": _USE}
            _ask_for(made, [{"required": ["use"]}])
        return made

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        function: Any = schema["function"]["function"]
        name = function.__name__
        if function is one_or_many:
            listed = self.generate_inner(schema["schema"])
            return {"anyOf": [listed.get("items", {}), listed]}
        if name == "_of_one_kind":
            return _message(self.generate_inner(schema["schema"]))
        if name == "_days_stand_beside_closed":
            return _hours(self.generate_inner(schema["schema"]))
        return dict(_WRITTEN[name]) if name not in _AS_IT_IS else self.generate_inner(schema["schema"])


def _message(kinds: JsonSchemaValue) -> JsonSchemaValue:
    """Return the shape of a message: a text, a text for each language, or one of the kinds."""
    texts = {"type": "object", "patternProperties": {f"^{LANGUAGE.pattern}$": _TEXT}, "minProperties": 1}
    return {"anyOf": [_TEXT, {**texts, "additionalProperties": False}, *kinds["oneOf"]]}


def _hours(kept: JsonSchemaValue) -> JsonSchemaValue:
    """Return the shape of opening hours, in which the days stand beside `closed`."""
    shape = dict(kept)
    properties = dict(shape.pop("properties"))
    return {
        **shape,
        "properties": {"closed": properties["closed"]},
        "additionalProperties": _TEXTS,
        "required": [],
    }
