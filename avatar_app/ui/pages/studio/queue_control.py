"""Keeps the table of the queue up to date while it is on show, and does what its buttons say."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from avatar_app.core.errors import AvatarError
from avatar_app.session.clip_studio import ClipStudio
from avatar_app.storage.clip_queue import QueuedClip
from avatar_app.ui.pages.studio.queue_table import QueueTable
from avatar_app.ui.qt.work import Work

LOOK_MS = 1_000
"""How often the queue is looked at while the page is on show."""


class QueueControl(QObject):
    """Reads and acts off the window's thread."""

    def __init__(
        self,
        table: QueueTable,
        clips: ClipStudio,
        work: Work,
        failed: Callable[[AvatarError], None],
    ) -> None:
        super().__init__(table)
        self._table, self._clips, self._work, self._failed = table, clips, work, failed
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        table.run_wanted.connect(lambda: self.act(clips.run))
        table.stop_wanted.connect(lambda: self.act(clips.stop))
        table.cancel_wanted.connect(lambda chosen: self.act(lambda: clips.cancel(chosen)))
        table.retry_wanted.connect(lambda chosen: self.act(lambda: clips.retry(chosen)))
        table.remove_wanted.connect(lambda chosen: self.act(lambda: clips.remove(chosen)))

    def begin(self) -> None:
        """The table is on show."""
        self.look()
        self._timer.start()

    def rest(self) -> None:
        """The table is hidden."""
        self._timer.stop()

    def act(self, call: Callable[[], object]) -> None:
        """Do something to the queue, and look at it."""
        self._work.run(call).then(lambda _: self.look()).failed(self._failed)

    def look(self) -> None:
        """Show the queue as it is now."""
        task = self._work.run(lambda: (self._clips.clips(), self._clips.is_running))
        task.then(self._show).failed(self._failed)

    def _show(self, seen: tuple[tuple[QueuedClip, ...], bool]) -> None:
        clips, running = seen
        self._table.show_clips(clips, running=running)
