"""Showing something: pictures pasted or taken, files dropped on the bar; with a sentence each."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QPoint, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMenu

from avatar_app.core.events import LookingChanged
from avatar_app.core.prompt import PicturePart
from avatar_app.session.session import Session
from avatar_app.session.showing import PICTURES, picture_of
from avatar_app.system.open_windows import OpenWindow
from avatar_app.ui.qt.work import Work
from avatar_app.ui.widgets.notices import Notice
from avatar_app.ui.window.parts import WindowParts

LIGHT_MS = 1500
"""Milliseconds for which the light stays at least."""
CAMERA, SCREEN, WINDOW = "camera", "screen", "window"
MOST_WINDOWS, LONGEST_TITLE = 9, 48
"""Windows in the menu, and characters of their titles."""


class Showing(QObject):
    """Runs what takes a moment outside the window's thread."""

    def __init__(self, parts: WindowParts, session: Session, work: Work) -> None:
        super().__init__(parts.composer)
        self._composer, self._notices = parts.composer, parts.stage.notices
        self._session, self._work = session, work
        self._light = QTimer(self)
        self._light.setSingleShot(True)
        self._light.setInterval(LIGHT_MS)
        self._light.timeout.connect(lambda: self._composer.show_looking(looking=False))
        self.menu = QMenu(parts.composer)
        """What to look at."""
        parts.composer.look_wanted.connect(self.offer)
        parts.composer.file_dropped.connect(self.take)
        parts.composer.field.picture_pasted.connect(self.paste)

    def offer(self) -> None:
        """Let the user choose what is looked at."""
        task = self._work.run(self._session.windows)
        task.then(self._offer).failed(lambda _error: self._offer(None))

    def look(self, at: str) -> None:
        """Take a picture of what was chosen."""
        task = self._work.run(lambda: self._session.look(at))
        task.then(lambda _nothing: self._tell_picture()).failed(self._notices.tell_error)

    def _offer(self, windows: tuple[OpenWindow, ...] | None) -> None:
        """`windows`: none where the desktop asks which one; None where none can be chosen."""
        self.menu.clear()
        self._add(self.tr("Through the camera"), CAMERA)
        self._add(self.tr("At the screen"), SCREEN)
        if windows is not None:
            self.menu.addSeparator()
        if windows == ():
            self._add(self.tr("At a window…"), WINDOW)
        for window in (windows or ())[:MOST_WINDOWS]:
            title = window.title[:LONGEST_TITLE].replace("&", "&&")
            self._add(title, f"{WINDOW}:{window.id}")
        button = self._composer.look_button
        height = self.menu.sizeHint().height()
        self.menu.popup(button.mapToGlobal(QPoint(0, -height)))

    def _add(self, title: str, at: str) -> None:
        self.menu.addAction(title).triggered.connect(lambda: self.look(at))

    def take(self, path: Path) -> None:
        """Show a picture's file, or read a document."""
        task = self._work.run(lambda: self._session.show_file(path))
        is_picture = path.suffix.lower() in PICTURES
        tell = self._tell_picture if is_picture else lambda: self._tell_document(path.name)
        task.then(lambda _nothing: tell()).failed(self._notices.tell_error)

    def paste(self, image: QImage) -> None:
        """Show a picture of the clipboard."""
        content = _png(image)
        task = self._work.run(lambda: self._show(picture_of(content)))
        task.then(lambda _nothing: self._tell_picture()).failed(self._notices.tell_error)

    def show_light(self, changed: LookingChanged) -> None:
        """The avatar looks, or has looked."""
        if changed.looking:
            self._light.stop()
            self._composer.show_looking(looking=True)
        else:
            self._light.start()

    def _show(self, picture: PicturePart) -> None:
        self._session.show(picture)

    def _tell_picture(self) -> None:
        self._notices.tell(Notice(self.tr("The picture goes with what you say next.")))

    def _tell_document(self, name: str) -> None:
        self._notices.tell(Notice(self.tr("I have read {}. Ask me about it.").format(name)))


def _png(image: QImage) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # it takes no bytes
    return bytes(content.data())
