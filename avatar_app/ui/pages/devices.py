"""The page of the sound devices: choose them, and check microphone, loudspeaker and echo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job
from avatar_app.core.values import Samples
from avatar_app.session.checks.echo import EchoReport
from avatar_app.session.checks.microphone import MicrophoneReport
from avatar_app.ui.pages.check_card import CheckCard
from avatar_app.ui.pages.check_words import CheckFinding, CheckWords, failed_check
from avatar_app.ui.pages.device_choices import DeviceChoices
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.running_job import RunningJob
from avatar_app.ui.pages.scrolling import ScrollingColumn
from avatar_app.ui.pages.video_call_card import VideoCallCard


class DevicesPage(PageView):
    """Three cards, in the order in which a newcomer goes through them, and one for video calls."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context, self.tr("Devices"))
        self._session, self._words = context.session, CheckWords(self)
        self._running = RunningJob(context.post, self._failed)
        self._recorded: Samples | None = None
        self._card: CheckCard | None = None
        self._make_cards()
        self._lay_out()
        self._connect()

    def enter(self) -> None:
        self.choices.enter()

    def leave(self) -> None:
        self.choices.leave()
        self.stop_check()

    def escape(self) -> bool:
        """Stop a check first."""
        return self.stop_check()

    def focus_first(self) -> None:
        self.test_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def stop(self) -> None:
        self.choices.leave()
        self._running.close()

    def stop_check(self) -> bool:
        """End a check under way; False if there is none."""
        card, self._card = self._card, None
        if card is None:
            return False
        self._running.cancel()
        card.show_ready()
        self._show_buttons()
        return True

    def test_microphone(self) -> None:
        """Record what is said, and judge it."""
        self._begin(self.microphone, self.tr("Say something, for three seconds …"))
        job = self._job(lambda job: self._session.checks.microphone(job, self._watch))
        self._running.start(job, self._judged)

    def play_back(self) -> None:
        """Let the user hear what was recorded."""
        sound = self._recorded
        if sound is not None:
            self._begin(self.microphone, self.tr("This is what I heard …"), keep=True)
            self._running.start(
                self._job(lambda job: self._session.checks.play(job, sound)), self._played_back
            )

    def play_sound(self) -> None:
        """A short chime; then the user is asked."""
        self._begin(self.loudspeaker, self.tr("Listen …"))
        self._running.start(self._job(self._session.checks.chime), self._ask)

    def check_echo(self) -> None:
        """The avatar speaks, and what comes back is measured."""
        self._begin(self.echo, self.tr("I am speaking; please be quiet for five seconds …"))
        job = self._job(lambda job: self._session.checks.echo(job, self._watch))
        self._running.start(job, self._measured)

    def _job(self, work: Callable[[Job[Any]], Any]) -> Job[Any]:
        return Job(self.tr("Checking the devices"), work)

    def _begin(self, card: CheckCard, sentence: str, *, keep: bool = False) -> None:
        """One check at a time. `keep`: what was found stays."""
        self._card = card
        if not keep:
            card.show_running(sentence)
        self._show_buttons()

    def _watch(self, db: float, _fraction: float) -> None:
        """In another thread."""
        self.context.post(lambda: self._show_level(db))

    def _show_level(self, db: float) -> None:
        if self._card is not None:
            self._card.show_level(db)

    def _judged(self, report: MicrophoneReport) -> None:
        self._recorded = report.samples
        self._end(self.microphone, self._words.microphone(report))

    def _played_back(self, _nothing: object) -> None:
        self._card = None
        self._show_buttons()

    def _ask(self, _nothing: object) -> None:
        self._card = None
        self.loudspeaker.show_question(self.tr("Did you hear two notes?"))
        self._show_buttons(asking=True)
        self.yes_button.setFocus()

    def _answer(self, *, heard: bool) -> None:
        self.loudspeaker.show_finding(self._words.heard() if heard else self._words.unheard())
        self._show_buttons()
        following = self.echo_button if heard else self.choices.speaker.control
        following.setFocus()

    def _measured(self, report: EchoReport) -> None:
        self._end(self.echo, self._words.echo(report))

    def _end(self, card: CheckCard, finding: CheckFinding) -> None:
        self._card = None
        card.show_finding(finding)
        self._show_buttons()

    def _failed(self, error: AvatarError) -> None:
        card, self._card = self._card, None
        if card is not None:
            card.show_finding(failed_check(error))
        self._show_buttons()

    def _show_buttons(self, *, asking: bool = False) -> None:
        """While a check runs, its button stops it and the others wait."""
        running = self._card
        texts = {
            self.test_button: self.tr("Test the microphone"),
            self.sound_button: self.tr("Play a sound"),
            self.echo_button: self.tr("Check for echo"),
        }
        for button, text in texts.items():
            own = running is not None and button.parent() is running
            button.setText(self.tr("Stop") if own else text)
            button.setEnabled(running is None or own)
        self.back_button.setVisible(self._recorded is not None)
        self.back_button.setEnabled(running is None)
        self.yes_button.setVisible(asking)
        self.no_button.setVisible(asking)
        self.sound_button.setVisible(not asking)

    def _press(self, act: Callable[[], None]) -> None:
        """Begin a check, or stop the one under way."""
        if not self.stop_check():
            act()

    def _make_cards(self) -> None:
        theme = self.context.theme
        self.microphone = CheckCard(
            theme,
            self.tr("Microphone"),
            self.tr("Say something and hear it back. I tell you whether I can understand it."),
        )
        self.loudspeaker = CheckCard(
            theme, self.tr("Loudspeaker"), self.tr("I play two notes. Do you hear them?")
        )
        self.echo = CheckCard(
            theme,
            self.tr("Echo"),
            self.tr(
                "I speak for four seconds and measure how much of my voice comes back through the "
                "microphone, and how much of that is removed."
            ),
        )
        self.test_button = self.microphone.add_button("", primary=True)
        self.back_button = self.microphone.add_button(self.tr("Play it back"))
        self.sound_button = self.loudspeaker.add_button("", primary=True)
        self.yes_button = self.loudspeaker.add_button(self.tr("Yes"), primary=True)
        self.no_button = self.loudspeaker.add_button(self.tr("No"))
        self.echo_button = self.echo.add_button("", primary=True)
        self.choices = DeviceChoices(self.context, self.toast)
        self.microphone.head.addWidget(self.choices.microphone)
        self.loudspeaker.head.addWidget(self.choices.speaker)
        self.video_call = VideoCallCard(self.context, self.toast)
        self._name_buttons()
        self._show_buttons()

    def _name_buttons(self) -> None:
        names = {
            self.test_button: self.tr("Test the microphone"),
            self.sound_button: self.tr("Play a sound"),
            self.echo_button: self.tr("Check for echo"),
        }
        for button, name in names.items():
            button.setAccessibleName(name)
            button.setToolTip(name)

    def _lay_out(self) -> None:
        cards = ScrollingColumn(self.tr("Devices and their checks"))
        for card in (self.microphone, self.loudspeaker, self.echo, self.video_call):
            cards.add(card)
        self.body.addWidget(cards, 1)

    def _connect(self) -> None:
        acts: dict[QPushButton, Callable[[], None]] = {
            self.test_button: self.test_microphone,
            self.sound_button: self.play_sound,
            self.echo_button: self.check_echo,
        }
        for button, act in acts.items():
            button.clicked.connect(partial(self._press, act))
        self.back_button.clicked.connect(self.play_back)
        self.yes_button.clicked.connect(partial(self._answer, heard=True))
        self.no_button.clicked.connect(partial(self._answer, heard=False))
