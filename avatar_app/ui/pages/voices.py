"""The page of the voices: all that are installed, heard at once, used with undo, tuned, cloned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.ui.pages.cloned_voices import ClonedVoices
from avatar_app.ui.pages.cloning.clone_view import CloneView, sound_in
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.pages.scrolling import ScrollingColumn
from avatar_app.ui.pages.voice_blender import VoiceBlender
from avatar_app.ui.pages.voice_choice import VoiceChoice
from avatar_app.ui.pages.voice_filter import VoiceFilter
from avatar_app.ui.pages.voice_manner import VoiceManner
from avatar_app.ui.pages.voice_row import VoiceRow
from avatar_app.ui.pages.voice_sections import VoiceSections
from avatar_app.ui.pages.voice_title import voice_title
from avatar_app.ui.widgets.buttons import small_button
from avatar_app.ui.widgets.notices import Notice


class VoicesPage(PageView):
    """One voice is heard at a time; whatever is pressed next stops it."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Voice"))
        self._gallery = context.session.voices
        self._running = RunningJob(context.post, self._failed)
        self._heard: InstalledVoice | None = None
        self.choice = VoiceChoice(context)
        self.filters = VoiceFilter(context.theme)
        self.list = ScrollingColumn(self.tr("Voices"))
        self.sections = VoiceSections(context.theme, self.filters)
        self.manner = VoiceManner(context)
        self.blender = VoiceBlender(context)
        self.cloned = ClonedVoices(context, self._press)
        self.cloning = CloneView(context, self._running)
        self.clone_button = small_button(
            self.tr("Clone a voice"), self.tr("Record a voice, or choose a recording"), primary=True
        )
        self.back_button = small_button(
            self.tr("All voices"), self.tr("Back to the list of voices  (Esc)")
        )
        self._stack = QStackedWidget()
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()

    @property
    def rows(self) -> list[VoiceRow]:
        """Of all voices, shown or not; some may still be missing."""
        return self.sections.rows

    @property
    def is_cloning(self) -> bool:
        """Whether the steps of a clone are shown in place of the list."""
        return self._stack.currentWidget() is self.cloning

    @property
    def is_filled(self) -> bool:
        return super().is_filled and self.sections.slices.is_done

    def enter(self) -> None:
        self.choice.follow()
        self._look()

    def leave(self) -> None:
        self.choice.leave()
        self._silence()
        self.end_cloning()
        self._running.run(self._gallery.rest)

    def escape(self) -> bool:
        """Be silent first, then leave the steps of a clone, or the words of a search."""
        if self.is_cloning:
            if not self.cloning.escape():
                self.end_cloning()
            return True
        if self._running.busy:
            self._silence()
            return True
        return self.filters.search_field.leave()

    def focus_first(self) -> None:
        self.filters.search_field.setFocus()

    def stop(self) -> None:
        self.choice.leave()
        self._running.close()

    def hear(self, voice: InstalledVoice) -> None:
        """Say a sentence in a voice; a second time, stop it."""
        if self._heard == voice:
            self._silence()
        else:
            self._say(voice)

    def _say(self, voice: InstalledVoice) -> None:
        text = self.tr("Hello! This is how I sound when we talk.")
        self._press(voice, lambda job: self._gallery.hear(job, voice, text))

    def use(self, voice: InstalledVoice) -> None:
        """Let it speak in the conversation from now on."""
        self.choice.use(voice, self.blender.title_of(voice) or voice_title(voice.name))

    def clone(self) -> None:
        """Show the steps of a clone in place of the list."""
        self._silence()
        self._show(self.cloning, self.tr("Clone a voice"))
        self.cloning.begin()

    def end_cloning(self) -> None:
        """Return to the list; what was recorded and not made a voice is deleted."""
        if self.is_cloning:
            self.cloning.leave()
            self._show(self.list, self.tr("Voice"))
            self.clone_button.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if sound_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if (source := sound_in(event.mimeData())) is not None:
            event.acceptProposedAction()
            self.clone()
            self.cloning.reference.take(source)

    def _show(self, part: QWidget, heading: str) -> None:
        self._stack.setCurrentWidget(part)
        self.heading.setText(heading)
        self.filters.setVisible(part is self.list)
        self.clone_button.setVisible(part is self.list)
        self.back_button.setVisible(part is self.cloning)

    def _look(self, then: Callable[[VoiceList], None] = lambda _: None) -> None:
        """Ask which voices there are."""

        def show(found: VoiceList) -> None:
            self.show_data()
            self.cloned.show_list(found)
            if self.sections.show_list(found):
                self.blender.show_list(found)
                self.choice.ask()
            then(found)

        self.context.work.run(self._gallery.voices).then(show).failed(self._failed)

    def _made(self, name: str) -> None:
        self._look(lambda found: self.cloning.compare.show_made(name, found))

    def _press(self, voice: InstalledVoice | None, work: Callable[[Job[Any]], None]) -> None:
        """Something else is to be heard from now on."""
        self._silence()
        self._heard = voice
        self._mark_heard()
        self._running.start(Job(self.tr("Speaking"), work), lambda _nothing: self._ended())

    def _silence(self) -> None:
        self._running.cancel()
        self._ended()

    def _ended(self) -> None:
        self._heard = None
        self._mark_heard()

    def _mark_heard(self) -> None:
        self.sections.mark_heard(self._heard)
        self.blender.mark_heard(self._heard)

    def _failed(self, error: AvatarError) -> None:
        self.show_data()
        self._ended()
        self.toast.tell_error(error)

    def _used(self, notice: Notice) -> None:
        self.toast.dismiss_all()
        self.toast.tell(notice)

    def _tuned(self) -> None:
        """A slider has rested on another value: hear it."""
        text = self.tr("This is how I sound now.")
        self._press(None, lambda job: self._gallery.hear(job, None, text))

    def _lay_out(self) -> None:
        self.head.addStretch()
        self.head.addWidget(self.clone_button)
        self.head.addWidget(self.back_button)
        self.body.addWidget(self.filters)
        for part in (self.manner, self.sections, self.blender, self.cloned):
            self.list.add(part)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.cloning)
        self.body.addWidget(self._stack, 1)
        self.await_data(self._stack)
        self._show(self.list, self.tr("Voice"))

    def _connect(self) -> None:
        self.sections.hear_wanted.connect(self.hear)
        self.sections.use_wanted.connect(self.use)
        self.sections.starred.connect(lambda row, on: self.choice.star(row.key, starred=on))
        self.choice.tts_changed.connect(self.manner.fill)
        self.choice.current_changed.connect(self.sections.mark_current)
        self.choice.current_changed.connect(self.cloned.mark_current)
        self.choice.blend_changed.connect(self.blender.show_current)
        self.choice.favorites_changed.connect(self.sections.mark_favorites)
        self.choice.used.connect(self._used)
        self.choice.problem.connect(self.toast.tell_error)
        self.blender.rested.connect(self._say)
        self.blender.hear_wanted.connect(self.hear)
        self.blender.use_wanted.connect(self.use)
        self.sections.walked.connect(self.list.ensureWidgetVisible)
        self.manner.tuned.connect(self._tuned)
        self.manner.problem.connect(self.toast.tell_error)
        self.cloned.changed.connect(self._look)
        self.cloned.notice.connect(self.toast.tell)
        self.cloned.use_wanted.connect(self.use)
        self.clone_button.clicked.connect(self.clone)
        self.cloning.made.connect(self._made)
        self.cloning.compare.use_wanted.connect(self.use)
        self.back_button.clicked.connect(self.end_cloning)
