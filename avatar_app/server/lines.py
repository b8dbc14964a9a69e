"""The life of a WebSocket: served until one of both goes, closed with a code and a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from avatar_app.core.errors import AvatarError
from avatar_app.server.outbox import Outbox
from avatar_app.server.parts import ServerParts

TOO_LARGE, TOO_SLOW, GOING, REFUSED = 1009, 1008, 1001, 1013
"""Codes with which a WebSocket is closed (RFC 6455)."""
_LOOK = 0.05
"""Seconds between two looks at whether an answer has ended."""

Tasks = Sequence[asyncio.Task[Any]]


async def serve_line(
    socket: WebSocket,
    outbox: Outbox,
    parts: ServerParts,
    work: Sequence[Coroutine[Any, Any, None]],
    finish: Callable[[Tasks], Awaitable[None]],
) -> None:
    """Do the work, and send what is in the outbox, until one of them ends, the client reads too
    slowly, or the server stops. Then `finish` is given the tasks, to let an answer under way end.
    Raises what the one that ended raised."""
    waits = (outbox.run(), outbox.overflowed.wait(), parts.stopping.wait())
    tasks = [asyncio.create_task(each) for each in (*work, *waits)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if parts.stopping.is_set():
            await finish(tasks[:-2])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if outbox.overflowed.is_set():
        await close_line(socket, TOO_SLOW, "The client reads too slowly.")
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def end_when_answered(
    socket: WebSocket, tasks: Tasks, is_answering: Callable[[], bool], seconds: float
) -> None:
    """Close the line because the server stops, once nothing is being answered any more, after so
    many seconds at most. A line of which a task has ended is left to its end."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while is_answering() and loop.time() < end:
        if any(task.done() for task in tasks):
            return
        await asyncio.sleep(_LOOK)
    await asyncio.sleep(0)  # what the answer ended with is sent
    await close_line(socket, GOING, "The server stops.")


async def close_line(socket: WebSocket, code: int, reason: str) -> None:
    """Close a WebSocket that may be closed already."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(code, reason)


async def refuse_line(socket: WebSocket, error: AvatarError) -> None:
    """Say why there is no conversation, and close."""
    with suppress(WebSocketDisconnect, RuntimeError):
        if socket.client_state.name == "CONNECTING":
            await socket.accept()
        await socket.close(REFUSED, error.message[:120])
