"""Gives an avatar more: a loop in which it lives, or a student that has learned its lips."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, Progress
from avatar_app.session.avatar_life import IdlePictures
from avatar_app.ui.language.formats import number_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.avatars.care_card import CareCard
from avatar_app.ui.pages.avatars.tile import AvatarTile
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob

STUDENT, WHOLE_HEAD = "student", "whole_head"


class AvatarCare(QObject):
    """One avatar at a time. It goes on while the page is hidden."""

    def __init__(
        self,
        card: CareCard,
        context: PageContext,
        failed: Callable[[AvatarError], None],
        refresh: Callable[[str], None],
        use: Callable[[str, str], None],
    ) -> None:
        """`use` shows an avatar, by name and title, in the conversation."""
        super().__init__(card)
        self._card, self._context, self._failed = card, context, failed
        self._refresh, self._use = refresh, use
        self._life, self._engines = context.session.studio.life, context.session.avatars.engines
        self._running = RunningJob(context.post, self._break)
        self._name, self._title = "", ""
        self._face = ""
        card.cancel_wanted.connect(self.cancel)
        card.use_wanted.connect(self.use)
        card.back_wanted.connect(self.take_back)
        card.closed.connect(card.rest)

    @property
    def is_busy(self) -> bool:
        return self._running.busy

    def animate(self, tile: AvatarTile) -> None:
        """Let it breathe, blink and look around."""
        name = tile.avatar.name
        job = Job[Any](tile.title, lambda job: self._life.animate(name, job))
        self._begin(tile, self.tr("{} comes to life").format(tile.title), job, self._alive)

    def teach(self, tile: AvatarTile) -> None:
        """Let Wav2Lip teach a network of its own."""
        name = tile.avatar.name
        job = Job[Any](tile.title, lambda job: self._life.teach(name, job))
        self._begin(tile, self.tr("{} learns its lips").format(tile.title), job, self._learned)

    def teach_head(self, tile: AvatarTile) -> None:
        """Let LivePortrait teach a network of its own."""
        name = tile.avatar.name
        job = Job[Any](tile.title, lambda job: self._life.teach_head(name, job))
        title = self.tr("{} learns its whole head").format(tile.title)
        self._begin(tile, title, job, self._learned_head)

    def calm(self, tile: AvatarTile) -> None:
        """Take its loop away again."""
        task = self._context.work.run(partial(self._life.calm, tile.avatar.name))
        task.then(lambda _: self._refresh(tile.avatar.name)).failed(self._failed)

    def cancel(self) -> None:
        """Stop; the avatar stays as it was."""
        self._running.cancel()
        self._card.rest()

    def use(self) -> None:
        """Show it in the conversation, painted by its student if it was taught."""
        self._card.rest()
        self._use(self._name, self._title)
        if self._face:
            self._context.work.run(partial(self._engines.use, self._face)).failed(self._failed)

    def take_back(self) -> None:
        """Make it what it was before."""
        self._card.rest()
        forget = partial(self._life.forget_student, head=self._face == WHOLE_HEAD)
        undo = forget if self._face else self._life.calm
        task = self._context.work.run(partial(undo, self._name))
        task.then(lambda _: self._refresh(self._name)).failed(self._failed)

    def close(self) -> None:
        self._running.close()

    def _begin(
        self, tile: AvatarTile, title: str, job: Job[Any], then: Callable[[Any], None]
    ) -> None:
        if self.is_busy:
            return
        self._name, self._title = tile.avatar.name, tile.title
        self._card.begin(title)
        work, post = self._context.work, self._context.post
        work.run(partial(self._life.portrait, self._name)).then(self._card.show_before)
        job.when_progressed(lambda now: post(lambda: self._progressed(job, now)))
        self._running.start(job, then)

    def _progressed(self, job: Job[Any], now: Progress) -> None:
        if self._running.follows(job):
            self._card.show_step(translated(now.text), now.fraction, now.preview)

    def _alive(self, loop: IdlePictures) -> None:
        self._face = ""
        facts = self.tr("A loop of {} seconds without a seam is kept with it.")
        seconds = len(loop.pictures) / loop.fps
        title = self.tr("{} is alive").format(self._title)
        self._card.show_result(
            title, facts.format(number_text(seconds, 1)), loop.pictures, loop.fps
        )
        self._refresh(self._name)

    def _learned(self, taught: Any) -> None:
        self._face = STUDENT
        facts = self.tr("It paints as Wav2Lip does, but for {} dB; {} GFLOP a picture.")
        self._show(taught, self.tr("{} has learned its lips").format(self._title), facts)

    def _learned_head(self, taught: Any) -> None:
        self._face = WHOLE_HEAD
        facts = self.tr("It moves as LivePortrait does, but for {} dB; {} GFLOP a picture.")
        self._show(taught, self.tr("{} has learned its whole head").format(self._title), facts)

    def _show(self, taught: Any, title: str, facts: str) -> None:
        figures = number_text(taught.psnr, 1), number_text(taught.flop / 1e9, 3)
        self._card.show_result(title, facts.format(*figures))

    def _break(self, error: AvatarError) -> None:
        self._card.rest()
        self._failed(error)
