"""A model comes: every file of it, from the first server that has it, and nothing unchecked."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

import avatar_app
from avatar_app.core.jobs import Job
from avatar_app.models.archive import unpack
from avatar_app.models.catalog import Model, ModelFile
from avatar_app.models.errors import (
    AGAIN,
    DiskFailed,
    DownloadFailed,
    host,
    of_disk,
    other_bytes,
)
from avatar_app.models.licences import require_licence
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import BLOCK, Presence, Store, StoredFile, hash_file
from avatar_app.models.transfer import DownloadOptions, Transfer

TICK = 0.05
"""Seconds between two looks at the progress and at whether to stop."""
NOTED_EVERY = 0.5
"""Seconds of fetching that a kill -9 may cost."""


def download_job(model: Model, store: Store) -> Job[Path]:
    """The job that fetches a model, for whoever shows its progress and may cancel it."""
    return Job(f"Fetching {model.title}", lambda job: download(job, model, store))


def download(
    job: Job[Path],
    model: Model,
    store: Store,
    watch: Callable[[DownloadProgress], None] = lambda _: None,
    manners: DownloadOptions | None = None,
) -> Path:
    """Bring the model here, going on where an earlier run stopped; what engines are told.

    `watch` is called some twenty times a second. Raises JobCancelled within 200 ms of `cancel`,
    LicenceNotAccepted, or a DownloadFailed; what has come stays for the next time.
    """
    require_licence(model, store)
    try:
        with store.lock(model):
            if store.presence(model) is not Presence.HERE:
                _ModelDownload(job, model, store, watch, manners or DownloadOptions()).run()
    except OSError as error:
        raise of_disk(error) from error
    return store.path(model)


@dataclass(slots=True)
class _ModelDownload:
    """All files of one model."""

    job: Job[Path]
    model: Model
    store: Store
    watch: Callable[[DownloadProgress], None]
    manners: DownloadOptions
    tally: DownloadProgress = field(default_factory=DownloadProgress)
    kept: dict[str, StoredFile] = field(default_factory=dict)
    came_from: str = ""

    def run(self) -> None:
        folder = self.store.folder(self.model)
        self.store.ask_for_room(self._lacking(), self.model.title)
        folder.mkdir(parents=True, exist_ok=True)
        total = self.model.bytes
        self.tally = DownloadProgress(self.model.id, total=total, began=time.monotonic())
        for file in self.model.files:
            self.tally = replace(self.tally, file=file.name)
            sha256 = self._fetched_before(file) or _in_a_loop(self._fetch(file))
            self.store.pin(self.model, file, sha256)
            size = (folder / file.name).stat().st_size
            self.tally = self.tally.with_file_done(size)
            if file.holds:
                self.kept |= unpack(folder / file.name, file.holds, self.store, self.job)
            else:
                self.kept[file.name] = StoredFile(size, sha256)
        self.store.keep(self.model, self.kept, self.came_from)
        for file in self.model.files:
            if file.holds:
                (folder / file.name).unlink()

    def _lacking(self) -> int:
        """Bytes still to be stored, as far as sizes are on record; an archive counts twice."""
        wanted = sum((file.bytes or 0) * (2 if file.holds else 1) for file in self.model.files)
        return max(0, wanted - self.store.bytes_here(self.model))

    def _fetched_before(self, file: ModelFile) -> str | None:
        """The hash of a file that an earlier run brought and that is still right; or None."""
        path = self.store.folder(self.model) / file.name
        if not path.is_file():
            return None
        sha256 = hash_file(path, lambda _: self.job.check())
        if sha256 == self.store.expected_hash(self.model, file):
            return sha256
        path.unlink()
        return None

    async def _fetch(self, file: ModelFile) -> str:
        """The file's hash, once it is here under its name; tries one server after the other."""
        failures: list[DownloadFailed] = []
        target = self.store.folder(self.model) / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        for url in file.urls:
            try:
                sha256 = await self._fetch_from(url, file, PartialFile.of(target))
            except DiskFailed:
                raise
            except DownloadFailed as error:
                failures.append(error)
            else:
                self.came_from = url
                return sha256
        raise failures[-1] if len(failures) == 1 else _none_of(failures)

    async def _fetch_from(self, url: str, file: ModelFile, part: PartialFile) -> str:
        """Once more in full if what came in several pieces turns out wrong: it may be them."""
        expected = self.store.expected_hash(self.model, file)
        was_pieced = bool(part.done)
        for last_chance in (False, True):
            follower = _RunningHash(part)
            pieces = await self._transfer(url, file, part, follower, expected is not None)
            sha256 = follower.digest.hexdigest()
            if expected in (None, sha256):
                part.finish()
                return sha256
            part.discard()
            if last_chance or not (was_pieced or pieces > 1):
                break
        what, is_pinned = f"{file.name} from {host(url)}", file.sha256 is None
        raise other_bytes(what, self.model.id, sha256, expected or "", is_pinned)

    async def _transfer(
        self, url: str, file: ModelFile, part: PartialFile, follower: _RunningHash, is_known: bool
    ) -> int:
        """Bring the file into its part, hash it meanwhile; how many tries and pieces it took."""
        timeout = httpx.Timeout(self.manners.silence, pool=None)
        agent = {"User-Agent": f"avatar_app/{avatar_app.__version__}"}
        async with httpx.AsyncClient(timeout=timeout, headers=agent) as client:
            room = self._room_for(file)
            transfer = Transfer(client, part, file.bytes, is_known, self.manners, room)
            task = asyncio.create_task(transfer.run(url))
            try:
                await self._accompany(task, part, follower)
            finally:
                await _end({task})
                if part.segments:
                    with contextlib.suppress(OSError):  # a full disk keeps the older note
                        part.save()
        return max(transfer.rounds, len(part.segments))

    async def _accompany(
        self, task: asyncio.Task[None], part: PartialFile, follower: _RunningHash
    ) -> None:
        """Hash, note and tell until all is here; raises what the transfer does, or JobCancelled."""
        noted = time.monotonic()
        while not (task.done() and follower.has_caught_up):
            if task.done():
                task.result()
                await asyncio.sleep(0)
            else:
                await asyncio.wait({task}, timeout=0 if not follower.has_caught_up else TICK)
            follower.follow()
            self._tell(part)
            if time.monotonic() - noted >= NOTED_EVERY and part.segments and not task.done():
                part.save()
                noted = time.monotonic()
        task.result()

    def _tell(self, part: PartialFile) -> None:
        self.tally = self.tally.at(part.done, part.total, time.monotonic())
        self.watch(self.tally)
        self.job.report(self.tally.fraction, str(self.tally))

    def _room_for(self, file: ModelFile) -> Callable[[int], None]:
        """Sizes on record were asked for at the beginning; others when the server tells them."""

        def ask(size: int) -> None:
            if file.bytes is None:
                self.store.ask_for_room(size, self.model.title)

        return ask


class _RunningHash:
    """Hashes a part while it grows, from its start; anew where the part was begun anew."""

    def __init__(self, part: PartialFile) -> None:
        self.digest = hashlib.sha256()
        self._part = part
        self._at = 0
        self._begun = part.times_begun

    @property
    def has_caught_up(self) -> bool:
        return self._at == self._part.front and self._begun == self._part.times_begun

    def follow(self) -> None:
        """Hash the next block, if it is there."""
        if self._begun != self._part.times_begun or self._at > self._part.front:
            self.digest, self._at, self._begun = hashlib.sha256(), 0, self._part.times_begun
        if self._at < self._part.front:
            with self._part.path.open("rb") as file:
                file.seek(self._at)
                block = file.read(min(BLOCK, self._part.front - self._at))
            self.digest.update(block)
            self._at += len(block)


def _none_of(failures: list[DownloadFailed]) -> DownloadFailed:
    told = " ".join(failure.message for failure in failures)
    return DownloadFailed(f"None of {len(failures)} servers has the file: {told}", AGAIN)


def _in_a_loop(work: Coroutine[Any, Any, str]) -> str:
    """Run it to its end; unlike asyncio.run, do not wait for a name that is being looked up."""
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
