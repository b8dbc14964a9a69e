"""From a file to an avatar: opened with progress, tried, kept or left; one at a time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from avatar_app.avatars.draft import AvatarDraft
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.session.avatar_choices import NewCharacter
from avatar_app.session.avatar_gallery import PreviewFace
from avatar_app.session.avatar_studio import is_archive
from avatar_app.ui.pages.avatars.draft_view import DraftView
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.portrait.avatar_drop_card import AvatarDropCard
from avatar_app.ui.widgets.display_name import shown_name
from avatar_app.ui.widgets.notices import Notice


class AvatarDrafting(QObject):
    """Opening and keeping take seconds: their progress is a card over the page."""

    opened = Signal()
    """A draft is in the view."""
    made = Signal(str, str, str)
    """A new avatar: its name, its title, and what is said of it."""
    ended = Signal()
    """There is no draft any more."""
    trial_ready = Signal(object)
    """A PreviewFace shows the draft as it is cropped now."""
    refused = Signal(object)
    """A Notice: why a file cannot be used."""

    def __init__(
        self, context: PageContext, view: DraftView, card: AvatarDropCard, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._studio, self._post = context.session.studio, context.post
        self._view, self._card = view, card
        self._source = Path()
        self._running = RunningJob(context.post, self._refuse)
        self._trying = RunningJob(context.post, lambda _error: None)
        view.kept.connect(self.keep)
        view.left.connect(self.leave)
        view.settled.connect(self._try)
        card.cancel_button.clicked.connect(self.cancel)

    @property
    def is_busy(self) -> bool:
        return self._running.busy

    @property
    def is_open(self) -> bool:
        return self._view.draft is not None

    def take(self, source: Path) -> None:
        """Open a photo or clip; an .avatar file is taken as it is."""
        if self.is_busy:
            return
        self._source = source
        if is_archive(source):
            self._start(Job(source.name, partial(self._studio.bring, source)), self._made)
        else:
            self._start(Job(source.name, partial(self._studio.open, source)), self._show)

    def keep(self) -> None:
        """Make the avatar that is in the view."""
        view, draft = self._view, self._view.draft
        if draft is None or self.is_busy:
            return
        title = view.title or self.tr("Avatar")
        chosen = view.picture.face, view.picture.crop
        job: Job[NewCharacter] = Job(
            title, lambda job: self._studio.keep(draft, *chosen, title, job)
        )
        self._start(job, partial(self._made, title=title))

    def leave(self) -> None:
        """Make no avatar."""
        self.cancel()
        if self.is_open:
            self._end()

    def cancel(self) -> None:
        """Stop what is under way; an open draft stays."""
        self._running.cancel()
        self._card.hide()

    def close(self) -> None:
        self._running.close()
        self._trying.close()
        self._studio.forget_trial()

    def _start(self, job: Job[Any], then: Any) -> None:
        job.when_progressed(lambda now: self._post(lambda: self._card.show_progress(now)))
        self._card.begin(job.title)
        self._running.start(job, then)

    def _show(self, draft: AvatarDraft) -> None:
        self._card.hide()
        self._view.show_draft(draft)
        self.opened.emit()

    def _try(self) -> None:
        """Write what is in the view for the preview; a later crop replaces it."""
        draft = self._view.draft
        if draft is None:
            return
        chosen = self._view.picture.face, self._view.picture.crop
        job: Job[PreviewFace] = Job("Trial", lambda _job: self._studio.trial(draft, *chosen))
        self._trying.start(job, self.trial_ready.emit)

    def _made(self, made: NewCharacter, title: str = "") -> None:
        self._card.hide()
        self._end()
        self.made.emit(made.name, title or shown_name(made.name), " ".join(made.notes))

    def _end(self) -> None:
        self._trying.cancel()
        self._trying.run(self._studio.forget_trial)
        self._view.clear()
        self.ended.emit()

    def _refuse(self, error: AvatarError) -> None:
        self._card.hide()
        message = error.message.replace(str(self._source), self._source.name)
        self.refused.emit(Notice(message, error.hint, failure=True))
