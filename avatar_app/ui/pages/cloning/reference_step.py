"""The first step of a clone: record the voice, or bring a file, and see at once what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.session.voice_cloning import ExaminedReference
from avatar_app.ui.pages.check_card import CheckCard
from avatar_app.ui.pages.check_words import CheckFinding
from avatar_app.ui.pages.cloning.check_strip import CheckStrip
from avatar_app.ui.pages.cloning.clone_words import CloneWords
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.voices.live_recording import RecordingSoFar
from avatar_app.voices.reference import CheckName

_SOUNDS = "*.wav *.mp3 *.m4a *.ogg *.opus *.flac *.aac *.aif *.aiff *.wma *.webm *.mp4"
_FIRST = (CheckName.LENGTH, CheckName.SPEECH)
"""Checks without which a recording is not worth ending."""


class ReferenceStep(CheckCard):
    """Has a reference, or none: `examined` tells of each change."""

    examined = Signal(object)
    """An ExaminedReference that can be used; None while there is none."""

    def __init__(self, context: PageContext, running: RunningJob) -> None:
        super().__init__(
            context.theme,
            self.tr("1  The recording"),
            self.tr(
                "Speak for about twenty seconds in your usual voice: tell what you did today. Or "
                "drop a sound file of 3 to 30 seconds here."
            ),
        )
        self._context, self._running = context, running
        self._cloner, self._words = context.session.cloner, CloneWords(self)
        self._done = threading.Event()
        self._reference: ExaminedReference | None = None
        self.strip = CheckStrip(context.theme)
        column = cast("QVBoxLayout", self.layout())
        column.insertWidget(column.indexOf(self.meter) + 1, self.strip)
        self.record_button = self.add_button(self.tr("Record"), primary=True)
        self.done_button = self.add_button(self.tr("Done"), primary=True)
        self.cancel_button = self.add_button(self.tr("Cancel"))
        self.file_button = self.add_button(self.tr("Choose a file"))
        self.hear_button = self.add_button(self.tr("Hear it"))
        self.record_button.clicked.connect(self.record)
        self.done_button.clicked.connect(self._done.set)
        self.cancel_button.clicked.connect(self.reset)
        self.file_button.clicked.connect(self.choose)
        self.hear_button.clicked.connect(self.hear)
        self._show_buttons(busy=False)

    @property
    def reference(self) -> ExaminedReference | None:
        """The usable recording."""
        return self._reference

    def reset(self) -> None:
        """Forget the recording."""
        self._running.cancel()
        self._set(None)
        self.strip.show_checks(())
        self.show_ready()
        self._show_buttons(busy=False)

    def record(self) -> None:
        """Listen until the user is done."""
        self.reset()
        self._done.clear()
        self.show_running(self.tr("Speak now …"))
        self._show_buttons(busy=True, recording=True)

        def work(job: Job[Any]) -> ExaminedReference:
            path = self._cloner.record(job, self._watch, self._done.is_set)
            self._context.post(self._check)
            return self._cloner.examine(job, path)

        self._start(work, Path())

    def take(self, source: Path) -> None:
        """Look at a file."""
        self.reset()
        self._check()
        self._start(lambda job: self._cloner.examine(job, source), source)

    def choose(self) -> None:
        """Ask for a file."""
        dialog = QFileDialog(self, self.tr("Choose a recording of the voice"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        sounds = self.tr("Sound files")
        dialog.setNameFilters([f"{sounds} ({_SOUNDS})", self.tr("All files") + " (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.take(Path(path)))
        dialog.open()

    def hear(self) -> None:
        """Play the recording back."""
        if (reference := self._reference) is not None:
            job = Job(self.tr("Playing"), lambda job: self._cloner.play(job, reference.path))
            self._running.start(job, lambda _nothing: None)

    def _start(self, work: Callable[[Job[Any]], ExaminedReference], source: Path) -> None:
        job = Job(self.tr("The recording"), work)
        self._running.start(job, self._show_examined, partial(self._failed, source))

    def _watch(self, now: RecordingSoFar) -> None:
        """In another thread."""
        self._context.post(lambda: self._show_live(now))

    def _show_live(self, now: RecordingSoFar) -> None:
        if self._running.busy and self.done_button.isVisible():
            self.show_level(now.level)
            self.strip.show_checks(now.checks)
            begun = {check.name for check in now.checks if check.passed}
            self.done_button.setEnabled(begun.issuperset(_FIRST))

    def _check(self) -> None:
        self.show_running(self.tr("Checking the recording …"))
        self.meter.hide()
        self._show_buttons(busy=True)

    def _show_examined(self, examined: ExaminedReference) -> None:
        self.strip.show_checks(examined.checks)
        self.show_finding(self._words.examined(examined.checks))
        self._set(examined if examined.is_usable else None)
        self._show_buttons(busy=False)

    def _failed(self, source: Path, error: AvatarError) -> None:
        """What is wrong with the file, without its full path."""
        self.strip.show_checks(())
        message = error.message.replace(str(source), source.name) if source.name else error.message
        self.show_finding(CheckFinding(good=False, sentence=message, hint=error.hint))
        self._set(None)
        self._show_buttons(busy=False)

    def _set(self, reference: ExaminedReference | None) -> None:
        self._reference = reference
        self.examined.emit(reference)

    def _show_buttons(self, *, busy: bool, recording: bool = False) -> None:
        again = not self.strip.isHidden()
        self.record_button.setText(self.tr("Record again") if again else self.tr("Record"))
        self.done_button.setEnabled(False)
        if recording:
            self.show_buttons(self.done_button, self.cancel_button)
        elif busy:
            self.show_buttons(self.cancel_button)
        elif self._reference is not None:
            self.show_buttons(self.record_button, self.file_button, self.hear_button)
        else:
            self.show_buttons(self.record_button, self.file_button)
