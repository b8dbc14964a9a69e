"""Clones a voice in three steps below one another; takes dropped sound files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from avatar_app.ui.pages.cloning.compare_step import CompareStep
from avatar_app.ui.pages.cloning.consent_step import ConsentStep
from avatar_app.ui.pages.cloning.reference_step import ReferenceStep
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.pages.scrolling import ScrollingColumn

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".avif", ".tif", ".tiff")
_OTHERS = frozenset((*_PICTURES, ".jp2", ".gif", ".mov", ".mkv", ".avi", ".avatar"))
"""Endings of files that become a face, not a voice."""


class CloneView(QWidget):
    """Each step begins when the one before is done."""

    made = Signal(str)
    """A voice was made; the page finds it, and calls `compare.show_made`."""

    def __init__(self, context: PageContext, running: RunningJob) -> None:
        super().__init__()
        self._context, self._running = context, running
        self.reference = ReferenceStep(context, running)
        self.consent = ConsentStep(context, running)
        self.compare = CompareStep(context, running)
        self.steps = ScrollingColumn(self.tr("Steps of a cloned voice"))
        for step in (self.reference, self.consent, self.compare):
            self.steps.add(step)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.steps)
        self.reference.examined.connect(self._examined)
        self.consent.made.connect(self.made)
        self.setAcceptDrops(True)

    def begin(self) -> None:
        """Show the first step, empty."""
        self.reference.reset()
        self.reference.record_button.setFocus()

    def escape(self) -> bool:
        """Stop what is under way; False if nothing is."""
        if not self._running.busy:
            return False
        if self.consent.busy:
            self.consent.stop()
        elif self.compare.busy:
            self.compare.stop()
        elif self.reference.cancel_button.isVisible():
            self.reference.reset()
        else:
            self._running.cancel()
        return True

    def leave(self) -> None:
        """The user goes elsewhere: stop, and delete what was recorded."""
        self.reference.reset()
        self.compare.wait()
        self._running.run(self._context.session.cloner.discard)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if sound_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if (source := sound_in(event.mimeData())) is not None:
            event.acceptProposedAction()
            self.reference.take(source)

    def _examined(self, reference: object) -> None:
        self.compare.wait()
        self.consent.wait_for(self.reference.reference)
        if reference is not None:
            self.consent.name_field.setFocus()
            self.steps.ensureWidgetVisible(self.consent)


def sound_in(dragged: QMimeData) -> Path | None:
    """Return the one dragged file, unless it is a picture or clip."""
    urls = dragged.urls()
    source = Path(urls[0].toLocalFile()) if len(urls) == 1 else Path()
    return source if source.name and source.suffix.lower() not in _OTHERS else None
