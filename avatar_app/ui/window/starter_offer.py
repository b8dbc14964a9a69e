"""Offers the starter set once, installs it, and reports the outcome."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.models.errors import AGAIN
from avatar_app.performance.starter import StarterItem
from avatar_app.session.remedies import RemedyKind, remedy_of
from avatar_app.session.starter import Offer, PartState, Starter, StarterOutcome, StarterProgress
from avatar_app.ui.language.formats import duration_text, rate_text, size_text
from avatar_app.ui.language.texts import keep_translated, translated
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work
from avatar_app.ui.window.parts import WindowParts
from avatar_app.ui.window.starter_words import StarterWords

READ_MS = 9_000
"""How long the success message stays."""


class StarterOffer(QObject):
    """Downloads in a thread of its own, which does not block the window's other work."""

    def __init__(self, parts: WindowParts, bridge: Bridge, starter: Starter) -> None:
        super().__init__(parts.starter_card)
        self.card = card = parts.starter_card
        self._bridge, self._starter = bridge, starter
        self._words = StarterWords(self)
        self._work = Work(bridge, self._tell)
        self._job: Job[StarterOutcome] | None = None
        self._items: tuple[StarterItem, ...] = ()
        self._farewell = QTimer(self)
        self._farewell.setSingleShot(True)
        self._farewell.setInterval(READ_MS)
        self._farewell.timeout.connect(card.hide)
        parts.popover.starter_wanted.connect(self.show_again)
        card.get_button.clicked.connect(self.get)
        card.later_button.clicked.connect(self.postpone)
        card.copy_button.clicked.connect(self._copy)
        card.cancel_button.clicked.connect(self.cancel)
        card.undo_button.clicked.connect(self.undo)
        keep_translated(card, self._offer_again)

    def offer(self) -> None:
        """Show the card, if it is time and parts are missing."""
        if self._starter.offer() is not Offer.NO:
            self._work.run(self._starter.items).then(self._show)

    def show_again(self) -> None:
        """Show the card at the user's request."""
        if self._job is None:
            self._work.run(self._starter.items).then(self._show_or_say_why_not)

    def get(self) -> None:
        """Download the checked parts."""
        wanted = tuple(item for item in self._picked() if not item.missing_packages)
        if self._job is not None or not wanted:
            self._tell_missing()
            return
        self._job = job = Job("", lambda job: self._starter.get(wanted, job, self._watch))
        card = self.card
        card.show_fraction(0.0)
        looking = self.tr("Looking for download sources.")
        card.show_page(self._getting({}), looking, [card.cancel_button], working=True)
        card.cancel_button.setEnabled(True)
        self._work.run(lambda: _result(job)).then(self._ended).failed(self._failed)

    def cancel(self) -> None:
        """Stop; downloaded parts stay."""
        if self._job is not None:
            self._job.cancel()
            self.card.cancel_button.setEnabled(False)

    def postpone(self) -> None:
        """Postpone the offer."""
        self.card.hide()
        self._work.run(self._starter.postpone)

    def undo(self) -> None:
        """Use what was used before; downloaded parts stay."""
        self.card.hide()
        self._work.run(self._starter.undo)

    def close(self) -> None:
        """Called when the window closes."""
        self.cancel()
        self._work.close()

    def _offer_again(self) -> None:
        """In another language, while nothing is downloaded."""
        if self.card.isVisible() and self._job is None and self._items:
            self._show(self._items)

    def _show_or_say_why_not(self, items: tuple[StarterItem, ...]) -> None:
        self._show(items)
        if not items:
            message = self.tr(
                "Nothing is missing: you have chosen speech recognition, voice and language model."
            )
            step = self.tr("There are more on the page of models.")
            self.card.show_page(message, step, [self.card.models_button, self.card.close_button])

    def _show(self, items: tuple[StarterItem, ...]) -> None:
        """Offer the parts."""
        if self._job is not None:
            return
        self._items = items
        if not items:
            self.card.hide()
            return
        card = self.card
        card.show_picks([self._words.row(item) for item in items])
        for row in card.rows:
            row.toggled.connect(self._show_size)
        last = self._starter.offer() is Offer.LAST
        card.later_button.setText(self.tr("No, thanks") if last else self.tr("Later"))
        again = self.tr("Do not ask again. The offer stays in the menu for devices and appearance")
        card.later_button.setToolTip(again if last else self.tr("Ask once more, in a week"))
        card.show_page("", "", [card.get_button, card.later_button, card.choose_button])
        self._show_size()

    def _show_size(self) -> None:
        picked = self._picked()
        size = sum(item.bytes_lacking for item in picked)
        if size:
            step = self.tr("Get {}: {}. It runs on this computer.").format(
                self._words.named(picked or self._items), self._words.weight(size)
            )
            step = f"{step} {self._words.licenses(picked)}"
        else:
            step = self.tr("Use {}: installed on this computer already.").format(
                self._words.named(self._items)
            )
        if not picked:
            step = self.tr("Select what you want.")
        self.card.get_button.setEnabled(bool(picked))
        self.card.get_button.setText(self.tr("Get") if size or not picked else self.tr("Use"))
        self.card.tell(self._words.lack(self._items), step)

    def _picked(self) -> tuple[StarterItem, ...]:
        ticked = zip(self._items, self.card.rows, strict=True)
        return tuple(item for item, row in ticked if row.isChecked())

    def _watch(self, progress: StarterProgress) -> None:
        """Report progress from another thread."""
        self._bridge.post(lambda: self._progressed(progress))

    def _progressed(self, progress: StarterProgress) -> None:
        if self._job is None:
            return
        now = progress.download
        steps = [f"{size_text(now.done)} / {size_text(now.total)}"] if now.total else []
        if now.rate:
            steps.append(rate_text(now.rate))
        if left := now.seconds_left:
            steps.append(self.tr("{} left").format(duration_text(left)))
        ready = [kind for kind, state in progress.parts.items() if state is PartState.AT_WORK]
        if ready:
            steps.append(self.tr("ready: {}").format(self._words.listed(ready)))
        self.card.show_fraction(now.fraction)
        self.card.tell(self._getting(progress.parts), "  ·  ".join(steps) or " ")

    def _getting(self, parts: Mapping[Kind, PartState]) -> str:
        loading = [kind for kind, state in parts.items() if state is PartState.LOADING]
        if loading and PartState.COMING not in parts.values():
            return self.tr("Getting ready: {}").format(self._words.listed(loading))
        return self.tr("Downloading. We can keep talking.")

    def _ended(self, outcome: StarterOutcome | None) -> None:
        """Show the outcome; None: cancelled."""
        self._job = None
        card = self.card
        if outcome is None:
            self._work.run(self._starter.items).then(self._show)
        elif outcome.failures:
            item, error = outcome.failures[0]
            self._failed(AvatarError(f"{item.title}: {error.message}", error.hint))
        elif any(item.missing_packages for item in self._picked()):
            self._tell_missing()
        else:
            message = self.tr("Done: I have {} now.").format(self._words.named(outcome.at_work))
            step = self.tr("You can change it at any time on the page of models.")
            card.show_page(message, step, [card.undo_button, card.models_button])
            self._farewell.start()

    def _failed(self, error: AvatarError) -> None:
        """Show an error: one sentence, and what to do."""
        self._job = None
        card = self.card
        again = self.tr("Try again: it resumes where it stopped.")
        card.get_button.setText(self.tr("Try again"))
        hint = error.hint.replace(AGAIN, again) or again
        card.show_page(
            translated(error.message), translated(hint), [card.get_button, card.close_button]
        )

    def _tell(self, error: AvatarError) -> None:
        """Show an error outside of downloading."""
        message, hint = translated(error.message), translated(error.hint)
        self.card.show_page(message, hint, [self.card.close_button])

    def _tell_missing(self) -> None:
        lame = next((item for item in self._picked() if item.missing_packages), None)
        if lame is None:
            return
        card = self.card
        missing = ", ".join(lame.missing_packages)
        message = self.tr("{} needs {}, which is not installed.").format(lame.title, missing)
        remedy = remedy_of(AvatarError, lame.install_command)
        if remedy is not None and remedy.kind is RemedyKind.INSTALL:
            step = self.tr("It can be installed on the page of models.")
            buttons = [card.models_button, card.close_button]
            card.show_page(message, step, buttons, wanted=lame.title)
            return
        step = self.tr("Type this in a terminal, then start the program again:")
        buttons = [card.copy_button, card.close_button]
        card.show_page(message, step, buttons, command=lame.install_command)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.card.command.text())


def _result(job: Job[StarterOutcome]) -> StarterOutcome | None:
    try:
        return job.run()
    except JobCancelled:
        return None
