"""What the program may connect to, what that covers, and the log of all attempts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout

from avatar_app.core.network_access import NetworkAccess
from avatar_app.system.network_log import ConnectionAttempt
from avatar_app.ui.language.formats import moment_text
from avatar_app.ui.style.assets import Glyph, icon
from avatar_app.ui.style.theme import UNIT, Theme
from avatar_app.ui.widgets.toggle import CheckableButton

MOST = 12
"""Attempts on show."""
_CHECK = 16


class NetworkCard(QFrame):
    """Three choices, of which one is checked."""

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("formCard")
        self.setAccessibleName(self.tr("Connections"))
        self.choices: dict[NetworkAccess, QPushButton] = {}
        self.covers, self.log = QLabel(), QLabel()
        self.log_heading = QLabel(self.tr("Latest attempts to connect"))
        self.log_heading.setObjectName("section")
        for label in (self.log_heading, self.log):
            label.hide()  # until it is known
        column = QVBoxLayout(self)
        column.setContentsMargins(UNIT, UNIT, UNIT, 2 * UNIT)
        column.setSpacing(2)
        for access, title in self._titles().items():
            column.addWidget(self._choice(access, title))
        for label in (self.covers, self.log):
            label.setObjectName("settingHelp")
            label.setWordWrap(True)
            label.setContentsMargins(12, 0, 12, 0)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.log.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addSpacing(UNIT)
        column.addWidget(self.covers)
        column.addSpacing(UNIT)
        column.addWidget(self.log_heading)
        column.addWidget(self.log)
        theme.changed.connect(self._paint_checks)

    def show_access(self, access: NetworkAccess, *, sealed: bool) -> None:
        """What is allowed. `sealed`: the system itself refuses, until the program ends."""
        for each, button in self.choices.items():
            button.setChecked(each is access)
        self._paint_checks()
        self.covers.setText(self._coverage(access, sealed=sealed))

    def show_attempts(self, attempts: Sequence[ConnectionAttempt]) -> None:
        """The newest first."""
        self.log_heading.show()
        self.log.show()
        lines = [self._line(each) for each in attempts[:MOST]]
        self.log.setText("\n".join(lines) or self.tr("Nothing has tried to connect."))

    def _titles(self) -> dict[NetworkAccess, str]:
        return {
            NetworkAccess.ALL: self.tr("Everything: downloads and servers that you choose"),
            NetworkAccess.LOCAL: self.tr("This computer only: language model servers on it"),
            NetworkAccess.NONE: self.tr("Nothing at all"),
        }

    def _coverage(self, access: NetworkAccess, *, sealed: bool) -> str:
        """Honest about what is refused, and by whom."""
        if access is NetworkAccess.ALL and not sealed:
            return self.tr(
                "Nothing is sent anywhere unless you download something or choose a server. Each "
                "attempt is logged below."
            )
        if sealed and access is not NetworkAccess.NONE:
            return self.tr(
                "The system still refuses every connection: that was chosen when the program "
                "started. Start it again for this choice."
            )
        if sealed:
            return self.tr(
                "The system refuses every connection of this program, of its engines and of all "
                "programs that it starts, until it ends."
            )
        if access is NetworkAccess.LOCAL:
            return self.tr(
                "Refused at once: everything that Python code connects to elsewhere, here and in "
                "the engines. Engines that start from now on and need no server are also held to "
                "it by the system, where that is Linux. Not covered: libraries in machine code in "
                "the window's own process, and engines that run already."
            )
        return self.tr(
            "Refused at once: everything that Python code connects to, here and in the engines. "
            "From the next start on, the system refuses it to libraries in machine code too, "
            "where that is Linux."
        )

    def _line(self, attempt: ConnectionAttempt) -> str:
        shown = moment_text(attempt.at)
        verbs = {
            "connect": self.tr("connected to"),
            "look up": self.tr("looked up"),
            "send": self.tr("sent to"),
        }
        verb = verbs.get(attempt.what, attempt.what)
        if not attempt.allowed:
            verb = self.tr("was refused")
        return f"{shown}   {attempt.process} {verb} {attempt.address}"

    def _choice(self, access: NetworkAccess, title: str) -> QPushButton:
        button = CheckableButton(title)
        button.setObjectName("choice")
        button.setIconSize(QSize(_CHECK, _CHECK))
        button.setAccessibleName(self.tr("Connections: {}").format(title))
        button.setToolTip(title)
        button.clicked.connect(partial(self._choose, access))
        self.choices[access] = button
        return button

    def _choose(self, access: NetworkAccess) -> None:
        for each, button in self.choices.items():
            button.setChecked(each is access)
        self._paint_checks()
        self.chosen.emit(access)

    def _paint_checks(self) -> None:
        for button in self.choices.values():
            shade = self._theme.palette.accent if button.isChecked() else "transparent"
            button.setIcon(icon(Glyph.CHECK, shade, _CHECK))
