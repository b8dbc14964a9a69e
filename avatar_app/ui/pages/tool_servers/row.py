"""One server whose tools the avatar may use: switched on and off, tested, removed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from avatar_app.agents.mcp.collection import ListedServer
from avatar_app.ui.pages.scrolling import sentence
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.message import plain_label
from avatar_app.ui.widgets.toggle import CheckableButton


class ToolServerRow(QFrame):
    """Shows what the user approved."""

    enable_wanted = Signal(str, bool)
    test_wanted = Signal(str)
    remove_wanted = Signal(str)

    def __init__(self, listed: ListedServer) -> None:
        super().__init__()
        self.name = listed.name
        self.setObjectName("voiceRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = plain_label(listed.name)
        title.setObjectName("voiceName")
        self.about = sentence(self._about(listed))
        self.on_button = CheckableButton(self.tr("On"))
        self.on_button.setObjectName("noticeAction")
        self.on_button.setChecked(listed.server.enabled)
        self.on_button.setAccessibleName(self.tr("Use {}").format(self.name))
        self.on_button.setToolTip(self.on_button.accessibleName())
        self.test_button = small_button(self.tr("Test"), self.tr("Test {}").format(self.name))
        remove = self.tr("Remove {}").format(self.name)
        self.remove_button = small_button(self.tr("Remove"), remove)
        self.on_button.clicked.connect(
            lambda: self.enable_wanted.emit(self.name, self.on_button.isChecked())
        )
        self.test_button.clicked.connect(lambda: self.test_wanted.emit(self.name))
        self.remove_button.clicked.connect(lambda: self.remove_wanted.emit(self.name))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(title)
        texts.addWidget(self.about)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        row.setSpacing(UNIT)
        row.addLayout(texts, 1)
        for button in self.buttons:
            row.addWidget(button)

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """Return the buttons in Tab order."""
        return self.on_button, self.test_button, self.remove_button

    def show_busy(self, *, busy: bool) -> None:
        """Testing takes seconds."""
        self.test_button.setEnabled(not busy)
        self.test_button.setText(self.tr("Testing …") if busy else self.tr("Test"))

    def _about(self, listed: ListedServer) -> str:
        tools = ", ".join(tool.name for tool in listed.tools) or self.tr("no tools")
        folders = ", ".join(map(str, listed.server.folders))
        return "\n".join(filter(None, (listed.server.place, folders, tools)))
