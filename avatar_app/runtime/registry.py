"""The engine registry: finds engines by their manifests; the user's override built-in ones."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import process

from avatar_app.core.errors import ConfigInvalid, EngineFailed, ModelMissing, choose_one_of
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest, parse_manifest
from avatar_app.system import paths
from avatar_app.system.extras.installed import add_to_path, is_part_of_program, is_provided
from avatar_app.system.packages import install_command
from avatar_app.system.paths import AppPaths

MANIFEST = "manifest.yaml"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Registry:
    """All engines of two folders with the layout <kind>/<name>/manifest.yaml."""

    def __init__(
        self,
        builtin: Path | None = None,
        user: Path | None = None,
        user_paths: AppPaths | None = None,
    ) -> None:
        """`user_paths`: where the user's engines, models, avatars and voices are; by default those
        of the current user."""
        self.paths = user_paths or paths.app_paths()
        self.notices: list[Noticed] = []
        """Problems with the user's engines; those are left out."""
        self._builtin = builtin or paths.builtin_engines()
        self._folders: dict[tuple[Kind, str], Path] = {}
        self._manifests: dict[tuple[Kind, str], Manifest] = {}
        for path in _manifests_in(self._builtin):
            self._add(path)
        self._user = user or self.paths.engines
        for path in _manifests_in(self._user):
            try:
                self._add(path)
            except ConfigInvalid as error:
                self.notices.append(Noticed(error.message, f"{error.hint} It is left out."))

    @property
    def origin(self) -> tuple[Path, Path, AppPaths]:
        """Return the arguments for an equal registry in another process."""
        return self._builtin, self._user, self.paths

    def all(self, kind: Kind | None = None) -> tuple[Manifest, ...]:
        """Return the engines (of one kind), by kind and name."""
        return tuple(
            manifest
            for (its_kind, _), manifest in sorted(self._manifests.items())
            if kind in (None, its_kind)
        )

    def find(self, kind: Kind, name: str) -> Manifest:
        """Return the engine `name`; raises ConfigInvalid, with the most similar name, if it is
        unknown."""
        if manifest := self._manifests.get((kind, name)):
            return manifest
        known = [manifest.name for manifest in self.all(kind)]
        likely = process.extractOne(name, known, score_cutoff=50)
        hint = f"Did you mean {likely[0]}?" if likely else choose_one_of(known)
        raise ConfigInvalid(f"Unknown {kind} engine {name!r}.", hint)

    def folder(self, manifest: Manifest) -> Path:
        """Return the folder of the engine's files."""
        return self._folders[manifest.kind, manifest.name]

    def is_builtin(self, manifest: Manifest) -> bool:
        """Whether the engine came with the program."""
        return self.folder(manifest).is_relative_to(self._builtin)

    def missing_packages(self, manifest: Manifest) -> tuple[str, ...]:
        """Return the distributions that the engine needs and that are not installed."""
        extras = self.paths.extras
        return tuple(
            name
            for name in manifest.needs.packages
            if not is_part_of_program([name]) and not is_provided(name, extras)
        )

    def faster_packages(self, manifest: Manifest) -> tuple[str, ...]:
        """Return the distribution that would speed up the engine; none if it has one already."""
        wanted, extras = manifest.needs.faster_with, self.paths.extras
        if any(is_part_of_program([name]) or is_provided(name, extras) for name in wanted):
            return ()
        return wanted[:1]

    def load_class(self, manifest: Manifest) -> type[Any]:
        """Import the engine's class. Raises ModelMissing if packages are missing, EngineFailed if
        it is broken."""
        if missing := self.missing_packages(manifest):
            raise ModelMissing(
                f"{manifest.title} needs {', '.join(missing)}, which is not installed.",
                f"Type: {install_command(missing, manifest.name)}",
            )
        needs = manifest.needs
        add_to_path((*needs.packages, *needs.faster_with), self.paths.extras)
        module_name, class_name = manifest.entry.split(":")
        try:
            module = importlib.import_module(f"{self._package(manifest)}.{module_name}")
            found = getattr(module, class_name)
        except (ImportError, AttributeError, SyntaxError, OSError) as error:
            raise EngineFailed(
                f"{manifest.title} cannot be loaded: {error}.",
                f"Look at {self.folder(manifest)}, or choose another {manifest.kind} engine.",
            ) from error
        if not isinstance(found, type):
            raise EngineFailed(
                f"{manifest.title} cannot be loaded: {manifest.entry} is not a class.",
                f"Look at {self.folder(manifest)}.",
            )
        return found

    def _add(self, path: Path) -> None:
        manifest = _read(path)
        if path.parent.name != manifest.name or not _is_folder_of(manifest.kind, path.parents[1]):
            raise ConfigInvalid(
                f"The manifest {path} lies in the wrong folder.",
                f"Move it to {manifest.kind}/{manifest.name}.",
            )
        self._manifests[manifest.kind, manifest.name] = manifest
        self._folders[manifest.kind, manifest.name] = path.parent

    def _package(self, manifest: Manifest) -> str:
        """Return the name under which the engine's folder can be imported."""
        folder = self.folder(manifest)
        if folder.is_relative_to(paths.builtin_engines()):
            return f"avatar_app.engines.{manifest.kind}.{manifest.name}"
        name = f"avatar_app_user_engine_{manifest.kind}_{manifest.name}"
        if getattr(sys.modules.get(name), "__path__", None) != [str(folder)]:
            _make_package(name, folder)
        return name


def _is_folder_of(kind: Kind, folder: Path) -> bool:
    try:
        return Kind(folder.name) is kind
    except ValueError:
        return False


def _manifests_in(root: Path) -> list[Path]:
    return sorted(root.glob(f"*/*/{MANIFEST}"))


def _read(path: Path) -> Manifest:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigInvalid(
            f"The manifest {path}{line} cannot be read.", "It is broken YAML."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"The manifest {path} cannot be read: {error}.", "") from error
    return parse_manifest(document, str(path))


def _make_package(name: str, folder: Path) -> None:
    """Register a user's folder as the package `name`, so that its files can import one another."""
    for loaded in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        del sys.modules[loaded]
    importlib.invalidate_caches()
    init = folder / "__init__.py"
    spec = ModuleSpec(name, SourceFileLoader(name, str(init)) if init.exists() else None)
    spec.submodule_search_locations = [str(folder)]
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    if spec.loader is not None:
        spec.loader.exec_module(package)
