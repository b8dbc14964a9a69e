"""Looks for a newer version and downloads its installer, as The Update Framework prescribes.

Metadata that was seen is kept, so that a server cannot go back to an older state (rollback), and it
expires, so that a server cannot go on with an old one for ever (freeze). See the specification,
theupdateframework.github.io/specification, section 5 (client workflow).
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_app import __version__
from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.network_access import ALLOW_NETWORK, NetworkAccess
from avatar_app.system.network_guard import current_guard
from avatar_app.system.updates.source import UpdateSource, shipped_source

if TYPE_CHECKING:
    from tuf.api._payload import TargetFile
    from tuf.ngclient.updater import Updater

INDEX = "latest.json"
"""The target that names the newest version and its file for each system."""
_BY_HAND = "If that does not help, get the new version where you got this one."
_FORMATS = {"linux": "deb", "win32": "msi", "darwin": "dmg"}


@dataclass(frozen=True, slots=True)
class Update:
    """A newer version."""

    version: str
    file: str
    """Name of its installer for this system."""
    bytes: int


def this_system() -> str:
    """Return the name under which an index lists the installer for this machine."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{_FORMATS.get(sys.platform, sys.platform)}-{architecture}"


class UpdateClient:
    """Looks for updates at the source that came with the program."""

    def __init__(
        self, folder: Path, find_source: Callable[[], UpdateSource] = shipped_source
    ) -> None:
        """`folder`: where verified metadata and installers are kept from one time to the next."""
        self._folder, self._find_source = folder, find_source

    def look(self, job: Job[Any]) -> Update | None:
        """Return the newest version if it is newer than this one.

        Raises ConfigInvalid where the source cannot be used, InputInvalid where it must not be
        trusted.
        """
        from packaging.version import InvalidVersion, Version

        with _Repository(job, self._find_source(), self._folder) as repository:
            index = repository.download(INDEX).read_bytes()
            try:
                found = json.loads(index)
                version, file = Version(found["version"]), found["files"].get(this_system())
            except (ValueError, KeyError, TypeError, AttributeError, InvalidVersion) as error:
                raise InputInvalid("The update source lists no version.", _BY_HAND) from error
            if version <= Version(__version__) or file is None:
                return None
            return Update(str(version), str(file), repository.target(str(file)).length)

    def download(self, job: Job[Any], update: Update) -> Path:
        """Download the installer, verify it, and return it; raises as `look`."""
        with _Repository(job, self._find_source(), self._folder) as repository:
            return repository.download(update.file)


class _Repository:
    """The TUF client for one source; a context in which its errors become sentences."""

    def __init__(self, job: Job[Any], source: UpdateSource, folder: Path) -> None:
        guard = current_guard()
        if guard is not None and guard.access is not NetworkAccess.ALL:
            raise ConfigInvalid(
                "Updates cannot be looked for: network access is off.", ALLOW_NETWORK
            )
        self._job, self._source, self._folder = job, source, folder
        self._updater: Updater | None = None

    def __enter__(self) -> _Repository:
        with self._sentences():
            self._updater = self._open()
            self._updater.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        self._updater = None

    def target(self, name: str) -> TargetFile:
        """Return the verified description of a file."""
        assert self._updater is not None, "it is used as a context"
        with self._sentences():
            found = self._updater.get_targetinfo(name)
        if found is None:
            raise InputInvalid(f"The update source has no {name}.", _BY_HAND)
        return found

    def download(self, name: str) -> Path:
        """Download a file unless it is there already, and verify it."""
        target = self.target(name)
        assert self._updater is not None, "it is used as a context"
        with self._sentences():
            path = self._updater.find_cached_target(target)
            return Path(path or self._updater.download_target(target))

    def _open(self) -> Updater:
        from tuf.ngclient.updater import Updater

        from avatar_app.system.updates.fetcher import JobFetcher

        metadata, targets = self._folder / "metadata", self._folder / "files"
        for folder in (metadata, targets):
            folder.mkdir(parents=True, exist_ok=True)
        return Updater(
            str(metadata),
            self._source.metadata_url,
            str(targets),
            self._source.targets_url,
            fetcher=JobFetcher(self._job),
            bootstrap=self._source.root,
        )

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        from tuf.api import exceptions

        try:
            yield
        except exceptions.RepositoryError as error:
            raise _distrusted(error) from error
        except exceptions.DownloadError as error:
            raise ConfigInvalid(
                "The update source cannot be reached.", "Connect, then try again."
            ) from error
        except OSError as error:
            raise ConfigInvalid(
                f"{self._folder} cannot be written: {error.strerror}.", "Make room on the disk."
            ) from error


def _distrusted(error: Exception) -> AvatarError:
    from tuf.api import exceptions

    if isinstance(error, exceptions.ExpiredMetadataError):
        return InputInvalid(
            "The update source has not been renewed in time; what it offers may be old.",
            f"Try again tomorrow. {_BY_HAND}",
        )
    if isinstance(error, exceptions.BadVersionNumberError):
        return InputInvalid(
            "The update source offers an older state than before. Nothing was taken from it.",
            _BY_HAND,
        )
    if isinstance(error, exceptions.LengthOrHashMismatchError):
        return InputInvalid(
            "The update is damaged: it is not what was signed.", f"Try again. {_BY_HAND}"
        )
    return InputInvalid("The update source is not signed by those who made this program.", _BY_HAND)
