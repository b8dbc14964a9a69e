"""A server of updates, signed by the project's own publishing tool, that can also be hostile."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from misbehaving import Site

from avatar_app.system.updates.client import INDEX, this_system
from avatar_app.system.updates.source import UpdateSource, shipped_source

PACKAGING = Path(__file__).parents[2] / "packaging"


def publishing_tool() -> ModuleType:
    sys.path.insert(0, str(PACKAGING))
    try:
        return importlib.import_module("publish_update")
    finally:
        sys.path.remove(str(PACKAGING))


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who makes the program: has the keys, and a site that serves what was signed."""

    folder: Path
    site: Site
    tool: ModuleType

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def assets(self) -> Path:
        return self.folder / "assets"

    def begin(self) -> None:
        self.tool.init(self.keys, self.repository, self.site.url(""), self.assets)
        self.serve()

    def publish(self, version: str, content: bytes = b"an installer") -> Path:
        installer = self.folder / f"avatar-app_{version}.deb"
        installer.write_bytes(content)
        self.tool.publish(self.keys, self.repository, version, {this_system(): installer})
        self.serve()
        return installer

    def publish_index(self, content: bytes) -> None:
        """Sign an index that says something else."""
        self.tool.add(self.keys, self.repository, {INDEX: content})
        self.serve()

    def renew(self, *, good_for: timedelta) -> None:
        """Sign the timestamp once more, for a time of one's own."""
        until = self.tool._until
        self.tool._until = lambda _role: datetime.now(UTC).replace(microsecond=0) + good_for
        try:
            self.tool.renew(self.keys, self.repository)
        finally:
            self.tool._until = until
        self.serve()

    def serve(self) -> None:
        """Serve the repository as it is now."""
        paths = [path for path in self.repository.rglob("*") if path.is_file()]
        self.site.files = {
            str(path.relative_to(self.repository)): path.read_bytes() for path in paths
        }

    def source(self) -> UpdateSource:
        """As the installer carries it."""
        return shipped_source(self.assets)
