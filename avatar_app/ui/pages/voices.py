"""The page of the voices: all that are installed, heard at once, used with undo, and tuned."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.settings.store import SettingsChange
from avatar_app.ui.pages.cloned_voices import ClonedVoices
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.pages.scrolling import ScrollingColumn, Section, mark_first, sentence
from avatar_app.ui.pages.voice_filter import VoiceFilter
from avatar_app.ui.pages.voice_manner import VoiceManner
from avatar_app.ui.pages.voice_row import VoiceRow
from avatar_app.ui.widgets.notices import Action, Notice


class VoicesPage(PageView):
    """One voice is heard at a time; whatever is pressed next stops it."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Voice"))
        self._store, self._gallery = context.session.settings, context.session.voices
        self._running = RunningJob(context.post, self._failed)
        self._shown: VoiceList | None = None
        self._heard: InstalledVoice | None = None
        self._current: InstalledVoice | None = None
        self._sections: list[tuple[Section, list[VoiceRow]]] = []
        self.filters = VoiceFilter(context.theme)
        self.list = ScrollingColumn(self.tr("Voices"))
        self.manner = VoiceManner(context)
        self.nothing = sentence(self.tr("No voice matches. Try fewer words."))
        self.cloned = ClonedVoices(context, self._press)
        self._lay_out()
        self._connect()
        self._unfollow: Callable[[], None] = lambda: None

    @property
    def rows(self) -> list[VoiceRow]:
        """Of all voices, shown or not."""
        return [row for _, rows in self._sections for row in rows]

    def enter(self) -> None:
        self._unfollow = self._store.subscribe(
            lambda change: self.context.post(lambda: self._settings_changed(change))
        )
        self.manner.fill()
        self.context.work.run(self._gallery.voices).then(self._show)
        self._ask_current()

    def leave(self) -> None:
        self._unfollow()
        self._silence()
        self._running.run(self._gallery.rest)

    def escape(self) -> bool:
        """Be silent first, then leave the words of a search."""
        if self._running.busy:
            self._silence()
            return True
        return self.filters.search_field.leave()

    def focus_first(self) -> None:
        self.filters.search_field.setFocus()

    def stop(self) -> None:
        self._unfollow()
        self._running.close()

    def hear(self, voice: InstalledVoice) -> None:
        """Say a sentence in a voice; a second time, stop it."""
        if self._heard == voice:
            self._silence()
            return
        text = self.tr("Hello! This is how I sound when we talk.")
        self._press(voice, lambda job: self._gallery.hear(job, voice, text))

    def use(self, voice: InstalledVoice) -> None:
        """Let it speak in the conversation from now on."""
        task = self.context.work.run(lambda: self._store.change(voice.settings))
        task.then(partial(self._tell, voice)).failed(self.toast.tell_error)

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

    def _failed(self, error: AvatarError) -> None:
        self._ended()
        self.toast.tell_error(error)

    def _tell(self, voice: InstalledVoice, change: SettingsChange) -> None:
        if change.names:
            undo = Action(self.tr("Undo"), self._undo)
            self.toast.dismiss_all()
            title = next((row.title for row in self.rows if row.voice == voice), voice.name)
            message = self.tr("Voice: {}").format(title)
            hint = self.tr("It speaks as soon as its engine has loaded.")
            self.toast.tell(Notice(message, hint, action=undo))

    def _undo(self) -> None:
        self.context.work.run(self._store.undo)

    def _settings_changed(self, change: SettingsChange) -> None:
        if change.touches("tts"):
            self.manner.fill()
            self._ask_current()

    def _ask_current(self) -> None:
        self.context.work.run(self._gallery.current).then(self._show_current)

    def _show_current(self, voice: InstalledVoice | None) -> None:
        self._current = voice
        for row in self.rows:
            row.show_current(current=row.voice == voice)

    def _tuned(self) -> None:
        """A slider has rested on another value: hear it."""
        text = self.tr("This is how I sound now.")
        self._press(None, lambda job: self._gallery.hear(job, None, text))

    def _mark_heard(self) -> None:
        for row in self.rows:
            row.show_heard(heard=self._heard is not None and row.voice == self._heard)

    def _show(self, found: VoiceList) -> None:
        """Make the rows; they stay while the same voices are installed."""
        if found == self._shown:
            return
        self._shown = found
        for section, _ in self._sections:
            section.hide()
            section.deleteLater()
        engines: dict[str, list[VoiceRow]] = {}
        for voice in found.voices:
            if not voice.cloned:
                engines.setdefault(voice.engine_title, []).append(self._row(voice))
        self._sections = [(self._section(title, rows), rows) for title, rows in engines.items()]
        self.filters.show_languages(found)
        self.cloned.show_list(found)
        self._show_current(self._current)
        self._filter()

    def _row(self, voice: InstalledVoice) -> VoiceRow:
        row = VoiceRow(voice, self.context.theme)
        row.hear_wanted.connect(self.hear)
        row.use_wanted.connect(self.use)
        return row

    def _section(self, title: str, rows: list[VoiceRow]) -> Section:
        section = Section(title)
        for row in rows:
            section.rows.addWidget(row)
        column = self.list.column
        column.insertWidget(column.indexOf(self.nothing), section)
        return section

    def _filter(self) -> None:
        any_shown = False
        for section, rows in self._sections:
            shown = [row for row in rows if self.filters.matches(row)]
            for row in rows:
                row.setVisible(row in shown)
                mark_first(row, first=bool(shown) and row is shown[0])
            section.setVisible(bool(shown))
            any_shown = any_shown or bool(shown)
        self.nothing.setVisible(not any_shown and self._shown is not None)

    def _lay_out(self) -> None:
        self.head.addWidget(self.filters, 1)
        self.nothing.hide()
        for part in (self.manner, self.nothing, self.cloned):
            self.list.add(part)
        self.body.addWidget(self.list, 1)

    def _connect(self) -> None:
        self.filters.changed.connect(self._filter)
        self.manner.tuned.connect(self._tuned)
        self.manner.problem.connect(self.toast.tell_error)
        self.cloned.changed.connect(
            lambda: self.context.work.run(self._gallery.voices).then(self._show)
        )
        self.cloned.notice.connect(self.toast.tell)
