"""Every text on show goes through translation: in a language that marks what it translates, nothing
but names and what the user wrote is bare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_session import REGISTRY, FakeSession
from pseudo_language import pseudo_catalog
from PySide6.QtWidgets import QApplication
from visible_texts import visible_texts

from avatar_app.core.events import Failed, Noticed
from avatar_app.models.catalog import CATALOG, read_catalog
from avatar_app.settings.schema import ThemeChoice
from avatar_app.system.paths import shipped
from avatar_app.ui.language.translator import LANGUAGE, SOURCE
from avatar_app.ui.pages.index import PAGES
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow

MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
KEYS = re.compile(r"\((Ctrl|Esc|Del|F\d|⟦)[^)]*\)")
PATHS = re.compile(r"(?<!\w)[~/][\w./-]+|\w+\.yaml")
SIZES = re.compile(r"[\d.,]+ (bytes|kB|MB|GB|ms|s|dB|%)")
IDENTIFIERS = re.compile(r"[\w.-]*[_.][\w.-]+|[A-Z_]{8,}|[a-z]{1,3}\d+|[A-Z]{2}")
"""Settings, models, voices, regions: called the same in every language."""
NAMES = frozenset(
    [
        "Mira",
        "Otto",
        "Theo",
        "Pip",
        "Pemberton",
        "Desk",
        "Headset",
        "Monitor",
        "Heart",
        "Siwis",
        "English",
        "Deutsch",
        "Español",
        "Français",
        "AEC",
        "PocketSphinx",
        "Kokoro",
        "Piper",
        "Whisper",
        "VITS",
        "XTTS",
        "Coqui",
        "GFPGAN",
        "Smart",
        "Turn",
        "Silero",
        "WebRTC",
        "Wav",
        "MIT",
        "Apache",
        "License",
        "BSD",
        "Clause",
        "CC",
        "public",
        "domain",
        "Community",
        "Llama",
        "Python",
        "Qt",
        "Linux",
        "Intel",
        "Xeon",
        "Processor",
        "espeak",
        "kokoro",
        "avatar-app",
        "doctor",
        "pause",
        "pauses",
        "persona",
    ]
)
OF_A_TEST = ("Built-in voice", "Desk microphone")
_MODELS = read_catalog(shipped("models") / CATALOG).models
TITLES = sorted(
    {text for model in _MODELS for text in (model.title, model.license.title)},
    key=len,
    reverse=True,
)
"""Names of models and licenses."""
CONTENT = ("description", "row", "row's tip", "choice")
"""Where personas and models stand with texts of their own."""


@pytest.fixture
def marked(qapp: QApplication, tmp_path: Path) -> Iterator[None]:
    """A window opened from now on is English; `go` marks it."""
    yield
    LANGUAGE.show(SOURCE, None)
    LANGUAGE.code = ""
    LANGUAGE.show(SOURCE)
    QApplication.processEvents()


@pytest.fixture
def window(qtbot, marked, tmp_path) -> Iterator[MainWindow]:
    session = FakeSession(manifests=tuple(REGISTRY.all()))
    window = MainWindow(session, Theme(ThemeChoice.DARK))
    window.show()
    window.start()
    qtbot.waitUntil(lambda: bool(session.asked("transcript")))
    LANGUAGE.show(SOURCE, pseudo_catalog(tmp_path))
    QApplication.processEvents()
    yield window
    window.close()
    window.deleteLater()


def bare(root) -> list[tuple[str, str]]:
    """Return what stands outside of marks and is no name."""
    return sorted({(where, text) for where, text in visible_texts(root) if _bare_words(text)})


def _bare_words(text: str) -> list[str]:
    for known in (*OF_A_TEST, *TITLES):
        text = text.replace(known, "")
    while (inner := MARKED.sub("", text)) != text:
        text = inner
    for known in (KEYS, PATHS, SIZES, IDENTIFIERS):
        text = known.sub("", text)
    words = re.findall(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*", text)
    return [word for word in words if word not in NAMES]


def test_window_frame_and_popover_are_translated(qtbot, window):
    window.show_settings()
    qtbot.waitUntil(lambda: len(window.popover.microphones.rows) == 3)
    window._session.post(Noticed("The microphone Headset is back."))
    qtbot.waitUntil(window.stage.notices.isVisible)
    assert bare(window) == []


def test_error_notice_from_another_package_is_translated(qtbot, window):
    failed = Failed(None, "speak", "The voice produced no sound.", "Choose another voice.")
    window._session.post(failed)
    qtbot.waitUntil(window.stage.notices.isVisible)
    assert bare(window.stage.notices) == []


@pytest.mark.parametrize("page", [entry.id for entry in PAGES if entry.id != "settings"])
def test_every_page_is_translated(qtbot, window, page):
    window.pages.open(page)
    window.work.run(lambda: None)
    qtbot.wait(500)
    view = window.pages.shown
    assert [each for each in bare(view) if each[0].split(": ")[1] not in CONTENT] == []


def test_every_settings_section_is_translated(qtbot, window):
    window.pages.open("settings")
    view = window.pages.shown
    for row in range(view.pages.count()):
        view.pages.setCurrentRow(row)
        qtbot.waitUntil(lambda: view.is_filled)
        assert [each for each in bare(view) if each[0].split(": ")[1] not in CONTENT] == []
