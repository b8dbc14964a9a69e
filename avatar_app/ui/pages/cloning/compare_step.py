"""The third step of a clone: hear it beside its recording, see how alike they are, and use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.session.voice_gallery import InstalledVoice, VoiceList
from avatar_app.ui.pages.check_card import CheckCard
from avatar_app.ui.pages.check_words import CheckFinding
from avatar_app.ui.pages.cloning.clone_words import CloneWords
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.page_ids import MODELS
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.voices.likeness import SAME_PERSON, Likeness


class CompareStep(CheckCard):
    """Waits for a voice."""

    use_wanted = Signal(object)
    """An InstalledVoice is to speak from now on."""

    def __init__(self, context: PageContext, running: RunningJob) -> None:
        super().__init__(
            context.theme,
            self.tr("3  The voice"),
            self.tr("Hear the recording and the new voice one after the other."),
        )
        self._context, self._running = context, running
        self._gallery = context.session.voices
        self._name = ""
        self._voice: InstalledVoice | None = None
        self.use_button = self.add_button(self.tr("Use it"), primary=True)
        self.recording_button = self.add_button(self.tr("Hear the recording"))
        self.voice_button = self.add_button(self.tr("Hear the voice"))
        self.models_button = self.add_button(self.tr("Show the models"), primary=True)
        self.cancel_button = self.add_button(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self.stop)
        self.recording_button.clicked.connect(self.hear_recording)
        self.voice_button.clicked.connect(self.hear_voice)
        self.use_button.clicked.connect(self.use)
        self.models_button.clicked.connect(lambda: context.show_page(MODELS))
        self.wait()

    def wait(self) -> None:
        """No voice was made yet."""
        self._name, self._voice = "", None
        self.show_ready()
        self._show_buttons()

    def show_made(self, name: str, found: VoiceList) -> None:
        """Show a new voice; compare it if an engine can speak with it."""
        self._name = name
        self._voice = next((v for v in found.voices if v.cloned and v.name == name), None)
        if self._voice is None:
            self.show_finding(
                CheckFinding(
                    good=True,
                    sentence=self.tr("The voice {} was created and saved.").format(name),
                    hint=CloneWords(self).unable(found),
                )
            )
            self._show_buttons()
        else:
            self._compare(self._voice)

    def _compare(self, voice: InstalledVoice) -> None:
        self.show_running(self.tr("The voice {} speaks, to be compared …").format(voice.name))
        self.meter.hide()
        self._show_buttons(comparing=True)
        self._start(lambda job: self._gallery.likeness(job, voice), self._show_likeness)

    def stop(self) -> None:
        """Do not wait until the voices are compared."""
        self._running.cancel()
        self.show_finding(
            CheckFinding(good=True, sentence=self.tr("The voice {} is made.").format(self._name))
        )
        self._show_buttons()

    @property
    def busy(self) -> bool:
        """Whether the voices are compared."""
        return self.cancel_button.isVisibleTo(self)

    def hear_recording(self) -> None:
        """Play what the voice was made of."""
        name = self._name
        self._start(lambda job: self._gallery.hear_reference(job, name))

    def hear_voice(self) -> None:
        """Say a sentence in the new voice."""
        voice, text = self._voice, self.tr("Hello! This is how I sound when we talk.")
        self._start(lambda job: self._gallery.hear(job, voice, text))

    def use(self) -> None:
        """Let it speak in the conversation."""
        if self._voice is not None:
            self.use_wanted.emit(self._voice)

    def _start(
        self, work: Callable[[Job[Any]], Any], then: Callable[[Any], None] = lambda _: None
    ) -> None:
        self._running.start(Job(self.tr("The voice"), work), then, self._failed)

    def _show_likeness(self, likeness: Likeness) -> None:
        percent, least = round(100 * likeness.share), round(100 * SAME_PERSON)
        alike = self.tr("alike; two recordings of one person: {} % and more").format(least)
        sentence = (
            self.tr("The voice {} sounds like its recording.")
            if likeness.is_same_person
            else self.tr("The voice {} sounds like another person.")
        )
        hint = "" if likeness.is_same_person else self.tr("A longer, quieter recording may help.")
        figures = ((self.tr("{} %").format(percent), alike),)
        good = likeness.is_same_person
        self.show_finding(CheckFinding(good, sentence.format(self._name), hint, figures))
        self._show_buttons()

    def _failed(self, error: AvatarError) -> None:
        self.show_finding(CheckFinding(good=False, sentence=error.message, hint=error.hint))
        self._show_buttons()

    def _show_buttons(self, *, comparing: bool = False) -> None:
        self.setEnabled(bool(self._name))
        if comparing:
            self.show_buttons(self.cancel_button)
        elif self._voice is not None:
            self.show_buttons(self.use_button, self.recording_button, self.voice_button)
        elif self._name:
            self.show_buttons(self.recording_button, self.models_button)
        else:
            self.show_buttons()
