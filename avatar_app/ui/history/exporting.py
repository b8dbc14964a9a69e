"""Exports a conversation: a menu of formats, the place of the file, progress, cancel."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QWidget,
)

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.session.conversation_export import suggested_name
from avatar_app.session.stored_conversations import StoredConversations
from avatar_app.storage.conversation_text import ExportFormat, Speakers
from avatar_app.storage.conversations import ConversationSummary
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.message import plain_label
from avatar_app.ui.widgets.notices import Action, Notice, NoticeBar


class ConversationExport(QFrame):
    """A strip that is shown while an export runs, in a thread of its own: it may take minutes."""

    ended = Signal()

    def __init__(self, conversations: StoredConversations, toast: NoticeBar) -> None:
        super().__init__()
        self._conversations, self._toast = conversations, toast
        self._bridge = Bridge(lambda _event: None, self)
        self._work = Work(self._bridge, self._tell_error)
        self._job: Job[Path] | None = None
        self.setObjectName("strip")
        self.setAccessibleName(self.tr("Export under way"))
        self._label = plain_label()
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Progress of the export"))
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self.cancel_button.setObjectName("noticeAction")
        self.cancel_button.setAccessibleName(self.tr("Cancel the export"))
        self.cancel_button.setToolTip(self.tr("Stop; no file is left"))
        self.cancel_button.clicked.connect(self.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(margins(2 * UNIT, UNIT, UNIT, UNIT))
        row.setSpacing(2 * UNIT)
        row.addWidget(self._label)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        self.hide()

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def menu(self, summary: ConversationSummary, speakers: Speakers, parent: QWidget) -> QMenu:
        """What a conversation can be written as."""
        menu = QMenu(parent)
        menu.setAccessibleName(self.tr("Export as"))
        for format, title in self._titles().items():
            if format is ExportFormat.SOUND:
                menu.addSeparator()
            action = menu.addAction(title)
            action.triggered.connect(
                lambda _=False, format=format: self._choose_place(summary, format, speakers)
            )
            slow = format in (ExportFormat.SOUND, ExportFormat.FILM)
            action.setEnabled(not (slow and self.is_busy))
        return menu

    def begin(
        self, summary: ConversationSummary, path: Path, format: ExportFormat, speakers: Speakers
    ) -> None:
        """Write it, and say how far that is."""
        job = Job(
            summary.title,
            lambda job: self._conversations.export(summary.id, path, format, speakers, job),
        )
        self._job = job
        post = self._bridge.post
        job.when_progressed(lambda now: post(lambda: self._show_progress(now.fraction)))
        self._label.setText(self.tr("Writing {name}").format(name=path.name))
        self.progress.setValue(0)
        self.setVisible(format in (ExportFormat.SOUND, ExportFormat.FILM))
        self._work.run(lambda: _result(job)).then(self._show_result)

    def cancel(self) -> None:
        """Write no file after all."""
        if self._job is not None:
            self._job.cancel()

    def close_down(self) -> None:
        """The window closes: what is half written goes."""
        self.cancel()
        self._bridge.close()
        self._work.close()

    def _titles(self) -> dict[ExportFormat, str]:
        return {
            ExportFormat.MARKDOWN: self.tr("Markdown (.md)"),
            ExportFormat.TEXT: self.tr("Plain text (.txt)"),
            ExportFormat.JSON: self.tr("Everything (.json)"),
            ExportFormat.SRT: self.tr("Subtitles (.srt)"),
            ExportFormat.VTT: self.tr("Web subtitles (.vtt)"),
            ExportFormat.SOUND: self.tr("Spoken again (.mp3)"),
            ExportFormat.FILM: self.tr("Film with subtitles (.mp4)"),
        }

    def _choose_place(
        self, summary: ConversationSummary, format: ExportFormat, speakers: Speakers
    ) -> None:
        """The system's own dialog, which stops nothing."""
        home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, self.tr("Export the conversation"), home)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(format.value)
        dialog.selectFile(suggested_name(summary, format))
        dialog.fileSelected.connect(lambda path: self.begin(summary, Path(path), format, speakers))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show_progress(self, fraction: float) -> None:
        self.progress.setValue(round(1000 * fraction))

    def _show_result(self, path: Path | None) -> None:
        self._end()
        if path is None:
            self._toast.tell(Notice(self.tr("The export was cancelled; no file is left.")))
            return
        folder = QUrl.fromLocalFile(str(path.parent))
        show = Action(self.tr("Show"), lambda: self._open(folder))
        message = self.tr("The conversation is {name}.").format(name=path.name)
        self._toast.tell(Notice(message, str(path.parent), action=show))

    def _open(self, folder: QUrl) -> None:
        QDesktopServices.openUrl(folder)

    def _tell_error(self, error: AvatarError) -> None:
        self._end()
        self._toast.tell_error(error)

    def _end(self) -> None:
        self._job = None
        self.hide()
        self.ended.emit()


def _result(job: Job[Path]) -> Path | None:
    try:
        return job.run()
    except JobCancelled:
        return None
