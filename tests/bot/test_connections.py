"""No more connections than agreed, and room again once one has gone."""

import asyncio

from aiohttp import web

from bot.connections import limited


async def answers(port: int) -> tuple[asyncio.StreamWriter, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        return writer, await reader.read(12)
    except ConnectionError:
        return writer, b""


async def test_connections_over_the_limit_are_closed_and_room_is_given_back() -> None:
    async def hello(request: web.BaseRequest) -> web.Response:
        return web.Response(text="hello")

    server = web.Server(hello)
    listening = await asyncio.get_running_loop().create_server(limited(server, most=2), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    first, said = await answers(port)
    assert said == b"HTTP/1.1 200"
    second, said = await answers(port)
    assert said == b"HTTP/1.1 200"
    refused, said = await answers(port)
    assert said == b""
    first.close()
    await first.wait_closed()
    while len(server.connections) > 1:
        await asyncio.sleep(0)
    third, said = await answers(port)
    assert said == b"HTTP/1.1 200"
    for writer in (second, refused, third):
        writer.close()
    listening.close()
    await server.shutdown()
