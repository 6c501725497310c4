"""Any number in a body can be read, written as JSON, and read again."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.json_text import read_object, storable

INFINITE = ["1e999", "-1e999", "1E+309", "9" * 400 + ".5", "Infinity", "-Infinity", "NaN"]


@pytest.mark.parametrize("written", INFINITE)
def test_a_number_that_no_float_holds_is_null(written: str) -> None:
    body = b'{"a": %s, "b": [1.5, %s], "c": "hi"}' % (written.encode(), written.encode())
    read = read_object(body)
    assert read == {"a": None, "b": [1.5, None], "c": "hi"}
    assert storable(read) == read


@given(st.from_regex(r"\A-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?\Z"))
def test_any_number_is_read_as_what_json_can_carry(written: str) -> None:
    read = storable(read_object(b'{"a": %s}' % written.encode()))
    assert orjson.loads(orjson.dumps(read)) == read
    assert read["a"] is None or math.isfinite(read["a"])


def test_an_infinite_number_beside_a_nul_is_null_too() -> None:
    assert storable({"a": math.inf, "b": "x\0y", "c": [-math.inf, math.nan]}) == {
        "a": None, "b": "xy", "c": [None, None],
    }  # fmt: skip
