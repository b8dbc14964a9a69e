"""The page of the studio: a recipe, the clip that comes of it, and the queue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, Progress
from avatar_app.session.avatar_choices import NewCharacter
from avatar_app.session.clip_studio import MadeClip
from avatar_app.studio.recipe import ClipRecipe
from avatar_app.ui.language.formats import number_text, path_text
from avatar_app.ui.language.texts import translated
from avatar_app.ui.pages.page import PageContext, PageView, scrolled
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.pages.studio.files import choose_photo, choose_place
from avatar_app.ui.pages.studio.new_face import NewFace
from avatar_app.ui.pages.studio.queue_control import QueueControl
from avatar_app.ui.pages.studio.queue_table import QueueTable
from avatar_app.ui.pages.studio.recipe_form import RecipeForm
from avatar_app.ui.pages.studio.viewer import ClipViewer
from avatar_app.ui.pages.studio.words import StudioWords
from avatar_app.ui.style.theme import UNIT
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.display_name import titles_of
from avatar_app.ui.widgets.margins import margins
from avatar_app.ui.widgets.notices import Notice


class StudioPage(PageView):
    """Makes one clip at a time; the queue's workers go on while it is hidden."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Studio"))
        self._clips = context.session.clips
        self._words = StudioWords(self)
        self._job = RunningJob(context.post, self._fail)
        self._clip: MadeClip | None = None
        self.form = RecipeForm(context.theme, self._words)
        self.viewer, self.queue = ClipViewer(context.theme), QueueTable(self._words)
        self._face = NewFace(context, self.viewer)
        self.make_button = small_button(
            self.tr("Make the clip"), self.tr("Make a clip of this recipe"), primary=True
        )
        self.add_button = small_button(
            self.tr("Add to the queue"), self.tr("Make it later, with others")
        )
        self._control = QueueControl(self.queue, self._clips, context.work, self.toast.tell_error)
        self._connect()
        self._lay_out()

    def enter(self) -> None:
        session = self.context.session
        self.form.show_avatars(titles_of(session.characters(), session.avatars), session.character)
        self.viewer.picture.resume()
        self._control.begin()

    def leave(self) -> None:
        self._control.rest()
        self.viewer.picture.pause()

    def stop(self) -> None:
        self._job.close()

    def make(self) -> None:
        """Make the clip of the recipe."""
        recipe = self._recipe()
        if recipe is None:
            return
        job = Job[MadeClip](self.tr("Clip"), lambda job: self._clips.make(recipe, job))
        self._face.show(Path(recipe.visual.photo) if recipe.visual.photo else None)
        self._begin(job, self._made)

    def draw(self) -> None:
        """Draw the portrait of the prompt."""
        prompt, negative = self.form.prompt.text(), self.form.negative.text()
        job = Job[Path](
            self.tr("Portrait"), lambda job: self._clips.portrait(prompt, negative, 0, job)
        )
        self._face.show(None)
        self._begin(job, self._drawn)

    def cancel(self) -> None:
        """Stop what is being made."""
        self._job.cancel()
        self._rest()

    def add(self) -> None:
        """Put the recipe into the queue."""
        recipe = self._recipe()
        if recipe is not None:
            self._control.act(lambda: self._clips.enqueue(recipe))

    def use_face(self) -> None:
        """Make the face an avatar, and talk with it."""
        face, session = self._face.path, self.context.session
        if face is None:
            return
        job = Job[NewCharacter](self.tr("Avatar"), lambda job: session.make_character(face, job))
        self._job.start(job, self._use, self.toast.tell_error)

    def _use(self, made: NewCharacter) -> None:
        session = self.context.session
        self.context.work.run(lambda: session.use_character(made.name))
        self.viewer.avatar_button.hide()
        self.characters_changed.emit()
        self.toast.tell(Notice(self.tr("You are talking with this face now.")))

    def _recipe(self) -> ClipRecipe | None:
        try:
            return self._clips.recipe(self.form.document())
        except AvatarError as error:
            self.toast.tell_error(error)
            return None

    def _begin(self, job: Job[Any], then: Callable[[Any], None]) -> None:
        self._clip = None
        self.viewer.begin()
        self.viewer.show_step(self._words.step(""), 0.0, None)
        post = self.context.post
        job.when_progressed(lambda progress: post(lambda: self._progressed(job, progress)))
        self._job.start(job, then, self._fail)
        self._enable()
        self.area.verticalScrollBar().setValue(0)  # the button lies below, the steps are shown here

    def _progressed(self, job: Job[Any], progress: Progress) -> None:
        if self._job.follows(job):
            step = self._words.step(progress.text)
            self.viewer.show_step(step, progress.fraction, progress.preview)

    def _made(self, clip: MadeClip) -> None:
        self._clip = clip
        if clip.face != self._face.path:
            self._face.show(clip.face)
        length = translated("{0} s").replace("{0}", number_text(clip.seconds, 1))
        facts = f"{path_text(clip.path.name)} · {length}"
        notices = "\n".join(translated(notice) for notice in clip.notices)
        self.viewer.show_clip(
            clip,
            self.tr("The clip is ready"),
            f"{facts}\n{notices}".strip(),
            has_new_face=clip.face is not None,
        )
        self._enable()

    def _drawn(self, picture: Path) -> None:
        self._face.show_portrait(picture, self.tr("The portrait is drawn"))
        self._enable()

    def _fail(self, error: AvatarError) -> None:
        self._rest()
        self.toast.tell_error(error)

    def _rest(self) -> None:
        self.viewer.rest()
        self._enable()

    def _enable(self) -> None:
        idle = not self._job.busy
        self.make_button.setEnabled(idle and self.form.is_complete)
        self.add_button.setEnabled(self.form.is_complete)
        self.form.portrait_button.setEnabled(idle and self.form.has_prompt)

    def _play(self) -> None:
        if self._clip is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._clip.path)))

    def _export(self) -> None:
        clip = self._clip
        if clip is not None:
            title = self.tr("Save the clip")
            choose_place(self, title, clip.path.name, lambda path: self.save(clip, path))

    def save(self, clip: MadeClip, target: Path) -> None:
        """Copy a clip to a place of the user's choice."""
        task = self.context.work.run(lambda: self._clips.export(clip, target))
        told = self.tr("The clip is saved.")
        task.then(lambda path: self.toast.tell(Notice(told, path_text(str(path)))))
        task.failed(self.toast.tell_error)

    def _choose_photo(self) -> None:
        title, kind = self.tr("Choose a photo"), self.tr("Photos")
        choose_photo(self, title, kind, self.form.take_photo)

    def _connect(self) -> None:
        clips = self._clips
        self.form.show_voices(clips.voices())
        self.form.changed.connect(self._enable)
        self.form.photo_wanted.connect(self._choose_photo)
        self.form.portrait_wanted.connect(self.draw)
        self.make_button.clicked.connect(self.make)
        self.add_button.clicked.connect(self.add)
        self.viewer.cancel_wanted.connect(self.cancel)
        self.viewer.play_wanted.connect(self._play)
        self.viewer.avatar_wanted.connect(self.use_face)
        self.viewer.export_wanted.connect(self._export)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(UNIT)
        buttons.addStretch(1)
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.make_button)
        column = QVBoxLayout()
        column.setContentsMargins(margins(0, 0, 2 * UNIT, 10 * UNIT))
        column.setSpacing(UNIT)
        for title, card in (
            (self.tr("Result"), self.viewer),
            (self.tr("Recipe"), self.form),
            (self.tr("Queue"), self.queue),
        ):
            heading = QLabel(title)
            heading.setObjectName("section")
            column.addWidget(heading)
            column.addWidget(card)
            if card is self.form:
                column.addLayout(buttons)
            column.addSpacing(UNIT)
        column.addStretch(1)
        self.head.addStretch(1)
        self.area = scrolled(column, self.tr("Studio"))
        self.body.addWidget(self.area, 1)
        self._enable()
