"""The first steps, in a few quiet lines above the composer: shown once, each can be left
out, and each leads to talking."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.session.local_findings import LocalFinding, find_local
from avatar_app.settings.store import SettingsChange, SettingsStore
from avatar_app.ui.language.texts import full_text, keep_translated
from avatar_app.ui.pages.page_ids import AVATARS, DEVICES, VOICES
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.buttons import IconButton
from avatar_app.ui.widgets.message import button_text
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar

PADDING, BORDERS = 3 * UNIT, 8 * UNIT
"""Pixels around the words of a link, and around all links."""
SETTING = "window.first_steps"
NEW, SHOWN = "new", "shown"


class FirstStepsBar(QFrame):
    """Links side by side; below them, one line for each thing that was found."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("starter")
        self._names: tuple[tuple[str, str], ...] = ()
        """Of each link: its name, and a shorter one."""
        self.links = [self._link("", "") for _ in range(5)]
        """In the order of Tab."""
        self.talk_button, self.check_button, self.face_button = self.links[:3]
        self.voices_button, self.here_button = self.links[3:]
        self.close_button = IconButton(theme, Glyph.CLOSE, "")
        self.close_button.setFixedSize(4 * UNIT, 4 * UNIT)
        self.said = QLabel()
        self.said.setObjectName("noticeHint")
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.hide()
        self.found: list[QPushButton] = []
        self._columns = 0
        self._lay_out()
        keep_translated(self, self._name_parts)
        self.hide()

    def tell(self, sentence: str) -> None:
        """Say something below the links; nothing hides it."""
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))

    def show_found(self, titles: list[str]) -> list[QPushButton]:
        """Replace the lines; a button for each."""
        for button in self.found:
            button.hide()
            button.deleteLater()
        self.found = [self._link(title, title) for title in titles]
        before: QWidget = self.links[-1]
        for button in self.found:
            self._column.addWidget(button)
            QWidget.setTabOrder(before, button)
            before = button
        return self.found

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the links are called by fewer words, and take more lines."""
        super().resizeEvent(event)
        self._name_links(event.size().width())

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(UNIT)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(UNIT)
        self._grid.setVerticalSpacing(2)
        row.addLayout(self._grid)
        row.addStretch(1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 4, 4, 4)
        self._column.setSpacing(2)
        self._column.addLayout(row)
        self._column.addWidget(self.said)

    def _name_links(self, width: int) -> None:
        """Use whole names in one line, else short ones in as few lines as there is room for."""
        whole, short = zip(*self._names, strict=True)
        one_line = len(self.links)
        is_short = self._needed(whole, one_line) > width
        for button, text in zip(self.links, short if is_short else whole, strict=True):
            button.setText(button_text(text))
        for button, text in zip(self.links, whole, strict=True):
            button.setAccessibleName(text)
        ways = (one_line, 3) if is_short else (one_line,)
        self._arrange(next((n for n in ways if self._needed(short, n) <= width), 2))

    def _needed(self, texts: tuple[str, ...], columns: int) -> int:
        """Return the width that links need in so many columns."""
        metrics = self.links[0].fontMetrics()
        widths = [metrics.horizontalAdvance(text) + PADDING + UNIT for text in texts]
        return sum(max(widths[column::columns]) for column in range(columns)) + BORDERS

    def _arrange(self, columns: int) -> None:
        if columns != self._columns:
            self._columns = columns
            for number, button in enumerate(self.links):
                self._grid.addWidget(button, number // columns, number % columns)

    def _name_parts(self) -> None:
        self.setAccessibleName(self.tr("First steps"))
        self.close_button.name_it(self.tr("Leave the first steps out"))
        self._names = (
            (self.tr("Talk now"), self.tr("Talk now")),
            (self.tr("Check microphone and sound"), self.tr("Check sound")),
            (self.tr("Choose a character"), self.tr("Characters")),
            (self.tr("Hear the voices"), self.tr("Hear voices")),
            (self.tr("Use what is installed"), self.tr("What is installed")),
        )
        tips = (
            self.tr("Nothing is needed for it: speak, or type and press Enter"),
            self.tr("Microphone, loudspeaker and echo"),
            self.tr("Drawn characters, and faces from your photos and clips"),
            self.tr("Every voice that is installed"),
            self.tr("Look for models of other programs and for servers on this computer"),
        )
        for button, tip in zip(self.links, tips, strict=True):
            button.setToolTip(tip)
        self._name_links(self.width())

    def minimumSizeHint(self) -> QSize:
        """Never wider than the window lets it be: the texts follow its width."""
        return QSize(0, super().minimumSizeHint().height())

    def _link(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(button_text(text))
        button.setObjectName("bring")
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the text field
        return button


class HasNotices(Protocol):
    """The portrait."""

    @property
    def notices(self) -> NoticeBar: ...


class HasFirstSteps(Protocol):
    """The parts of the window, which import the bar."""

    @property
    def first_steps(self) -> FirstStepsBar: ...

    @property
    def stage(self) -> HasNotices: ...


class FirstSteps(QObject):
    """Nothing is looked for before the user asks."""

    def __init__(
        self,
        parts: HasFirstSteps,
        store: SettingsStore,
        work: Work,
        open_page: Callable[[str], None],
    ) -> None:
        self.bar = bar = parts.first_steps
        super().__init__(bar)
        self._store, self._work, self._notices = store, work, parts.stage.notices
        bar.talk_button.clicked.connect(bar.hide)
        bar.check_button.clicked.connect(lambda: open_page(DEVICES))
        bar.face_button.clicked.connect(lambda: open_page(AVATARS))
        bar.voices_button.clicked.connect(lambda: open_page(VOICES))
        bar.here_button.clicked.connect(self.look)
        bar.close_button.clicked.connect(bar.hide)

    def offer(self) -> None:
        """Show the bar at the first start, and never again by itself."""
        if self._store.get(SETTING) == NEW:
            self.bar.show()
            note = partial(self._store.change, {SETTING: SHOWN}, undoable=False)
            self._work.run(note)

    def look(self) -> None:
        """Look once for what could be used."""
        self.bar.here_button.setEnabled(False)
        self.bar.tell(self.tr("Looking …"))
        task = self._work.run(lambda: find_local(self._store))
        task.then(self._show).failed(self._failed)

    def _show(self, found: tuple[LocalFinding, ...]) -> None:
        self.bar.here_button.setEnabled(True)
        nothing = self.tr("No model of another program and no server was found on this computer.")
        self.bar.tell("" if found else nothing)
        buttons = self.bar.show_found([self._line(each) for each in found])
        for finding, button in zip(found, buttons, strict=True):
            button.clicked.connect(partial(self._use, finding))

    def _failed(self, error: AvatarError) -> None:
        self.bar.here_button.setEnabled(True)
        self.bar.tell(full_text(error))

    def _use(self, finding: LocalFinding) -> None:
        task = self._work.run(lambda: self._store.change(finding.settings))
        task.then(partial(self._tell, finding)).failed(self._failed)

    def _tell(self, finding: LocalFinding, change: SettingsChange) -> None:
        if change.names:
            self._notices.tell(
                Notice(
                    self.tr("Chosen: {}").format(finding.title),
                    self.tr("It is used as soon as it has loaded."),
                    action=Action(self.tr("Undo"), self._undo),
                )
            )

    def _undo(self) -> None:
        self._work.run(self._store.undo)

    def _line(self, finding: LocalFinding) -> str:
        parts = {
            Kind.ASR: self.tr("speech recognition"),
            Kind.DIALOGUE: self.tr("language model"),
            Kind.TTS: self.tr("voice"),
        }
        what = parts.get(finding.kind, finding.kind.value)
        size = f"  ·  {finding.size}" if finding.size else ""
        return self.tr("Use {}: {}, from {}{}").format(what, finding.title, finding.source, size)
