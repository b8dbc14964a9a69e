"""Small pieces of sound leave the server at once."""

from __future__ import annotations

import asyncio
import socket

import pytest

from avatar_app.server.running import listening_socket

pytestmark = pytest.mark.usefixtures("loopback")


def test_no_piece_waits_for_the_acknowledgement_of_the_one_before() -> None:
    """Nagle's algorithm and the client's delayed acknowledgments made pieces wait for 40 ms."""

    async def is_sent_at_once() -> bool:
        sent_at_once: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            sent_at_once.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listening_socket("127.0.0.1", 0) as listening:
            async with await asyncio.start_server(accept, sock=listening):
                _, writer = await asyncio.open_connection(*listening.getsockname())
                option = await sent_at_once
                writer.close()
                return bool(option)

    assert asyncio.run(is_sent_at_once())
