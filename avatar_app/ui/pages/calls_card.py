"""The privacy page's list of what the avatar did: the latest tools, and whether the user agreed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from avatar_app.core.values import Permission
from avatar_app.storage.tool_log import ASKED, LoggedCall
from avatar_app.ui.language.formats import moment_text
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.message import plain_label

MOST = 30
"""Calls that are shown; the command line lists more."""
LONGEST = 120
"""Characters of arguments that are shown."""


class CallsCard(QFrame):
    """Text that can be selected and copied."""

    def __init__(self) -> None:
        super().__init__()
        heading = QLabel(self.tr("What I did last"))
        heading.setObjectName("section")
        self.log = plain_label()
        self.log.setObjectName("settingHelp")
        self.log.setWordWrap(True)
        self.log.setContentsMargins(12, 0, 12, 0)
        self.log.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(UNIT, UNIT, UNIT, 2 * UNIT)
        column.setSpacing(UNIT)
        column.addWidget(heading)
        column.addWidget(self.log)
        self.show_calls(())

    def show_calls(self, calls: Sequence[LoggedCall]) -> None:
        """The newest first."""
        lines = [self._line(each) for each in calls[:MOST]]
        self.log.setText("\n".join(lines) or self.tr("I have not used any tool yet."))

    def _line(self, call: LoggedCall) -> str:
        shown = moment_text(call.at)
        said = call.arguments if call.arguments != "{}" else ""
        end = f"   ({self._remark(call)})" if self._remark(call) else ""
        return f"{shown}   {call.tool} {said[:LONGEST]}{end}"

    def _remark(self, call: LoggedCall) -> str:
        if call.outcome == ASKED:
            return self.tr("asked you first")
        if call.failed:
            return self.tr("failed")
        agreed = {
            Permission.SAID: self.tr("you said yes"),
            Permission.CLICKED: self.tr("you allowed it"),
        }
        return agreed.get(call.consent, "")
