"""Request bodies: JSON objects of limited depth, and nothing else. The HTTP side is in tests/world."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.http.bodies import parse_object, read_body
from bot.http.connections import CONNECTIONS, Connections
from bot.json_text import MAX_DEPTH

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()


def nested(levels: int, innermost: str) -> bytes:
    return b'{"a":' * levels + innermost.encode() + b"}" * levels


@pytest.mark.parametrize(
    ("body", "fine"),
    [
        (nested(MAX_DEPTH, "1"), True),
        (nested(MAX_DEPTH - 1, "{}"), True),
        (nested(MAX_DEPTH - 1, "[]"), True),
        (nested(MAX_DEPTH, "[]"), False),
        (nested(MAX_DEPTH, "{}"), False),
        (nested(MAX_DEPTH + 1, "1"), False),
        (nested(200, "1"), False),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", False),
        (b'{"a":[' + b"[]," * 50_000 + b"[]]}", True),
        (b'{"a":"' + b"[" * 1000 + b'"}', True),
        (b"{}", True),
        (b"[]", False),
        (b"null", False),
        (b"", False),
        (b"{", False),
        (b'{"a":NaN}', False),
        (b'{"a":Infinity}', False),
        (b'{"a":1}{"b":2}', False),
        (b"\xef\xbb\xbf{}", False),
        (b'{"a":"\xff"}', False),
        (b"{'a':1}", False),
    ],
)
def test_what_is_an_object(body: bytes, fine: bool) -> None:
    if fine:
        assert parse_object(body) == orjson.loads(body)
        return
    with pytest.raises(web.HTTPBadRequest):
        parse_object(body)


@given(
    st.dictionaries(
        st.text(), st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=10)
    )
)
def test_every_shallow_object_comes_out_as_it_went_in(value: dict[str, Any]) -> None:
    assert parse_object(orjson.dumps(value)) == value


@given(st.binary(max_size=200))
def test_anything_else_is_a_400(body: bytes) -> None:
    with suppress(web.HTTPBadRequest):
        assert isinstance(parse_object(body), dict)


@pytest.mark.parametrize(("connected", "expected"), [(False, web.HTTPBadRequest), (True, RuntimeError)])
async def test_a_connection_that_closes_before_its_body_is_read_is_no_failure(
    connected: bool, expected: type[Exception]
) -> None:
    """aiohttp then raises a RuntimeError. Another one is a fault of ours."""

    class Content:
        def is_eof(self) -> bool:
            return False

        def iter_any(self) -> "Content":
            return self

        def __aiter__(self) -> "Content":
            return self

        async def __anext__(self) -> bytes:
            raise RuntimeError("Connection closed.")

    request = SimpleNamespace(
        headers={}, content_length=9, content=Content(), app={CONNECTIONS: Connections()},
        protocol=SimpleNamespace(connected=connected),
    )  # fmt: skip
    with pytest.raises(expected):
        await read_body(cast(web.Request, request), 100)
