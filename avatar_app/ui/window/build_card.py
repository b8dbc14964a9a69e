"""The build card: how far a page is that the avatar builds, with buttons for what can be said."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout

from avatar_app.core.builds import BuildChanged, BuildState, PageAct
from avatar_app.ui.language.texts import keep_translated
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.message import PROGRESS_STEPS, message_and_hint, progress_bar

_BUTTONS = {
    BuildState.BUILDING: (PageAct.SHOW, PageAct.STOP, PageAct.UNDO),
    BuildState.READY: (PageAct.SHOW, PageAct.UNDO, PageAct.LEAVE),
    BuildState.STOPPED: (PageAct.SHOW, PageAct.RESUME, PageAct.UNDO, PageAct.LEAVE),
    BuildState.CUT_OFF: (PageAct.SHOW, PageAct.RESUME, PageAct.LEAVE),
    BuildState.FAILED: (PageAct.SHOW, PageAct.RESUME, PageAct.UNDO, PageAct.LEAVE),
    BuildState.UNDONE: (PageAct.SHOW, PageAct.UNDO, PageAct.LEAVE),
}
"""What can be done in a state, in Tab order."""
_PRIMARY = {
    BuildState.READY: PageAct.SHOW,
    BuildState.STOPPED: PageAct.RESUME,
    BuildState.CUT_OFF: PageAct.RESUME,
}
COLUMNS = 2
"""Of buttons: more would not fit beside the transcript in the smallest window."""


class BuildCard(QFrame):
    """Shows one page; `act` receives what the user wants of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("starter")
        self.act: Callable[[PageAct], object] = lambda _act: None
        self._changed: BuildChanged | None = None
        self._message, self._text = message_and_hint()
        self.bar = progress_bar()
        self.button = {act: QPushButton() for act in PageAct}
        for act, button in self.button.items():
            button.setObjectName("noticeAction")
            button.setParent(self)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the focus in the field
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _checked=False, act=act: self._do(act))
        self._lay_out()
        keep_translated(self, self._name_parts)
        self.hide()

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """Return the buttons in Tab order."""
        return tuple(self.button.values())

    def show_build(self, changed: BuildChanged) -> None:
        """Show how far it is."""
        self._changed = changed
        shown = _BUTTONS[changed.state]
        for at, act in enumerate(shown):
            self._rows.addWidget(self.button[act], at // COLUMNS, at % COLUMNS)
        for act, button in self.button.items():
            button.setVisible(act in shown)
            is_primary = _PRIMARY.get(changed.state) is act
            button.setObjectName("primary" if is_primary else "noticeAction")
            button.style().polish(button)
        self.bar.setValue(round(PROGRESS_STEPS * changed.fraction))
        self.bar.setVisible(changed.state is BuildState.BUILDING)
        self._name_parts()
        self.show()

    def _do(self, act: PageAct) -> None:
        if act is PageAct.LEAVE:
            self.hide()
        self.act(act)

    def _name_parts(self) -> None:
        for act, text in self._names().items():
            self.button[act].setText(text)
            self.button[act].setAccessibleName(text)
            self.button[act].setToolTip(text)
        self.bar.setAccessibleName(self.tr("Progress of the page"))
        if self._changed is None:
            return
        message = self._states()[self._changed.state]
        self._message.setText(message)
        self._text.setText(self._changed.title)
        self._text.setToolTip(self._changed.text)
        self.setAccessibleName(message)
        self.setAccessibleDescription(f"{self._changed.title} {self._changed.text}")

    def _names(self) -> dict[PageAct, str]:
        return {
            PageAct.SHOW: self.tr("Show me"),
            PageAct.STOP: self.tr("Stop building"),
            PageAct.RESUME: self.tr("Go on building"),
            PageAct.UNDO: self.tr("Undo the last step"),
            PageAct.LEAVE: self.tr("Close"),
        }

    def _states(self) -> dict[BuildState, str]:
        return {
            BuildState.BUILDING: self.tr("I am building a page"),
            BuildState.READY: self.tr("The page is built"),
            BuildState.STOPPED: self.tr("I have stopped building the page"),
            BuildState.FAILED: self.tr("The page could not be built"),
            BuildState.CUT_OFF: self.tr("The page is unfinished: the program ended meanwhile"),
            BuildState.UNDONE: self.tr("The last step of the page is undone"),
        }

    def _lay_out(self) -> None:
        texts = QVBoxLayout(self)
        texts.setContentsMargins(20, 12, 12, 12)
        texts.setSpacing(UNIT // 2)
        for widget in (self._message, self._text, self.bar):
            texts.addWidget(widget)
        self._rows = QGridLayout()
        self._rows.setSpacing(UNIT)
        self._rows.setContentsMargins(0, UNIT // 2, 0, 0)
        texts.addLayout(self._rows)
