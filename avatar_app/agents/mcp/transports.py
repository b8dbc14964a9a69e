"""Ways to a server that hold no more than a bounded answer in memory, and end what they started.

As the SDK's transports (modelcontextprotocol.io, specification 2025-11-25, basic/transports), with
limits: a line of a program's output, the body of an HTTP response. Loads the SDK.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import httpx2
import mcp.types as mcp_types
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp.client.stdio import get_default_environment
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

LARGEST_MESSAGE = 4 * 2**20
"""Bytes of one message of a server."""
LARGEST_BODY = 8 * 2**20
"""Bytes of one HTTP response, which may be a stream of messages."""
CONNECT_SECONDS = 10.0
_ENDING_SECONDS = 2.0
"""How long a program may take to end by itself."""


class AnswerTooLarge(Exception):
    """A server sent more than is taken."""


class BoundedBody(httpx2.AsyncByteStream):
    """The body of a response, up to a limit."""

    def __init__(self, body: Any, most: int) -> None:
        self._body, self._left = body, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self._left -= len(chunk)
            if self._left < 0:
                raise httpx2.StreamError("The server sent too much.")
            yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Refuses large and compressed responses: a few bytes can expand to gigabytes."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.RemoteProtocolError("The server sent a compressed answer.")
        response.stream = BoundedBody(response.stream, LARGEST_BODY)
        return response


@asynccontextmanager
async def http_transport(url: str, headers: Mapping[str, str]) -> AsyncIterator[Any]:
    """Connect to an address. The streams are those of the SDK."""
    timeout = httpx2.Timeout(CONNECT_SECONDS, read=None)  # each call has a limit of its own
    identity = {**headers, "Accept-Encoding": "identity"}
    async with (
        httpx2.AsyncClient(
            transport=BoundedTransport(), headers=identity, timeout=timeout
        ) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield streams


@asynccontextmanager
async def program_transport(
    command: tuple[str, ...], env: Mapping[str, str], log: int
) -> AsyncIterator[Any]:
    """Start a program and talk to it by its standard input and output; `log` takes its errors.

    Raises FileNotFoundError where there is no such program. At the end the program and all that it
    started are ended.
    """
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(command[0])
    process = await anyio.open_process(
        [program, *command[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**get_default_environment(), **env},
        start_new_session=True,
    )
    to_session, from_server = anyio.create_memory_object_stream[Any](0)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read, process, to_session)
        tasks.start_soon(_write, process, from_session)
        try:
            yield from_server, to_server
        finally:
            with anyio.CancelScope(shield=True):
                to_server.close()
                await _end(process)
            tasks.cancel_scope.cancel()
            for stream in (to_session, from_server, to_server, from_session):
                stream.close()


async def _read(process: Process, to_session: Any) -> None:
    assert process.stdout is not None
    lines = BufferedByteReceiveStream(process.stdout)
    gone = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)
    with to_session:
        try:
            while True:
                line = await lines.receive_until(b"\n", LARGEST_MESSAGE)
                await to_session.send(_message(line))
        except anyio.DelimiterNotFound:
            with suppress(*gone):
                await to_session.send(AnswerTooLarge())
        except (anyio.IncompleteRead, *gone):
            return  # the session notices that the stream ended


async def _write(process: Process, from_session: Any) -> None:
    assert process.stdin is not None
    with from_session, suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
        async for each in from_session:
            text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.stdin.send(text.encode("utf-8") + b"\n")


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _end(process: Process) -> None:
    """Close its input, as the protocol asks; then end it with all its children."""
    assert process.stdin is not None
    with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        await process.stdin.aclose()
    with anyio.move_on_after(_ENDING_SECONDS):
        await process.wait()
    _kill_tree(process)
    with anyio.move_on_after(_ENDING_SECONDS):
        await process.aclose()


def _kill_tree(process: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()
