"""Which engine draws the face: what each does, needs and lacks, and a button to use it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.session.face_engines import FaceEngine
from avatar_app.ui.language.formats import size_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.scrolling import Section, mark_first, sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.notices import Action

BUTTON = 12 * UNIT
MB = 2**20


class EngineRows(QWidget):
    """One row for each engine."""

    use_wanted = Signal(object)
    """Each with a FaceEngine."""
    model_wanted = Signal(object)

    def __init__(self, remedy: Callable[[AvatarError], Action | None]) -> None:
        """`remedy` returns the button that helps against an error."""
        super().__init__()
        self._remedy = remedy
        self._shown: tuple[FaceEngine, ...] = ()
        self.section = Section(self.tr("What draws it"))
        self.rows: dict[str, QFrame] = {}
        self.buttons: dict[str, QPushButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.section)

    def show_engines(self, engines: tuple[FaceEngine, ...]) -> None:
        """Show these; rows are made again only where something has changed."""
        if engines == self._shown:
            return
        self._shown = engines
        for row in self.rows.values():
            row.hide()
            row.deleteLater()
        self.rows, self.buttons = {}, {}
        for engine in engines:
            self.rows[engine.name] = self._row(engine)
            self.section.rows.addWidget(self.rows[engine.name])
            mark_first(self.rows[engine.name], first=len(self.rows) == 1)

    def _row(self, engine: FaceEngine) -> QFrame:
        row = QFrame()
        row.setObjectName("settingRow")
        row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = QLabel(translated(engine.title))
        name.setObjectName("rowTitle")
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(name)
        texts.addWidget(sentence(translated(engine.summary)))
        texts.addWidget(sentence(self._memory(engine)))
        if engine.problem:
            problem = QLabel(translated(engine.problem))
            problem.setObjectName("verdict")
            problem.setProperty("tone", "warn")
            problem.setWordWrap(True)
            problem.setTextFormat(Qt.TextFormat.PlainText)
            texts.addWidget(problem)
        self.buttons[engine.name] = button = self._button(engine)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(2 * UNIT, 12, 2 * UNIT, 12)
        layout.setSpacing(2 * UNIT)
        layout.addLayout(texts, 1)
        layout.addWidget(button)
        return row

    def _memory(self, engine: FaceEngine) -> str:
        return self.tr("Takes {} of memory.").format(size_text(engine.ram_mb * MB))

    def _button(self, engine: FaceEngine) -> QPushButton:
        if engine.lacks_model:
            tip = self.tr("Show the model of {} on the page of models").format(engine.title)
            button = small_button(self.tr("Get model"), tip)
            button.clicked.connect(partial(self.model_wanted.emit, engine))
        elif engine.problem and (helps := self._remedy(AvatarError("", engine.problem))):
            tip = self.tr("Show the model of {} on the page of models").format(engine.title)
            button = small_button(helps.title, tip)
            button.clicked.connect(lambda: helps.do())
        else:
            title = self.tr("In use") if engine.is_used else self.tr("Use")
            tip = self.tr("{} is in use") if engine.is_used else self.tr("Let {} draw the avatar")
            button = small_button(title, tip.format(engine.title))
            button.setEnabled(not engine.is_used and not engine.problem)
            button.clicked.connect(partial(self.use_wanted.emit, engine))
        button.setMinimumWidth(BUTTON)
        return button
