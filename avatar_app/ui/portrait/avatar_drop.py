"""Creates an avatar from a chosen or dropped photo, in the background, and shows it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.session.avatar_choices import NewCharacter
from avatar_app.session.session import Session
from avatar_app.ui.language.texts import translated
from avatar_app.ui.portrait.pane import PortraitPane
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work
from avatar_app.ui.widgets.display_name import title_of
from avatar_app.ui.widgets.notices import Action, Notice

_PHOTOS = "*.jpg *.jpeg *.png *.webp *.bmp *.heic *.heif *.avif *.tif *.tiff *.jp2"
_CLIPS = "*.mp4 *.mov *.m4v *.webm *.mkv *.avi *.gif"
_AVATARS = "*.avatar"


class AvatarDrop(QObject):
    """Creates one avatar at a time, in a thread of its own, so that a long clip does not block
    devices."""

    made = Signal(str)
    """Emitted with the name of an avatar to show."""

    def __init__(
        self, window: QWidget, pane: PortraitPane, bridge: Bridge, session: Session
    ) -> None:
        super().__init__(window)
        self._window, self._characters, self._bridge = window, session, bridge
        self._avatars = session.avatars
        self._card, self._notices = pane.avatar_drop_card, pane.notices
        self._card.cancel_button.clicked.connect(self.cancel)
        self._work = Work(bridge, self._notices.tell_error)
        self._job: Job[NewCharacter] | None = None
        self._waiting: deque[Path] = deque()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def choose(self) -> None:
        """Ask the user for a file."""
        if self.is_busy:
            return
        dialog = file_dialog(self._window)
        dialog.fileSelected.connect(lambda path: self.take(Path(path)))
        dialog.open()

    def take_in_turn(self, source: Path) -> None:
        """Like `take`, after the avatars that are still to be created."""
        self._waiting.append(source)
        self._take_next()

    def take(self, source: Path) -> None:
        """Create an avatar from a file and show it."""
        if self.is_busy:
            return
        job = Job(source.name, lambda job: self._characters.make_character(source, job))
        self._job = job
        post = self._bridge.post
        job.when_progressed(lambda progress: post(lambda: self._card.show_progress(progress)))
        self._card.begin(source.name)
        task = self._work.run(lambda: _result(job))
        task.then(self._show).failed(lambda error: self._tell(source, error))

    def cancel(self) -> None:
        """Cancel the creation."""
        if self._job is not None:
            self._job.cancel()
            self._card.show_cancelled()

    def close(self) -> None:
        """The window closes: cancel the creation."""
        self._waiting.clear()
        self.cancel()
        self._work.close()

    def eventFilter(self, _window: QObject, event: QEvent) -> bool:
        """Handle files that are dragged over the window and dropped."""
        match event.type():
            case QEvent.Type.DragEnter if self._may_take(event):
                self._card.invite()
                return True
            case QEvent.Type.DragLeave if not self.is_busy:
                self._card.hide()
            case QEvent.Type.Drop if self._may_take(event):
                assert isinstance(event, QDropEvent)
                self._card.hide()
                self.take(_file_in(event.mimeData()))
                return True
        return False

    def _may_take(self, event: QEvent) -> bool:
        assert isinstance(event, QDropEvent)
        if self.is_busy or not _file_in(event.mimeData()).name:
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        return True

    def _end(self) -> None:
        self._job = None
        self._card.hide()
        self._take_next()

    def _take_next(self) -> None:
        if self._waiting and not self.is_busy:
            self.take(self._waiting.popleft())

    def _show(self, made: NewCharacter | None) -> None:
        self._end()
        if made is None:
            return
        self.made.emit(made.name)
        if made.notes:
            title = self.tr("This is {}.").format(title_of(made.name, self._avatars))
            self._notices.tell(Notice(title, " ".join(map(translated, made.notes))))

    def _tell(self, source: Path, error: AvatarError) -> None:
        """Show what is wrong with the file, without its full path, and offer to try another."""
        self._end()
        message = error.message.replace(str(source), source.name)
        again = Action(self.tr("Choose another"), self.choose)
        self._notices.tell(Notice(message, error.hint, failure=True, action=again))


def file_dialog(parent: QWidget) -> QFileDialog:
    """Return the system's dialog for a photo, a clip or an .avatar file; to be opened."""
    dialog = QFileDialog(parent, translated("Choose a photo or a short clip"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    kinds = {
        translated("Photos, clips and avatars"): f"{_PHOTOS} {_CLIPS} {_AVATARS}",
        translated("All files"): "*",
    }
    dialog.setNameFilters([f"{title} ({endings})" for title, endings in kinds.items()])
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def _result(job: Job[NewCharacter]) -> NewCharacter | None:
    try:
        return job.run()
    except JobCancelled:
        return None


def _file_in(dragged: QMimeData) -> Path:
    """Return the one dragged file; an empty path for none or several."""
    urls = dragged.urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 else Path()
