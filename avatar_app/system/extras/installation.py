"""Installs an extra with pip into a new folder, tries it, and only then puts it into place.

pip resolves against what the program brings and is held to those versions, so nothing that is
installed already comes twice or in another version. The folder of the extra is exchanged at the
end: whatever fails or is cancelled leaves the former state.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from avatar_app import __version__
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.network_access import ALLOW_NETWORK, NetworkAccess
from avatar_app.system.extras.declared import DISTRIBUTION, Extra
from avatar_app.system.extras.installed import PACKAGES, PYTHON, InstalledExtra, write_record
from avatar_app.system.extras.pip import run_pip, run_python
from avatar_app.system.hardware import Cards, nvml
from avatar_app.system.leftovers import delete_leftovers, process_mark
from avatar_app.system.network_guard import current_guard

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""PyTorch without the gigabytes for a card, by its publisher."""
_REACH_WITHIN = 5.0
"""Seconds."""
_RESOLVED, _INSTALLED = 0.15, 0.9
"""Fractions of the work after which pip knows what to install, and has installed it."""
_TRY = """
import importlib, sys
from importlib import metadata
sys.path.append(sys.argv[1])
for name in sys.argv[2:]:
    files = metadata.distribution(name).files or ()
    tops = {file.parts[0] for file in files if file.parts[1:] == ("__init__.py",)}
    for top in sorted(filter(str.isidentifier, tops)):
        importlib.import_module(top)
"""


def install_extra(job: Job[Any], extra: Extra, root: Path) -> InstalledExtra:
    """Install `extra` below `root`, in place of one that is there, and return it.

    Raises JobCancelled, or ConfigInvalid with pip's reason.
    """
    _check_network(extra)
    root.mkdir(parents=True, exist_ok=True)
    target = root / extra.name
    indexes = _indexes(extra)
    delete_leftovers(root.glob(".*.*"))
    prefix = f".{extra.name}{process_mark()}"
    with tempfile.TemporaryDirectory(dir=root, prefix=prefix) as folder:
        new = Path(folder) / "new"
        job.report(0.0, f"Resolving {extra.name}")
        wanted = _resolve(job, extra, indexes, Path(folder))
        _install(job, extra, wanted, indexes, Path(folder), new / PACKAGES)
        job.report(_INSTALLED, f"Trying {extra.name}")
        _try(job, extra, new / PACKAGES)
        size = sum(path.lstat().st_size for path in new.rglob("*"))
        names = tuple(
            f"{each['metadata']['name']} {each['metadata']['version']}" for each in wanted
        )
        done = InstalledExtra(extra.name, new, __version__, PYTHON, names, size)
        try:
            write_record(done)
            job.check()
            _exchange(new, target, Path(folder) / "former")
        except OSError as error:
            raise _not_written(root, error) from error
    return replace(done, folder=target)


def _check_network(extra: Extra) -> None:
    guard = current_guard()
    if guard is not None and guard.access is not NetworkAccess.ALL:
        raise ConfigInvalid(
            f"{extra.name} cannot be downloaded: network access is switched off.", ALLOW_NETWORK
        )


def _resolve(job: Job[Any], extra: Extra, indexes: list[str], folder: Path) -> list[dict[str, Any]]:
    """Return pip's report of what has to be installed beside the program."""
    constraints, report = folder / "constraints.txt", folder / "report.json"
    constraints.write_text("\n".join(_present()), encoding="utf-8")
    arguments = ["install", "--dry-run", "--quiet", "--report", str(report)]
    arguments += ["--constraint", str(constraints), *indexes]
    with _named(f"{extra.name} cannot be installed"):
        run_pip(job, [*arguments, *extra.requirements])
    found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    job.report(_RESOLVED)
    return found


def _present() -> list[str]:
    """Return what the program runs with, as constraints for pip."""
    pinned = {
        each.metadata["Name"]: each.version
        for each in metadata.distributions()
        if each.metadata["Name"] and each.metadata["Name"] != DISTRIBUTION
    }
    return [f"{name}=={version}" for name, version in sorted(pinned.items())]


def _install(
    job: Job[Any],
    extra: Extra,
    wanted: list[dict[str, Any]],
    indexes: list[str],
    folder: Path,
    target: Path,
) -> None:
    """Install exactly what was resolved, file by file as its hash says."""
    lock = folder / "lock.txt"
    lock.write_text("\n".join(_locked(wanted)), encoding="utf-8")
    total = max(2 * len(wanted), 1)
    came = 0

    def follow(line: str) -> None:
        nonlocal came
        if line.startswith(("Collecting ", "Downloading ", "Processing ")):
            came += 1
            share = min(came / total, 1.0)
            text = " ".join(line.split()[:2])
            job.report(_RESOLVED + (_INSTALLED - _RESOLVED) * share, text)

    target.mkdir(parents=True)
    arguments = ["install", "--no-deps", "--target", str(target), "--requirement", str(lock)]
    with _named(f"{extra.name} cannot be installed"):
        run_pip(job, [*arguments, *indexes], follow)


def _locked(wanted: list[dict[str, Any]]) -> Iterator[str]:
    for each in wanted:
        line = "==".join(_name_and_version(each))
        archive = each.get("download_info", {}).get("archive_info", {})
        for name, value in archive.get("hashes", {}).items():
            line += f" --hash={name}:{value}"
        yield line


def _name_and_version(reported: dict[str, Any]) -> tuple[str, str]:
    return reported["metadata"]["name"], reported["metadata"]["version"]


def _indexes(extra: Extra) -> list[str]:
    """Return the publisher's index of PyTorch for processors, where no card would use the other
    and it can be reached: pip would wait for it at every package."""
    if "torch" not in extra.packages or sys.platform == "darwin" or Cards(nvml()).all():
        return []
    try:
        with urlopen(f"{CPU_INDEX}/torch/", timeout=_REACH_WITHIN):
            return ["--extra-index-url", CPU_INDEX]
    except OSError:
        return []


def _try(job: Job[Any], extra: Extra, packages: Path) -> None:
    """Import what was installed in a process of its own; raises ConfigInvalid if that fails."""
    with _named(f"{extra.name} was installed but does not work here"):
        run_python(job, ["-c", _TRY, str(packages), *sorted(extra.packages)])


@contextmanager
def _named(subject: str) -> Iterator[None]:
    """Begin the sentences of failures with what failed."""
    try:
        yield
    except ConfigInvalid as error:
        raise ConfigInvalid(f"{subject}: {error.message}", error.hint) from error


def _exchange(new: Path, target: Path, former: Path) -> None:
    """Put `new` into place; the former state comes back if that fails."""
    had_one = target.exists()
    if had_one:
        target.rename(former)
    try:
        new.rename(target)
    except OSError:
        if had_one:
            former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _not_written(root: Path, error: OSError) -> AvatarError:
    return ConfigInvalid(f"{root} cannot be written: {error.strerror}.", "Make room on the disk.")
