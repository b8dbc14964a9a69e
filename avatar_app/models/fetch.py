"""Downloads one file from one address: hashed while it arrives, and verified before it counts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

import avatar_app
from avatar_app.core.network import check_environment
from avatar_app.models.errors import DownloadFailed
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.store import BLOCK
from avatar_app.models.transfer import DownloadOptions, Transfer

TICK = 0.05
"""Seconds between two checks of progress and cancellation."""
NOTED_EVERY = 0.5
"""Seconds of downloading that a kill -9 may cost."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The file to download."""

    bytes: int | None
    """None if the size is unknown."""
    digest: str | None
    """Expected hash by `algorithm`, in hexadecimal; None if unknown."""
    refused: Callable[[str], DownloadFailed]
    """Returns the error for a wrong hash, which is passed."""
    algorithm: str = "sha256"


@dataclass(frozen=True, slots=True)
class Fetch:
    """Downloads files for a job, one after the other."""

    manners: DownloadOptions
    check_disk_space: Callable[[int], None]
    """Raises if the disk lacks room for so many bytes; called where the size is unknown."""
    watch: Callable[[PartialFile], None]
    """Called some twenty times a second; exceptions it raises end the download."""
    authorization: httpx.Auth | None = None
    trust: ssl.SSLContext | bool = True

    def client(self) -> httpx.AsyncClient:
        """Return the HTTP client, to be closed. Raises ConfigInvalid or ModelMissing where the
        environment names unusable proxies or certificates."""
        check_environment()
        return httpx.AsyncClient(
            timeout=httpx.Timeout(self.manners.silence, connect=self.manners.connecting, pool=None),
            headers={"User-Agent": f"avatar_app/{avatar_app.__version__}"},
            auth=self.authorization,
            verify=self.trust,
        )

    async def run(self, url: str, wanted: Wanted, part: PartialFile) -> str:
        """Download the file and return its hash; raises a DownloadFailed on failure.

        A file downloaded in several pieces that turns out wrong is downloaded once more in full.
        """
        was_pieced = bool(part.done)
        for last_chance in (False, True):
            running = _RunningHash(part, wanted.algorithm)
            pieces = await self._transfer(url, wanted, part, running)
            digest = running.digest.hexdigest()
            if wanted.digest in (None, digest):
                part.finish()
                return digest
            part.discard()
            if last_chance or not (was_pieced or pieces > 1):
                break
        raise wanted.refused(digest)

    async def _transfer(
        self, url: str, wanted: Wanted, part: PartialFile, running: _RunningHash
    ) -> int:
        """Download into the partial file and hash it meanwhile; returns the number of tries and
        pieces."""
        room = self.check_disk_space if wanted.bytes is None else lambda _size: None
        async with self.client() as client:
            transfer = Transfer(
                client, part, wanted.bytes, wanted.digest is not None, self.manners, room
            )
            task = asyncio.create_task(transfer.run(url))
            try:
                await self._accompany(task, part, running)
            finally:
                await _end({task})
                if part.segments:
                    with contextlib.suppress(OSError):  # a full disk keeps the older state
                        part.save()
        return max(transfer.rounds, len(part.segments))

    async def _accompany(
        self, task: asyncio.Task[None], part: PartialFile, running: _RunningHash
    ) -> None:
        """Hash, save and report until all bytes have arrived; raises what the transfer or `watch`
        raises."""
        noted = time.monotonic()
        while not (task.done() and running.has_caught_up):
            if task.done():
                task.result()
                await asyncio.sleep(0)
            else:
                await asyncio.wait({task}, timeout=0 if not running.has_caught_up else TICK)
            running.follow()
            self.watch(part)
            if time.monotonic() - noted >= NOTED_EVERY and part.segments and not task.done():
                part.save()
                noted = time.monotonic()
        task.result()


class _RunningHash:
    """Hashes a partial file while it grows, from its start; restarts if the file was restarted."""

    def __init__(self, part: PartialFile, algorithm: str) -> None:
        self.digest = hashlib.new(algorithm)
        self._algorithm = algorithm
        self._part = part
        self._at = 0
        self._begun = part.times_begun

    @property
    def has_caught_up(self) -> bool:
        return self._at == self._part.front and self._begun == self._part.times_begun

    def follow(self) -> None:
        """Hash the next block, if it has arrived."""
        if self._begun != self._part.times_begun or self._at > self._part.front:
            self.digest, self._at = hashlib.new(self._algorithm), 0
            self._begun = self._part.times_begun
        if self._at < self._part.front:
            with self._part.path.open("rb") as file:
                file.seek(self._at)
                block = file.read(min(BLOCK, self._part.front - self._at))
            self.digest.update(block)
            self._at += len(block)


async def while_checking(work: Coroutine[Any, Any, T], check: Callable[[], None]) -> T:
    """Return the awaitable's result; `check` is called meanwhile, and exceptions it raises cancel
    the work."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            check()
            await asyncio.wait({task}, timeout=TICK)
        return task.result()
    finally:
        await _end({task})


def run_in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; unlike asyncio.run, do not wait for a pending name lookup."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
