"""Slow and endless answers of Razorpay: no call holds a thread or memory for long."""

import asyncio
import json
import zlib
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from payments.razorpay.transport import MAX_ANSWER

if TYPE_CHECKING:
    from tests.payments.razorpay.conftest import FakeRazorpay, Serve

KEY_ID, KEY_SECRET = "rzp_test_ExampleKey01", "an-invented-key-secret"
BODY = b'{"payment_links": []}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
    b"1\r\n%c\r\n" % byte for byte in BODY
)


@pytest.mark.parametrize(
    ("at_once", "dripped"),
    [(b"", HEAD + BODY), (HEAD, BODY), (CHUNKED[:47], CHUNKED[47:] + b"0\r\n\r\n")],
    ids=["head", "body", "chunks"],
)
async def test_an_answer_that_drips_ends_at_the_deadline(at_once: bytes, dripped: bytes) -> None:
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(at_once)
        for written in range(len(dripped)):
            # Every byte comes well within the time-out, all of them together do not.
            if await _hung_up(reader, within=0.03):
                gone.set_result(None)
                break
            writer.write(dripped[written : written + 1])
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    gateway = Gateway(KEY_ID, KEY_SECRET, url, threads=1, read_timeout=0.25)
    with pytest.raises(GatewayError) as caught:
        await gateway.ping()
    assert (caught.value.reason, caught.value.ambiguous) == (Reason.TIMEOUT, True)
    await asyncio.wait_for(gone, 5)
    await gateway.close()
    server.close()


async def _hung_up(reader: asyncio.StreamReader, within: float) -> bool:
    """Read past the request; True once the other side has closed the connection."""
    try:
        async with asyncio.timeout(within):
            while await reader.read(65_536):
                pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_without_end_is_cut_off(
    fake: "FakeRazorpay", gateway: Gateway, status: int, compressed: bool
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        packer = zlib.compressobj()
        if compressed:
            response.headers["Content-Encoding"] = "deflate"
        await response.prepare(request)
        for _ in range(64):  # 64 MiB
            piece = b" " * 2**20
            await response.write(packer.compress(piece) if compressed else piece)
        return response

    fake.next_answers = [endless]
    with pytest.raises(GatewayError) as caught:
        await gateway.ping()
    assert (caught.value.reason, caught.value.status) == (Reason.UNINTELLIGIBLE, status)
    assert caught.value.ambiguous
    await gateway.ping()
    assert fake.peers[0] != fake.peers[1]


async def test_the_largest_answer_is_read_and_its_connection_kept(
    fake: "FakeRazorpay", serve: "Serve"
) -> None:
    text = json.dumps({"payment_links": []})
    fake.will_say(text + " " * (MAX_ANSWER - len(text)))
    async with serve(threads=1) as gateway:
        await gateway.ping()
        await gateway.ping()
    assert fake.peers[0] == fake.peers[1]


async def test_each_answer_has_its_own_time(fake: "FakeRazorpay", serve: "Serve") -> None:
    """The deadline of one answer is not left on the kept connection for the next."""

    async def late(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return await fake.perform(request)

    fake.next_answers = [late, late, late]
    async with serve(threads=1, read_timeout=0.8) as gateway:
        for _ in range(3):
            await gateway.ping()
    assert len(set(fake.peers)) == 1
