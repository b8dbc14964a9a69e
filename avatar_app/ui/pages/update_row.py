"""Looks for a newer version when the button is clicked, downloads it, and opens its installer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from avatar_app import __version__
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, Progress
from avatar_app.system.updates.client import Update
from avatar_app.ui.language.formats import percent_text, size_text
from avatar_app.ui.pages.about_row import AboutRow
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.widgets.buttons import small_button


class UpdateRow(AboutRow):
    """One button, whose title is the next step: look, download, open the installer."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(self.tr("Updates"), "", small_button("", ""))
        self._post, self._client = context.post, context.session.updates
        self._jobs = RunningJob(context.post, self._failed)
        self._step: Callable[[], None] = self._look
        self.button.clicked.connect(lambda: self._step())
        self._offer(self.tr("Look for an update"), self._look)
        self.about.setText(self.tr("Nothing is looked for unless you ask."))

    def close_jobs(self) -> None:
        """Stop what is under way."""
        self._jobs.close()

    def _look(self) -> None:
        self._run(self.tr("Looking …"), self._client.look, self._found)

    def _found(self, update: Update | None) -> None:
        if update is None:
            self.about.setText(self.tr("{} is the newest version.").format(__version__))
            self._offer(self.tr("Look for an update"), self._look)
            return
        size = size_text(update.bytes)
        self.about.setText(self.tr("{} can be had.").format(update.version))
        self._offer(self.tr("Download {}").format(size), lambda: self._download(update))

    def _download(self, update: Update) -> None:
        client = self._client
        self._run(
            self.tr("Downloading …"), lambda job: client.download(job, update), self._downloaded
        )

    def _downloaded(self, path: Path) -> None:
        self.about.setText(self.tr("Downloaded and verified: {}").format(path.name))
        self._offer(self.tr("Open the installer"), lambda: _open(path))

    def _run(self, text: str, work: Callable[[Job[Any]], Any], then: Callable[[Any], None]) -> None:
        job: Job[Any] = Job(text, work)
        job.when_progressed(lambda now: self._post(lambda: self._show(job, text, now)))
        again = self._step
        self.about.setText(text)
        self._offer(self.tr("Cancel"), lambda: self._cancel(again))
        self._jobs.start(job, then)

    def _show(self, job: Job[Any], text: str, now: Progress) -> None:
        if now.fraction and self._jobs.follows(job):
            self.about.setText(f"{text} {percent_text(now.fraction)}")

    def _cancel(self, again: Callable[[], None]) -> None:
        self._jobs.cancel()
        self.about.setText(self.tr("Cancelled."))
        self._offer(self.tr("Try again"), again)

    def _failed(self, error: AvatarError) -> None:
        self.about.setText(str(error))
        self._offer(self.tr("Try again"), self._look)

    def _offer(self, title: str, step: Callable[[], None]) -> None:
        self._step = step
        self.button.setText(title)
        self.button.setAccessibleName(title)
        self.button.setToolTip(title)


def _open(path: Path) -> None:
    """Hand the installer to the system."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
