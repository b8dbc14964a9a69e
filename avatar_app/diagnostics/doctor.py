"""The doctor: checks every part by itself, then a whole conversation; a failure stops no other
check."""

from __future__ import annotations

import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import NamedTemporaryFile

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.engines.hosting.host import Host
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths

OLDEST_PYTHON = (3, 11)
ENOUGH_FREE_GB = 1.0
"""Free GB on the disk of the user's folders: for a history, a log, a film or two."""
PACKAGES = ("PySide6-Essentials", "numpy", "av", "sounddevice", "onnxruntime", "skia-python")
"""Without these packages, windows, sound or pictures do not work."""
PHRASE = "What can you do?"
"""What the simulated user says in the scripted conversation."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: the finding, and what to do about it."""

    ok: bool
    text: str
    remedy: str = ""

    @classmethod
    def passed(cls, text: str) -> Finding:
        return cls(ok=True, text=text)

    @classmethod
    def failed(cls, text: str, remedy: str = "") -> Finding:
        return cls(ok=False, text=text, remedy=remedy)


Check = Callable[[Settings, AppPaths], Iterator[Finding]]


def examine(settings: Settings, paths: AppPaths) -> Iterator[Finding]:
    """Yield all findings as they are made; a problem is reported by the first check that
    finds it."""
    failed: list[str] = []
    for check in CHECKS:
        for finding in _checked(check, settings, paths):
            if finding.ok or not any(text.endswith(finding.text) for text in failed):
                yield finding
            if not finding.ok:
                failed.append(finding.text)


def _checked(check: Check, settings: Settings, paths: AppPaths) -> Iterator[Finding]:
    try:
        yield from check(settings, paths)
    except AvatarError as error:
        yield Finding.failed(error.message, error.hint)


def _python(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
    version = platform.python_version()
    fit = sys.version_info >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield Finding(fit, f"Python {version}", "" if fit else f"Install Python {wanted} or newer.")
    missing = [name for name in PACKAGES if not _is_installed(name)]
    if missing:
        command = f"Type: {sys.executable} -m pip install {' '.join(missing)}"
        yield Finding.failed(f"These packages are missing: {', '.join(missing)}", command)
    else:
        yield Finding.passed("All packages are installed")


def _settings_read(_settings: Settings, paths: AppPaths) -> Iterator[Finding]:
    from avatar_app.settings.loading import load_settings

    _, notices = load_settings(paths.settings_file)
    absence = "" if paths.settings_file.exists() else " (does not exist: all defaults apply)"
    if not notices:
        yield Finding.passed(f"Settings {paths.settings_file}{absence}")
    for notice in notices:
        yield Finding.failed(notice.message, notice.hint)
    for notice in Registry(user=paths.engines).notices:
        yield Finding.failed(notice.message, notice.hint)


def _folders(_settings: Settings, paths: AppPaths) -> Iterator[Finding]:
    for name, folder in (("Settings", paths.config), ("Data", paths.data), ("Log", paths.logs)):
        reason = _why_unwritable(folder)
        remedy = "Change the folder's permissions, or set AVATAR_DATA_DIR to another folder."
        result = f"cannot be written: {reason}" if reason else "can be written"
        yield Finding(not reason, f"{name} folder {folder} {result}", remedy if reason else "")
    free = shutil.disk_usage(_existing(paths.data)).free / 2**30
    roomy = free >= ENOUGH_FREE_GB
    yield Finding(
        roomy, f"{free:.1f} GB of disk are free", "" if roomy else "Free some space on it."
    )
    notes = (".json", ".lock", ".yaml")
    models = sorted(path.name for path in paths.models.glob("*") if path.suffix not in notes)
    holds = ", ".join(models) if models else "empty; no model is required"
    yield Finding.passed(f"Model folder {paths.models}: {holds}")


def _devices(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
    from avatar_app.audio.backend import list_devices
    from avatar_app.audio.devices import Direction, default

    found = list_devices()
    yield Finding.passed("PortAudio works")
    wanted = (
        ("microphone", Direction.INPUT, "Plug one in; until then you can type."),
        ("loudspeaker", Direction.OUTPUT, "Plug one in; until then you can read the answers."),
    )
    for name, direction, remedy in wanted:
        device = default(found, direction)
        if device is None:
            yield Finding.failed(f"No {name} found", remedy)
        else:
            count = sum(each.channels(direction) > 0 for each in found)
            yield Finding.passed(f"{name.capitalize()}: {device.name} ({count} to choose from)")


def _window(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
    """Check Qt in a separate process, as Qt aborts where its platform is missing."""
    import subprocess

    code = "from PySide6.QtWidgets import QApplication as A; print(A([]).platformName())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        yield Finding.passed(f"Qt opens windows on {done.stdout.strip()}")
        return
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    yield Finding.failed(
        f"Qt cannot open a window: {lines[0] if lines else 'it stopped'}",
        "Start it on a desktop; on Linux install libxcb-cursor0 and libegl1. "
        "Without a display, avatar-app demo writes a film.",
    )


def _engines(settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
    registry = Registry()
    for kind, choice in choices(settings).items():
        yield _engine(registry, kind, choice)


def _engine(registry: Registry, kind: Kind, choice: EngineChoice) -> Finding:
    try:
        manifest = registry.find(kind, choice.engine)
        began = time.perf_counter()
        engine = create_engine(registry, manifest, choice.options)
        try:
            if isinstance(engine, Host):
                engine.wait_ready()
            seconds = time.perf_counter() - began
        finally:
            engine.close()
    except AvatarError as error:
        builtin = BUILTIN[kind]
        other = f" Or choose the built-in one: {kind}.engine: {builtin}"
        remedy = error.hint + (other if choice.engine != builtin else "")
        return Finding.failed(f"{kind}: {error.message}", remedy)
    return Finding.passed(f"{kind}: {manifest.title} loads in {seconds:.1f} s")


def _conversation(settings: Settings, paths: AppPaths) -> Iterator[Finding]:
    from avatar_app.diagnostics.scripted_conversation import hold_conversation

    yield from (Finding(*each) for each in hold_conversation(settings, paths, PHRASE))


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _why_unwritable(folder: Path) -> str:
    """Return why no file can be created in `folder`; empty if one can."""
    try:
        with NamedTemporaryFile(dir=_existing(folder)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _existing(folder: Path) -> Path:
    """Return the folder, or its nearest existing parent."""
    return next(path for path in (folder, *folder.parents) if path.exists())


CHECKS: tuple[Check, ...] = (
    _python,
    _settings_read,
    _folders,
    _devices,
    _window,
    _engines,
    _conversation,
)
