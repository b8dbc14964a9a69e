"""Journeys probe, a program: does in the window what a person does, and prints how late its event
loop was meanwhile, as JSON.

Everything is real except for the screen: session, engines, pages and the user's folder. Argument:
the photo that becomes an avatar.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox

from avatar_app.bench.window.beats import Beats, quantile
from avatar_app.bench.window.probed_window import ProbedWindow
from avatar_app.core.events import State
from avatar_app.system.paths import AppPaths, app_paths
from avatar_app.ui.language.translator import LANGUAGE
from avatar_app.ui.pages.avatars.page import AvatarsPage
from avatar_app.ui.pages.field_texts import LANGUAGE_SETTING
from avatar_app.ui.pages.history import HistoryPage
from avatar_app.ui.pages.index import PAGES
from avatar_app.ui.pages.page_ids import AVATARS, HISTORY, SETTINGS
from avatar_app.ui.pages.settings import SettingsPage

QUESTION = "What can you do?"
TYPED_S, LOOK_S = 0.15, 0.7
"""Seconds between two letters, and that a person looks at what came."""
LANGUAGES = ("ar", "zh", "de", "en")
STEPS = 12
"""Presses of arrow keys, in a list and on the crop of a photo."""


class JourneysProbe(ProbedWindow):
    """Each journey is a method; `run` measures them one after the other in one window."""

    def __init__(self, paths: AppPaths, photo: Path) -> None:
        super().__init__(paths)
        self._photo, self._journey = photo, ""

    def run(self) -> dict[str, dict[str, float]]:
        """Return for each journey its seconds, how late the loop was, and its longest step on the
        processor, in milliseconds."""
        self.open()
        journeys: dict[str, Callable[[], None]] = {
            "conversation": self._talk,
            "pages first": self._open_pages,
            "pages again": self._open_pages,
            "settings": self._search_settings,
            "history": self._search_history,
            "avatar": self._add_avatar,
            "languages": self._switch_language,
            "theme": self._switch_theme,
        }
        measured = {name: self._measure(name, journey) for name, journey in journeys.items()}
        self.window.close()
        return measured

    def _measure(self, name: str, journey: Callable[[], None]) -> dict[str, float]:
        self._journey = name
        beats, began = Beats(), time.monotonic()
        beats.start()
        journey()
        beats.stop()
        seconds = time.monotonic() - began
        self.window.pages.close()
        late = {f"p{share}": quantile(beats.late_ms, share / 100) for share in (50, 99)}
        late["busy_p99"] = quantile(beats.busy_ms, 0.99)
        longest = {"longest": max(beats.late_ms), "busiest": max(beats.busy_ms)}
        return late | longest | {"seconds": seconds}

    def _talk(self) -> None:
        ended = self.ended
        self._type(self.window.composer.field.setText, QUESTION)
        self.window.composer.send_button.click()
        self._until(lambda: self.ended > ended and self.state is State.IDLE)

    def _open_pages(self) -> None:
        for page in PAGES:
            self.window.pages.open(page.id)
            self._until(lambda: self.window.pages.shown is not None and self._is_filled())
            self.pass_time(LOOK_S)

    def _search_settings(self) -> None:
        self.window.pages.open(SETTINGS)
        page = self._settings()
        self._type(page.search_field.setText, "voice")
        self._type(page.search_field.setText, "@modified")

    def _search_history(self) -> None:
        self.window.pages.open(HISTORY)
        page = self.window.pages.shown
        assert isinstance(page, HistoryPage)
        self._until(lambda: page.reader.model.rowCount() > 0)
        self._type(page.search_field.setText, "garden tid")
        for _ in range(STEPS):
            self._press(page.list, Qt.Key.Key_Down)

    def _add_avatar(self) -> None:
        self.window.pages.open(AVATARS)
        page = self.window.pages.shown
        assert isinstance(page, AvatarsPage)
        page.take(self._photo)
        self._until(lambda: page.drafting.is_open and page.is_filled)
        for key in (Qt.Key.Key_Left, Qt.Key.Key_Right) * (STEPS // 2):
            self._press(page.draft.picture, key)
        known = set(page.gallery.tiles)
        page.draft.keep_button.click()
        self._until(lambda: page.gallery.tiles.keys() - known)

    def _switch_language(self) -> None:
        self.window.pages.open(SETTINGS, LANGUAGE_SETTING)
        for language in LANGUAGES:
            self._until(lambda: LANGUAGE_SETTING in self._settings().form.rows)
            box = self._settings().form.rows[LANGUAGE_SETTING].editor.control
            assert isinstance(box, QComboBox)
            before = self._settings()
            box.activated.emit(box.findData(language))
            self._until(partial(self._is_in, language, before))
            self.window.pages.open(SETTINGS, LANGUAGE_SETTING)
            self.pass_time(LOOK_S)

    def _switch_theme(self) -> None:
        for _ in range(4):
            self.window.look.toggle_theme()
            self.pass_time(LOOK_S)

    def _settings(self) -> SettingsPage:
        page = self.window.pages.shown
        assert isinstance(page, SettingsPage)
        return page

    def _is_in(self, language: str, before: SettingsPage) -> bool:
        """Whether the settings were made again in a language."""
        return LANGUAGE.code == language and self.window.pages.shown is not before

    def _is_filled(self) -> bool:
        page = self.window.pages.shown
        return page is not None and page.is_filled

    def _type(self, field: Callable[[str], None], text: str) -> None:
        """Letter by letter."""
        for count in range(1, len(text) + 1):
            field(text[:count])
            self.pass_time(TYPED_S)
        self.pass_time(LOOK_S)

    def _press(self, widget: object, key: Qt.Key) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier)
            QCoreApplication.sendEvent(widget, event)  # type: ignore[arg-type]
        self.pass_time(TYPED_S)

    def _until(self, condition: Callable[[], object]) -> None:
        if not self.wait_for(condition):
            raise TimeoutError(f"the journey {self._journey} did not end in time")


def main() -> None:
    """Print the measurements as one line of JSON."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    probe = JourneysProbe(app_paths(), Path(sys.argv[1]))
    sys.stdout.write(json.dumps(probe.run()) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
