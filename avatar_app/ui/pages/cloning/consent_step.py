"""The second step of a clone: its speaker reads a fresh sentence aloud, which is the consent."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Progress
from avatar_app.session.voice_cloning import ExaminedReference
from avatar_app.ui.pages.check_card import CheckCard
from avatar_app.ui.pages.check_words import CheckFinding
from avatar_app.ui.pages.cloning.clone_words import CloneWords
from avatar_app.ui.pages.cloning.read_sentence import ReadSentence
from avatar_app.ui.pages.editors import LineEdit
from avatar_app.ui.pages.page import PageContext
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.voices.consent import ConsentRefused, ConsentRequest, Refusal
from avatar_app.voices.library import ClonedVoice
from avatar_app.voices.live_recording import ReadingSoFar
from avatar_app.voices.recording import LISTENING


class ConsentStep(CheckCard):
    """Waits for a recording; then draws a sentence, hears it, and makes the voice."""

    made = Signal(str)
    """Name of the new voice."""

    def __init__(self, context: PageContext, running: RunningJob) -> None:
        super().__init__(
            context.theme,
            self.tr("2  The consent"),
            self.tr(
                "The person in the recording reads a sentence aloud that is drawn now. I check the "
                "words and the voice; without both there is no clone."
            ),
        )
        self._context, self._running = context, running
        self._cloner, self._words = context.session.cloner, CloneWords(self)
        self._reference: ExaminedReference | None = None
        self._asked: ConsentRequest | None = None
        self.name_field = LineEdit()
        self.name_field.setPlaceholderText(self.tr("Name of the voice"))
        self.name_field.setAccessibleName(self.tr("Name of the voice"))
        self.name_field.setToolTip(self.tr("By this name you will find it in the list"))
        self.name_field.setMaxLength(40)
        self.sentence_shown = ReadSentence(context.theme)
        column = cast("QVBoxLayout", self.layout())
        column.insertWidget(1, self.sentence_shown)
        column.insertWidget(column.indexOf(self.meter), self.name_field)
        self.draw_button = self.add_button(self.tr("Show the sentence"), primary=True)
        self.read_button = self.add_button(self.tr("Read it aloud"), primary=True)
        self.cancel_button = self.add_button(self.tr("Cancel"))
        self.draw_button.clicked.connect(self.draw)
        self.name_field.returnPressed.connect(self.draw)
        self.read_button.clicked.connect(self.read)
        self.cancel_button.clicked.connect(self.stop)
        self.wait_for(None)

    def wait_for(self, reference: ExaminedReference | None) -> None:
        """Begin with this recording; without one nothing can be done here."""
        self._reference, self._asked = reference, None
        self.sentence_shown.show_sentence("")
        self.show_ready()
        self._show_buttons(busy=False)

    def draw(self) -> None:
        """Draw the sentence for the name in the field."""
        if self._reference is None or self._asked is not None:
            return
        name = self.name_field.text()
        task = self._context.work.run(lambda: self._cloner.ask(name))
        task.then(self._show_asked).failed(self._refuse)

    def read(self) -> None:
        """Listen to the sentence, and make the voice if it is a consent."""
        reference, asked = self._reference, self._asked
        if reference is None or asked is None:
            return
        self.sentence_shown.show_heard(frozenset())
        self.show_running(self.tr("Getting ready …"))
        self.meter.hide()
        self._show_buttons(busy=True)
        job = self._cloner.cloning(asked, reference.path, self._watch)
        job.when_progressed(self._progressed)
        self._running.start(job, self._show_made, self._refuse)

    def stop(self) -> None:
        """Stop listening; the sentence can still be read."""
        self._running.cancel()
        self.show_ready()
        self._show_buttons(busy=False)

    @property
    def busy(self) -> bool:
        """Whether it listens or computes."""
        return self.cancel_button.isVisibleTo(self)

    def _watch(self, now: ReadingSoFar) -> None:
        """In another thread."""
        self._context.post(lambda: self._show_live(now))

    def _progressed(self, progress: Progress) -> None:
        """In another thread."""
        self._context.post(lambda: self._show_stage(progress.fraction))

    def _show_live(self, now: ReadingSoFar) -> None:
        if self.busy:
            self.show_level(now.level)
            self.sentence_shown.show_heard(now.words)

    def _show_stage(self, fraction: float) -> None:
        if not self.busy:
            return
        if fraction == LISTENING:
            self.show_running(self.tr("Read the sentence aloud now, then be quiet …"))
        elif fraction > LISTENING:
            self.show_running(self.tr("Checking who has read what …"))
            self.meter.hide()

    def _show_asked(self, asked: ConsentRequest) -> None:
        self._asked = asked
        self.name_field.setText(asked.name)
        self.sentence_shown.show_sentence(asked.sentence.text)
        self.show_ready()
        self._show_buttons(busy=False)
        self.read_button.setFocus()

    def _show_made(self, voice: ClonedVoice) -> None:
        self.wait_for(None)
        self.name_field.clear()
        sentence = self.tr("Read and understood, in the voice of the recording.")
        self.show_finding(CheckFinding(good=True, sentence=sentence))
        self.show_buttons()
        self.made.emit(voice.name)

    def _refuse(self, error: AvatarError) -> None:
        if isinstance(error, ConsentRefused) and error.reason is Refusal.EXPIRED:
            self._asked = None
            self.sentence_shown.show_sentence("")
        self.show_finding(self._words.refused(error))
        self._show_buttons(busy=False)

    def _show_buttons(self, *, busy: bool) -> None:
        ready, asked = self._reference is not None, self._asked is not None
        self.setEnabled(ready)
        self.name_field.setVisible(ready and not asked)
        following = self.read_button if asked else self.draw_button
        self.show_buttons(self.cancel_button if busy else following)
