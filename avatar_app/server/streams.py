"""Runs blocking generators in threads for asynchronous clients; who leaves ends the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.turn import Turn, TurnCancelled

T = TypeVar("T")

AHEAD = 16
"""Items that may wait for a client; the work waits for one that reads slowly."""
_END = object()


async def streamed(
    work: Callable[[Turn], Iterator[T]], name: str = "request"
) -> AsyncGenerator[T, None]:
    """Yield what `work` yields, which runs in a thread. It is cancelled when this is closed.
    Raises the AvatarError that it raises."""
    turn, loop = Turn(0), asyncio.get_running_loop()
    queue: asyncio.Queue[Any] = asyncio.Queue()
    room = threading.Semaphore(AHEAD)
    turn.when_cancelled(room.release)

    def put(item: Any) -> None:
        try:
            loop.call_soon_threadsafe(queue.put_nowait, item)
        except RuntimeError:  # the server has ended meanwhile
            turn.cancel()

    def run() -> None:
        try:
            for item in work(turn):
                room.acquire()
                turn.check()
                put(item)
        except TurnCancelled:
            put(EngineFailed("The work was stopped.", "Ask again."))
        except AvatarError as error:
            put(error)
        except Exception:
            put(EngineFailed("An unexpected error occurred.", "The log has the details."))
            raise
        finally:
            put(_END)

    worker = threading.Thread(target=run, name=name, daemon=True)
    worker.start()
    try:
        while (item := await queue.get()) is not _END:
            room.release()
            if isinstance(item, AvatarError):
                raise item
            yield item
    finally:
        turn.cancel()
        await asyncio.to_thread(worker.join)


async def started(stream: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Return the stream when its first item is there, so that what fails at once is an error rather
    than an answer that breaks off."""
    try:
        first = await anext(stream)
    except StopAsyncIteration:
        return stream
    return _resumed(first, stream)


async def _resumed(first: T, stream: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    try:
        yield first
        async for item in stream:
            yield item
    finally:
        await stream.aclose()


class ClosingResponse(StreamingResponse):
    """A response whose stream is closed also when the client leaves."""

    def __init__(self, stream: AsyncGenerator[Any, None], media_type: str) -> None:
        super().__init__(stream, media_type=media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._stream.aclose()


async def joined(stream: AsyncGenerator[T, None]) -> list[T]:
    """Return all items. Who is stopped meanwhile ends the work."""
    async with aclosing(stream):
        return [item async for item in stream]
